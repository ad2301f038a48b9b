//! 6.7.2 使用频率: how the launches of users are distributed, in a day, week or month.

use serde::{Deserialize, Serialize};

use super::Range;
use crate::{Day, Result, Snapshot, Unit};

/// The lowest launches of each class but the first, which begins with 1: 1–2, 3–5, 6–9, 10–19,
/// 20–49, 50–99, 100 and more.
pub const BOUNDS: [u64; 6] = [3, 6, 10, 20, 50, 100];

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The day. It has to have ended.
    pub date: Day,
    /// Launches in what: the day itself, the whole week before the one of the day, or the whole
    /// month before that of the day.
    #[serde(default)]
    pub unit: Unit,
    /// Other days to show as well, at most 10.
    #[serde(default)]
    pub compare: Vec<Day>,
}

/// The distribution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frequency {
    /// Launches in what.
    pub unit: Unit,
    /// The distribution of what was asked for.
    #[serde(flatten)]
    pub day: Distribution,
    /// Those of the other days.
    pub comparisons: Vec<Distribution>,
}

/// The distribution of one period.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// The day that was asked for.
    pub date: Day,
    /// The days that are counted.
    #[serde(flatten)]
    pub range: Range,
    /// 平均启动次数: launches of the period / its active users.
    pub average: Option<f64>,
    /// The period's active users.
    pub users: u64,
    /// The classes, fewest launches first.
    pub classes: Vec<Class>,
}

/// A class of launches.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its fewest launches.
    pub from: u64,
    /// Its most launches; absent for the last class.
    pub to: Option<u64>,
    /// How many users there are.
    pub users: u64,
    /// 占比: of all users.
    pub share: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when a day has not ended, there are too many, or
/// the unit is the hour.
pub fn frequency(snapshot: &Snapshot, params: &Params) -> Result<Frequency> {
    let _ = (snapshot, params);
    Err(crate::Error::parameter("not written yet"))
}
