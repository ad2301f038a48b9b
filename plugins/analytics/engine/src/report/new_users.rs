//! 6.5.1 新增用户: new users by hour, day, week or month, and their next-day retention.

use serde::Serialize;

use super::audience::Audience;
use super::compared::Compared;
use super::table::{self, Cell, Table, Tabular};
use super::{Range, buckets, rate, trend};
use crate::{Day, Result, Snapshot, Unit};

/// What is asked: as for the trend.
pub type Params = trend::Params;

/// New users.
pub type NewUsers = Compared<Series>;

/// New users of some days.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// The new users of all buckets.
    pub total: u64,
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// 次日留存率 of each day of the range up to today; empty by hours.
    pub next_day_retention: Vec<NextDay>,
}

/// The new users of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Its first day, or its hour, as in the trend.
    pub at: String,
    /// Whether it has ended.
    pub complete: bool,
    /// 新增用户.
    pub new_users: u64,
    /// 新增用户占比: of the bucket's active users.
    pub share: Option<f64>,
}

/// The next-day retention of a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NextDay {
    /// The day.
    pub date: Day,
    /// Its new users.
    pub new_users: u64,
    /// How many of them launched on the next day; absent until that has ended.
    pub retained: Option<u64>,
    /// `retained / newUsers`.
    pub rate: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range is not valid, or the unit is the hour
/// and there is a channel.
pub fn new_users(snapshot: &Snapshot, params: &Params) -> Result<NewUsers> {
    Compared::of(snapshot, params, series_of)
}

fn series_of(audience: &Audience<'_>, range: Range, unit: Unit) -> Series {
    let tallies = audience.tallies(&range, unit);
    let total = tallies.iter().map(|(_, tally)| tally.new).sum();
    let buckets = tallies.into_iter().map(|(span, tally)| Bucket {
        at: span.label(),
        complete: span.complete,
        new_users: tally.new,
        share: rate(tally.new, audience.active_in(&span, unit, &tally)),
    });
    let buckets = buckets.collect();
    let next_day_retention = match unit {
        Unit::Hour => Vec::new(),
        _ => buckets::days_begun(&range, audience.today()).map(|day| next_day(audience, day)).collect(),
    };
    Series { range, total, buckets, next_day_retention }
}

fn next_day(audience: &Audience<'_>, date: Day) -> NextDay {
    let (new_users, retained) = (audience.day(date).new, audience.retained(date));
    NextDay { date, new_users, retained, rate: retained.and_then(|retained| rate(retained, new_users)) }
}

/// By days the next-day retention stands beside each of them.
impl Tabular for NewUsers {
    fn table(&self) -> Table {
        let retention = if self.unit == Unit::Day { &["Retained next day", "Next-day retention"][..] } else { &[] };
        let rows = self.all().map(|series| (&series.range, series.rows(self.unit)));
        let rows: Vec<_> = rows.collect();
        let names = ["New users", "Share of active users"].into_iter().chain(retention.iter().copied());
        table::of_buckets(self.unit, names, rows.iter().map(|(range, rows)| (*range, rows.as_slice())), Vec::clone)
    }
}

impl Series {
    fn rows(&self, unit: Unit) -> Vec<Vec<Cell>> {
        let bucket =
            |bucket: &Bucket| vec![bucket.at.as_str().into(), bucket.complete.into(), bucket.new_users.into(), bucket.share.into()];
        let rows = self.buckets.iter().map(bucket);
        if unit != Unit::Day {
            return rows.collect();
        }
        let retention = self.next_day_retention.iter().map(|next| [next.retained.into(), next.rate.into()]);
        rows.zip(retention).map(|(row, retention)| row.into_iter().chain(retention).collect()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{day, week};

    fn report(from: &str, to: &str, unit: Unit, channel: Option<&str>) -> NewUsers {
        let params = Params { from: day(from), to: day(to), unit, channel: channel.map(str::to_owned), compare: None };
        new_users(&week(), &params).unwrap()
    }

    fn came(series: &Series) -> Vec<(&str, u64, Option<f64>)> {
        series.buckets.iter().map(|one| (one.at.as_str(), one.new_users, one.share)).collect()
    }

    fn came_back(series: &Series) -> Vec<(u64, Option<u64>, Option<f64>)> {
        series.next_day_retention.iter().map(|one| (one.new_users, one.retained, one.rate)).collect()
    }

    #[test]
    fn days_tell_the_new_users_their_share_and_who_came_back() {
        let report = report("2026-11-21", "2026-11-28", Unit::Day, None);
        assert_eq!(report.series.total, 4);
        assert_eq!(
            came(&report.series),
            [
                ("2026-11-21", 2, Some(1.0)),
                ("2026-11-22", 0, Some(0.0)),
                ("2026-11-23", 0, None),
                ("2026-11-24", 1, Some(1.0)),
                ("2026-11-25", 0, Some(0.0)),
                ("2026-11-26", 1, Some(1.0)),
            ]
        );
        // The next day of the last two has not ended; of days without new users there is no rate.
        assert_eq!(
            came_back(&report.series),
            [(2, Some(1), Some(0.5)), (0, Some(0), None), (0, Some(0), None), (1, Some(1), Some(1.0)), (0, None, None), (1, None, None)]
        );
    }

    #[test]
    fn weeks_have_the_retention_of_all_their_days() {
        let report = report("2026-11-24", "2026-11-24", Unit::Week, None);
        assert_eq!(came(&report.series), [("2026-11-22", 2, Some(0.5))]);
        let days: Vec<_> = report.series.next_day_retention.iter().map(|one| one.date).collect();
        assert_eq!((days.first(), days.last(), days.len()), (Some(&day("2026-11-22")), Some(&day("2026-11-26")), 5));
    }

    #[test]
    fn a_channel_has_its_users_only() {
        let report = report("2026-11-21", "2026-11-24", Unit::Day, Some("ad"));
        assert_eq!(came(&report.series)[0], ("2026-11-21", 1, Some(1.0)));
        assert_eq!(came_back(&report.series)[0], (1, Some(1), Some(1.0)));
        assert_eq!(report.series.total, 2);
    }

    #[test]
    fn hours_have_no_retention() {
        let report = report("2026-11-26", "2026-11-26", Unit::Hour, None);
        assert_eq!(came(&report.series)[8..], [("2026-11-26 08", 0, None), ("2026-11-26 09", 1, Some(1.0)), ("2026-11-26 10", 0, None)]);
        assert_eq!(report.series.next_day_retention, []);
    }

    #[test]
    fn the_table_of_days_has_their_retention() {
        let csv = report("2026-11-21", "2026-11-21", Unit::Day, None).table().csv();
        assert_eq!(
            csv,
            "Period,Day,Complete,New users,Share of active users,Retained next day,Next-day retention\r\n\
             2026-11-21 to 2026-11-21,2026-11-21,yes,2,1,1,0.5\r\n"
        );
        let csv = report("2026-11-21", "2026-11-21", Unit::Week, None).table().csv();
        assert_eq!(csv, "Period,Week,Complete,New users,Share of active users\r\n2026-11-15 to 2026-11-21,2026-11-15,yes,2,1\r\n");
    }
}
