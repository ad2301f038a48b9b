//! 6.8.1 时段详情: the new users of a day by hour, of several channels.

use serde::{Deserialize, Serialize};

use crate::{Day, Result, Snapshot};

/// The most channels in one report.
pub const MOST: usize = 100;

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The day.
    pub date: Day,
    /// The channels; the ten with the most new users of the day unless it is said.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
}

/// New users by channel and hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelDay {
    /// The day.
    pub date: Day,
    /// The new users of all channels, also of those that are not shown.
    pub total: u64,
    /// In the order they were asked in, or the most new users first, equal ones by name.
    pub channels: Vec<Row>,
}

/// The new users of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The channel's name.
    pub channel: String,
    /// Its new users of the day.
    pub new_users: u64,
    /// By local hour, 24 of them.
    pub hours: Vec<u64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the day has not begun or there are too many channels.
pub fn channel_day(snapshot: &Snapshot, params: &Params) -> Result<ChannelDay> {
    let _ = (snapshot, params);
    Err(crate::Error::parameter("not written yet"))
}
