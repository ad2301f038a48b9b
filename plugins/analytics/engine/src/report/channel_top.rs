//! 6.4.1 TOP渠道: the ten strongest channels of a day by new, active and cumulative users, and the rest.

use serde::{Deserialize, Serialize};

use crate::{Day, Result, Snapshot};

/// How many channels are shown by themselves.
pub const SHOWN: usize = 10;

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The day; today unless it is said.
    #[serde(default)]
    pub date: Option<Day>,
}

/// The strongest channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Top {
    /// The day.
    pub date: Day,
    /// By 新增用户.
    pub new_users: Ranking,
    /// By 活跃用户.
    pub active_users: Ranking,
    /// By 累计用户.
    pub cumulative_users: Ranking,
}

/// Channels by one figure of the day, the highest first; equal ones by name. Those without any are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ranking {
    /// The first ten.
    pub channels: Vec<Share>,
    /// All others together; its name is empty.
    pub others: Share,
}

/// A channel's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// The channel's name; empty for users that came by none.
    pub channel: String,
    /// Its users on the day.
    pub users: u64,
    /// Their part of all.
    pub share: Option<f64>,
    /// Its users on the day before.
    pub users_before: u64,
    /// Their part of all.
    pub share_before: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the day has not begun.
pub fn top(snapshot: &Snapshot, params: &Params) -> Result<Top> {
    let _ = (snapshot, params);
    Err(crate::Error::parameter("not written yet"))
}
