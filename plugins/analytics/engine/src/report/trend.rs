//! 6.4.1 趋势变化与对比: the nine figures by hour, day, week or month, beside those of earlier days.

use serde::{Deserialize, Serialize};

use super::audience::{Audience, Tally};
use super::buckets::{self, Span};
use super::table::{self, Table, Tabular};
use super::{Comparison, Range, rate};
use crate::{Day, Error, Result, Snapshot, Unit};

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// The buckets; days unless it is said.
    #[serde(default)]
    pub unit: Unit,
    /// Only users of this channel; the empty text is those that came by none. Not by hours (6.5.1).
    #[serde(default)]
    pub channel: Option<String>,
    /// The earlier days to show as well.
    ///
    /// By hours and days: as many days, those of [`Range::earlier`]. By weeks and months: as many whole
    /// buckets as the range touches; of [`Comparison::Previous`] those just before them, of the others
    /// those that begin with the bucket of the first day of [`Range::earlier`].
    #[serde(default)]
    pub compare: Option<Comparison>,
}

/// The trend.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trend {
    /// The buckets' unit.
    pub unit: Unit,
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// The earlier days, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Series>,
}

/// The trend of other days.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// The buckets.
    pub buckets: Vec<Bucket>,
}

/// The nine figures of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Its first day (of a week its Sunday), or its hour: `2026-11-26`, `2026-11-26 08`.
    pub at: String,
    /// Whether it has ended.
    pub complete: bool,
    /// 新增用户.
    pub new_users: u64,
    /// 活跃用户, each once.
    pub active_users: u64,
    /// 启动次数.
    pub launches: u64,
    /// 累计用户, at the bucket's end.
    pub cumulative_users: u64,
    /// 平均日使用时长, in milliseconds: the bucket's time in front / the sum of its days' active users.
    /// By hours: time in front / active users of the hour.
    pub daily_use_time: Option<f64>,
    /// 平均日启动次数: the bucket's launches / the sum of its days' active users. By hours: launches /
    /// active users of the hour.
    pub daily_launches: Option<f64>,
    /// 活跃用户构成: active users that are not new in the bucket. The new ones are `newUsers`.
    pub returning_users: u64,
    /// 新增用户次日留存率, of those of its days whose next day has ended; absent by hours.
    pub next_day_retention: Option<f64>,
    /// 平均单次使用时长, in milliseconds.
    pub single_use_time: Option<f64>,
}

impl Params {
    /// The whole buckets that are asked for, and those that they are compared with.
    pub(super) fn ranges(&self) -> Result<(Range, Option<Range>)> {
        let asked = Range { from: self.from, to: self.to };
        asked.check(self.unit)?;
        if self.unit == Unit::Hour && self.channel.is_some() {
            return Err(Error::parameter("`channel` cannot be combined with the unit `hour`: choose days, weeks or months"));
        }
        let compared = self.compare.map(|comparison| buckets::compared(&asked, comparison, self.unit));
        Ok((asked.whole(self.unit), compared))
    }
}

/// Makes the trend.
///
/// # Errors
/// [`Error::Parameter`] when the range is not valid, or the unit is the hour and there is a channel.
pub fn trend(snapshot: &Snapshot, params: &Params) -> Result<Trend> {
    let (range, compared) = params.ranges()?;
    let audience = Audience::of(snapshot, params.channel.as_deref());
    let series = |range: Range| Series { range, buckets: buckets_of(&audience, &range, params.unit) };
    let Series { range, buckets } = series(range);
    Ok(Trend { unit: params.unit, range, buckets, comparison: compared.map(series) })
}

fn buckets_of(audience: &Audience<'_>, range: &Range, unit: Unit) -> Vec<Bucket> {
    let mut cumulative = audience.cumulative(range.from.plus(-1));
    let bucket = |(span, tally): (Span, Tally)| {
        cumulative += tally.new;
        let active = audience.active_in(&span, unit, &tally);
        Bucket {
            at: span.label(),
            complete: span.complete,
            new_users: tally.new,
            active_users: active,
            launches: tally.launches,
            cumulative_users: cumulative,
            daily_use_time: rate(tally.duration, tally.active),
            daily_launches: rate(tally.launches, tally.active),
            returning_users: active.saturating_sub(tally.new),
            next_day_retention: if unit == Unit::Hour { None } else { next_day_retention(audience, &span) },
            single_use_time: rate(tally.duration, tally.launches),
        }
    };
    audience.tallies(range, unit).into_iter().map(bucket).collect()
}

fn next_day_retention(audience: &Audience<'_>, span: &Span) -> Option<f64> {
    let known = span.days_begun(audience.today()).filter_map(|day| Some((audience.retained(day)?, audience.day(day).new)));
    let (retained, new) = known.fold((0, 0), |sums, day| (sums.0 + day.0, sums.1 + day.1));
    rate(retained, new)
}

impl Tabular for Trend {
    fn table(&self) -> Table {
        let names = [
            "New users",
            "Active users",
            "Launches",
            "Cumulative users",
            "Daily use time (ms)",
            "Daily launches",
            "Returning users",
            "Next-day retention",
            "Single use time (ms)",
        ];
        let compared = self.comparison.as_ref().map(|series| (&series.range, series.buckets.as_slice()));
        let periods = std::iter::once((&self.range, self.buckets.as_slice())).chain(compared);
        table::of_buckets(self.unit, names, periods, |bucket| {
            vec![
                bucket.at.as_str().into(),
                bucket.complete.into(),
                bucket.new_users.into(),
                bucket.active_users.into(),
                bucket.launches.into(),
                bucket.cumulative_users.into(),
                bucket.daily_use_time.into(),
                bucket.daily_launches.into(),
                bucket.returning_users.into(),
                bucket.next_day_retention.into(),
                bucket.single_use_time.into(),
            ]
        })
    }
}
