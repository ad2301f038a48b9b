//! 6.8.2 渠道对比: one figure of several channels by day, week or month.

use serde::{Deserialize, Serialize};

use super::Range;
use super::channel_list::Figure;
use crate::{Day, Result, Snapshot, Unit};

/// The most channels in one report.
pub const MOST: usize = 20;

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
    /// The figure.
    #[serde(default)]
    pub figure: Figure,
    /// The channels; the ten with the highest figure over the range unless it is said.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
}

/// One figure of several channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelTrend {
    /// The figure.
    pub figure: Figure,
    /// The buckets' unit.
    pub unit: Unit,
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// The first days of the buckets.
    pub buckets: Vec<Day>,
    /// The channels.
    pub channels: Vec<Row>,
}

/// The figure of a channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The channel's name.
    pub channel: String,
    /// The figure of each bucket. Counts are never absent.
    pub values: Vec<Option<f64>>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range is not valid, the unit is the hour,
/// or there are too many channels.
pub fn channel_trend(snapshot: &Snapshot, params: &Params) -> Result<ChannelTrend> {
    let _ = (snapshot, params);
    Err(crate::Error::parameter("not written yet"))
}
