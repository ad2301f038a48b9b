//! 6.8.2 渠道列表: the figures of each channel over a range of days.

use serde::{Deserialize, Serialize};

use super::Range;
use crate::{Day, Result, Snapshot};

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// By what the channels are sorted, the highest first; equal ones by name.
    #[serde(default)]
    pub sort: Figure,
    /// How many channels are shown by themselves: 10 unless it is said, at most 2,002.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Show these channels, in this order, instead of the first by `sort`.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
}

/// A figure of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Figure {
    /// 新用户.
    #[default]
    NewUsers,
    /// 活跃用户.
    ActiveUsers,
    /// 启动次数.
    Launches,
    /// 平均单次使用时长.
    SingleUseTime,
    /// 平均日使用时长.
    DailyUseTime,
    /// 新增用户次日留存率.
    NextDayRetention,
}

/// The channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelList {
    /// The days.
    #[serde(flatten)]
    pub range: Range,
    /// How many channels have users that were active in the range.
    pub count: usize,
    /// The channels that are shown.
    pub channels: Vec<Row>,
    /// All others together; its name is empty.
    pub others: Row,
}

/// The figures of a channel over the range.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The channel's name.
    pub channel: String,
    /// New users.
    pub new_users: u64,
    /// Active users, each once.
    pub active_users: u64,
    /// Launches.
    pub launches: u64,
    /// Time in front / launches, in milliseconds.
    pub single_use_time: Option<f64>,
    /// Time in front / daily active users, in milliseconds.
    pub daily_use_time: Option<f64>,
    /// Next-day retention of the new users.
    pub next_day_retention: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range or the limit is not valid.
pub fn channel_list(snapshot: &Snapshot, params: &Params) -> Result<ChannelList> {
    let _ = (snapshot, params);
    Err(crate::Error::parameter("not written yet"))
}
