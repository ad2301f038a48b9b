//! 6.7.1 使用时长: how the time in front of a day is distributed, of launches or of users.

use serde::{Deserialize, Serialize};

use crate::{Day, Result, Snapshot};

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The day. It has to have ended.
    pub date: Day,
    /// The time of what.
    #[serde(default)]
    pub per: Per,
    /// Other days to show as well, at most 10.
    #[serde(default)]
    pub compare: Vec<Day>,
}

/// The time of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Per {
    /// 单次使用时长: of a launch.
    #[default]
    Launch,
    /// 日使用时长: of a user in the day.
    User,
}

/// The distribution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UseTime {
    /// The time of what.
    pub per: Per,
    /// The day's distribution.
    #[serde(flatten)]
    pub day: Distribution,
    /// Those of the other days.
    pub comparisons: Vec<Distribution>,
}

/// The distribution of one day.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// The day.
    pub date: Day,
    /// 平均使用时长 in milliseconds: of a launch, or of a user.
    pub average: Option<f64>,
    /// All launches, or all users.
    pub total: u64,
    /// The classes, shortest first.
    pub classes: Vec<Class>,
}

/// A class of times.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its shortest time, in milliseconds.
    pub from: u64,
    /// What its times are below; absent for the last class.
    pub below: Option<u64>,
    /// How many there are.
    pub count: u64,
    /// 占比: of all.
    pub share: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when a day has not ended, or there are too many.
pub fn use_time(snapshot: &Snapshot, params: &Params) -> Result<UseTime> {
    let _ = (snapshot, params);
    Err(crate::Error::parameter("not written yet"))
}
