//! 6.6.1 留存用户: how many of the new or active users of a day, week or month came back later.

use serde::{Deserialize, Serialize};

use super::Range;
use crate::{Day, Result, Snapshot, Unit};

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Days, weeks or months.
    #[serde(default)]
    pub unit: Unit,
    /// Whose retention.
    #[serde(default)]
    pub users: Users,
    /// Only users of this channel.
    #[serde(default)]
    pub channel: Option<String>,
}

/// Whose retention it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Users {
    /// 新用户留存.
    #[default]
    New,
    /// 活跃用户留存.
    Active,
}

/// After how many buckets is looked: days 1 to 7, 14 and 30; weeks and months 1 to 9.
pub fn periods(unit: Unit) -> &'static [u32] {
    let _ = unit;
    &[]
}

/// The retention.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// The buckets' unit.
    pub unit: Unit,
    /// Whose retention.
    pub users: Users,
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// After how many buckets was looked.
    pub periods: Vec<u32>,
    /// A row for each bucket that has begun.
    pub rows: Vec<Row>,
}

/// The retention of the users of one bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The bucket's first day.
    pub at: Day,
    /// Its users.
    pub users: u64,
    /// 留存数 for each of the periods: how many launched in that later bucket; absent until it has ended.
    pub retained: Vec<Option<u64>>,
    /// 留存率: `retained / users`.
    pub rates: Vec<Option<f64>>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range is not valid, or the unit is the hour.
pub fn retention(snapshot: &Snapshot, params: &Params) -> Result<Retention> {
    let _ = (snapshot, params);
    Err(crate::Error::parameter("not written yet"))
}
