//! 6.5.2 活跃用户: active users, how they are composed, and how often they come back.

use serde::Serialize;

use super::audience::Audience;
use super::compared::Compared;
use super::range::MOST_DAYS_BY_HOUR;
use super::table::{self, Table, Tabular};
use super::{Range, buckets, rate, trend};
use crate::{Result, Snapshot, Unit};

/// What is asked: as for the trend.
pub type Params = trend::Params;

/// Active users.
pub type ActiveUsers = Compared<Series>;

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
    Compared::of(snapshot, params, series_of)
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
        let [weeks, months] = audience.active_windows(range.from, range.to.min(audience.today()), [7, 30]);
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
        let periods = self.all().map(|series| (&series.range, series.buckets.as_slice()));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::report::testing::{Application, day, week};

    fn params(from: &str, to: &str, unit: Unit, channel: Option<&str>) -> Params {
        Params { from: day(from), to: day(to), unit, channel: channel.map(str::to_owned), compare: None }
    }

    fn report(from: &str, to: &str, unit: Unit, channel: Option<&str>) -> ActiveUsers {
        active_users(&week(), &params(from, to, unit, channel)).unwrap()
    }

    fn composed(series: &Series) -> Vec<(u64, u64, u64)> {
        series.buckets.iter().map(|one| (one.active_users, one.new_users, one.returning_users)).collect()
    }

    fn sticky(series: &Series) -> Vec<(Option<f64>, Option<f64>)> {
        series.buckets.iter().map(|one| (one.stickiness_7_days, one.stickiness_30_days)).collect()
    }

    #[test]
    fn days_tell_how_the_active_users_are_composed() {
        let series = report("2026-11-21", "2026-11-28", Unit::Day, None).series;
        assert_eq!(composed(&series), [(2, 2, 0), (1, 0, 1), (0, 0, 0), (1, 1, 0), (2, 0, 2), (1, 1, 0)]);
        assert_eq!(series.total, 4);
        let shares: Vec<_> = series.buckets.iter().filter_map(|one| one.share).collect();
        assert_eq!(shares, [2, 1, 0, 1, 2, 1].map(|active| f64::from(active) / 7.0));
        assert!(series.buckets.iter().all(|one| one.active_rate.is_none()));
    }

    #[test]
    fn stickiness_looks_back_over_days_before_the_range() {
        let series = report("2026-11-24", "2026-11-26", Unit::Day, None).series;
        // a, b and c until the 25th, d from the 26th on.
        let (third, quarter) = (Some(1.0 / 3.0), Some(0.25));
        assert_eq!(sticky(&series), [(third, third), (Some(2.0 / 3.0), Some(2.0 / 3.0)), (quarter, quarter)]);
    }

    #[test]
    fn stickiness_forgets_after_seven_and_thirty_days() {
        let mut application = Application::with(&[
            ("a", "2026-10-01 08:00", 0, ""),
            ("b", "2026-10-07 08:00", 0, ""),
            ("b", "2026-10-08 08:00", 0, ""),
            ("b", "2026-10-31 08:00", 0, ""),
        ]);
        let snapshot = application.at("2026-11-26 10:30");
        let of = |date: &str| sticky(&active_users(&snapshot, &params(date, date, Unit::Day, None)).unwrap().series)[0];
        assert_eq!(of("2026-10-07"), (Some(0.5), Some(0.5)));
        assert_eq!(of("2026-10-08"), (Some(1.0), Some(0.5)));
        assert_eq!(of("2026-10-31"), (Some(1.0), Some(1.0)));
        assert_eq!(of("2026-10-30"), (None, Some(0.0)));
        // In one range as day by day.
        let series = active_users(&snapshot, &params("2026-10-01", "2026-11-26", Unit::Day, None)).unwrap().series;
        let one_by_one: Vec<_> = series.buckets.iter().map(|bucket| of(&bucket.at)).collect();
        assert_eq!(sticky(&series), one_by_one);
    }

    #[test]
    fn stickiness_is_that_of_the_days_put_together() {
        let seed = rand::random::<u64>();
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let mut application = Application::with(&[]);
        for _ in 0..150 {
            let at = day("2026-08-01").plus(random.random_range(0..110));
            let device = random.random_range(0..20).to_string();
            application.launch(&device, &format!("{at} 12:00"), 0, if random.random_bool(0.5) { "ad" } else { "" });
        }
        let snapshot = application.at("2026-11-26 10:30");
        for channel in [None, Some("ad")] {
            let members = channel.map_or_else(|| (0..20).collect(), |channel| snapshot.members(channel));
            let series = active_users(&snapshot, &params("2026-08-10", "2026-11-26", Unit::Day, channel)).unwrap().series;
            for bucket in series.buckets {
                let at = day(&bucket.at);
                let within = |days: i32| {
                    let days = (1 - days..=0).map(|back| snapshot.active(at.plus(back)));
                    rate(bucket.active_users, (days.fold(roaring::RoaringBitmap::new(), |all, one| all | one) & &members).len())
                };
                assert_eq!(
                    (bucket.stickiness_7_days, bucket.stickiness_30_days),
                    (within(7), within(30)),
                    "{at}, {channel:?}, seed {seed}"
                );
            }
        }
    }

    #[test]
    fn weeks_and_months_tell_the_active_part_of_all_users() {
        let mut application =
            Application::with(&[("a", "2026-10-05 08:00", 0, ""), ("b", "2026-11-09 08:00", 0, ""), ("b", "2026-11-10 08:00", 0, "")]);
        let snapshot = application.at("2026-11-26 10:30");
        let rates = |unit| {
            let series = active_users(&snapshot, &params("2026-11-01", "2026-11-20", unit, None)).unwrap().series;
            series.buckets.into_iter().map(|one| (one.active_users, one.active_rate)).collect::<Vec<_>>()
        };
        assert_eq!(rates(Unit::Week), [(0, Some(0.0)), (1, Some(0.5)), (0, Some(0.0))]);
        assert_eq!(rates(Unit::Month), [(1, Some(0.5))]);
    }

    #[test]
    fn a_channel_has_its_users_only() {
        let series = report("2026-11-22", "2026-11-26", Unit::Day, Some("ad")).series;
        assert_eq!(composed(&series), [(1, 0, 1), (0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 0, 0)]);
        assert_eq!(sticky(&series)[3], (Some(0.5), Some(0.5)));
        assert_eq!(series.total, 2);
        assert_eq!((series.by_hour[9], series.by_hour[10]), (0.2, 0.2));
        let week = report("2026-11-22", "2026-11-26", Unit::Week, Some("ad")).series;
        assert_eq!((week.buckets[0].active_users, week.buckets[0].active_rate), (2, Some(1.0)));
    }

    #[test]
    fn hours_of_the_day_are_means_of_at_most_seven_days_that_have_begun() {
        // Five of these days have begun. At 10 o'clock b and c came on the 25th.
        let by_hour = report("2026-11-22", "2026-11-28", Unit::Day, None).series.by_hour;
        assert_eq!((by_hour.len(), by_hour[9], by_hour[10], by_hour[23]), (24, 0.4, 0.4, 0.0));
        assert_eq!(report("2026-11-24", "2026-11-24", Unit::Week, None).series.by_hour, by_hour);
        assert!(report("2026-11-21", "2026-11-28", Unit::Day, None).series.by_hour.is_empty());
        assert!(report("2026-11-27", "2026-11-28", Unit::Day, None).series.by_hour.is_empty());
    }

    #[test]
    fn the_fields_and_columns_have_their_names() {
        let report = report("2026-11-25", "2026-11-25", Unit::Day, None);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["buckets"][0]["stickiness7Days"], json["buckets"][0]["stickiness30Days"]);
        assert!(json["buckets"][0]["stickiness7Days"].is_number(), "{json}");
        assert_eq!(
            report.table().csv(),
            "Period,Day,Complete,Active users,Share,New users,Returning users,Stickiness (7 days),Stickiness (30 days),Active rate\r\n\
             2026-11-25 to 2026-11-25,2026-11-25,yes,2,1,0,2,0.6666666666666666,0.6666666666666666,\r\n"
        );
    }
}
