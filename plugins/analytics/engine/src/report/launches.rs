//! 6.5.3 启动次数: launches by hour, day, week or month.

use serde::Serialize;

use super::audience::Audience;
use super::table::{self, Table, Tabular};
use super::{Range, rate, trend};
use crate::{Result, Snapshot, Unit};

/// What is asked: as for the trend.
pub type Params = trend::Params;

/// Launches.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Launches {
    /// The buckets' unit.
    pub unit: Unit,
    /// What was asked for.
    #[serde(flatten)]
    pub series: Series,
    /// The earlier days, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Series>,
}

/// Launches of some days.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// The launches of all buckets.
    pub total: u64,
    /// The buckets.
    pub buckets: Vec<Bucket>,
}

/// The launches of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Its first day, or its hour, as in the trend.
    pub at: String,
    /// Whether it has ended.
    pub complete: bool,
    /// 启动次数.
    pub launches: u64,
    /// 启动次数占比: of all buckets' launches.
    pub share: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range is not valid, or the unit is the hour
/// and there is a channel.
pub fn launches(snapshot: &Snapshot, params: &Params) -> Result<Launches> {
    let (range, compared) = params.ranges()?;
    let audience = Audience::of(snapshot, params.channel.as_deref());
    let series = |range| series_of(&audience, range, params.unit);
    Ok(Launches { unit: params.unit, series: series(range), comparison: compared.map(series) })
}

fn series_of(audience: &Audience<'_>, range: Range, unit: Unit) -> Series {
    let tallies = audience.tallies(&range, unit);
    let total = tallies.iter().map(|(_, tally)| tally.launches).sum();
    let buckets = tallies.into_iter().map(|(span, tally)| Bucket {
        at: span.label(),
        complete: span.complete,
        launches: tally.launches,
        share: rate(tally.launches, total),
    });
    Series { range, total, buckets: buckets.collect() }
}

impl Tabular for Launches {
    fn table(&self) -> Table {
        let periods = std::iter::once(&self.series).chain(&self.comparison).map(|series| (&series.range, series.buckets.as_slice()));
        table::of_buckets(self.unit, ["Launches", "Share"], periods, |bucket| {
            vec![bucket.at.as_str().into(), bucket.complete.into(), bucket.launches.into(), bucket.share.into()]
        })
    }
}
