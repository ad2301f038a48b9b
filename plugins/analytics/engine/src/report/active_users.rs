//! 6.5.2 活跃用户: active users, how they are composed, and how often they come back.

use serde::Serialize;

use super::audience::Audience;
use super::range::MOST_DAYS_BY_HOUR;
use super::table::{self, Table, Tabular};
use super::{Range, buckets, rate, trend};
use crate::{Result, Snapshot, Unit};

/// What is asked: as for the trend.
pub type Params = trend::Params;

/// Active users.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveUsers {
    /// The buckets' unit.
    pub unit: Unit,
    /// What was asked for.
    #[serde(flatten)]
    pub series: Series,
    /// The earlier days, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Series>,
}

/// Active users of some days.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// The users active on any day of the range, each once.
    pub total: u64,
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// 分时活跃用户: the mean of the active users of each of the 24 local hours, over the days of
    /// [`Series::range`] that have begun; only where that has at most 7 days of which one has begun,
    /// and empty otherwise. Hours of today that have not begun count as without users.
    pub by_hour: Vec<f64>,
}

/// The active users of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Its first day, or its hour, as in the trend.
    pub at: String,
    /// Whether it has ended.
    pub complete: bool,
    /// 活跃用户, each once.
    pub active_users: u64,
    /// 活跃用户占比: of the sum of all buckets' active users.
    pub share: Option<f64>,
    /// 活跃用户构成: those that are new.
    pub new_users: u64,
    /// 活跃用户构成: those that are not.
    pub returning_users: u64,
    /// 活跃粘度, by days only: the day's active users / those of the seven days that end with it.
    pub stickiness_7_days: Option<f64>,
    /// 活跃粘度, by days only: the day's active users / those of the thirty days that end with it.
    pub stickiness_30_days: Option<f64>,
    /// 用户周活跃率 by weeks, 用户月活跃率 by months: active users / cumulative users at the bucket's end.
    pub active_rate: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range is not valid, or the unit is the hour
/// and there is a channel.
pub fn active_users(snapshot: &Snapshot, params: &Params) -> Result<ActiveUsers> {
    let (range, compared) = params.ranges()?;
    let audience = Audience::of(snapshot, params.channel.as_deref());
    let series = |range| series_of(&audience, range, params.unit);
    Ok(ActiveUsers { unit: params.unit, series: series(range), comparison: compared.map(series) })
}

fn series_of(audience: &Audience<'_>, range: Range, unit: Unit) -> Series {
    let tallies = audience.tallies(&range, unit);
    let tallies: Vec<_> = tallies.into_iter().map(|(span, tally)| (span, tally.new, audience.active_in(&span, unit, &tally))).collect();
    let sum = tallies.iter().map(|(_, _, active)| active).sum();
    let mut buckets: Vec<_> = tallies
        .iter()
        .map(|(span, new, active)| Bucket {
            at: span.label(),
            complete: span.complete,
            active_users: *active,
            share: rate(*active, sum),
            new_users: *new,
            returning_users: active.saturating_sub(*new),
            stickiness_7_days: None,
            stickiness_30_days: None,
            active_rate: match unit {
                Unit::Hour | Unit::Day => None,
                Unit::Week | Unit::Month => rate(*active, audience.cumulative(span.to)),
            },
        })
        .collect();
    if unit == Unit::Day {
        let [weeks, months] = [7, 30].map(|window| audience.active_windows(range.from, range.to.min(audience.today()), window));
        for (bucket, (week, month)) in buckets.iter_mut().zip(weeks.into_iter().zip(months)) {
            bucket.stickiness_7_days = rate(bucket.active_users, week);
            bucket.stickiness_30_days = rate(bucket.active_users, month);
        }
    }
    Series { range, total: audience.active_between(range.from, range.to), buckets, by_hour: by_hour(audience, &range) }
}

fn by_hour(audience: &Audience<'_>, range: &Range) -> Vec<f64> {
    let days: Vec<_> = buckets::days_begun(range, audience.today()).collect();
    if days.is_empty() || range.days() > MOST_DAYS_BY_HOUR {
        return Vec::new();
    }
    let mut sums = [0; 24];
    for day in &days {
        for (sum, active) in sums.iter_mut().zip(audience.active_by_hour(*day)) {
            *sum += active;
        }
    }
    sums.map(|sum| sum as f64 / days.len() as f64).to_vec()
}

impl Tabular for ActiveUsers {
    fn table(&self) -> Table {
        let names = ["Active users", "Share", "New users", "Returning users", "Stickiness (7 days)", "Stickiness (30 days)", "Active rate"];
        let periods = std::iter::once(&self.series).chain(&self.comparison).map(|series| (&series.range, series.buckets.as_slice()));
        table::of_buckets(self.unit, names, periods, |bucket| {
            vec![
                bucket.at.as_str().into(),
                bucket.complete.into(),
                bucket.active_users.into(),
                bucket.share.into(),
                bucket.new_users.into(),
                bucket.returning_users.into(),
                bucket.stickiness_7_days.into(),
                bucket.stickiness_30_days.into(),
                bucket.active_rate.into(),
            ]
        })
    }
}
