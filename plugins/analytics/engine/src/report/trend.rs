//! 6.4.1 趋势变化与对比: the nine figures by hour, day, week or month, beside those of earlier days.

use serde::{Deserialize, Serialize};

use super::audience::{Audience, Tally};
use super::buckets::{self, Span};
use super::compared::Compared;
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
pub type Trend = Compared<Series>;

/// The trend of some days.
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
    Compared::of(snapshot, params, |audience, range, unit| Series { range, buckets: buckets_of(audience, &range, unit) })
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
        let periods = self.all().map(|series| (&series.range, series.buckets.as_slice()));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day, week};

    fn params(from: &str, to: &str, unit: Unit) -> Params {
        Params { from: day(from), to: day(to), unit, channel: None, compare: None }
    }

    fn users(buckets: &[Bucket]) -> Vec<(&str, u64, u64, u64, u64)> {
        buckets.iter().map(|one| (one.at.as_str(), one.new_users, one.active_users, one.launches, one.cumulative_users)).collect()
    }

    #[test]
    fn days_have_their_figures_and_those_to_come_have_none() {
        let trend = trend(&week(), &params("2026-11-20", "2026-11-28", Unit::Day)).unwrap();
        assert_eq!(
            users(&trend.series.buckets),
            [
                ("2026-11-20", 0, 0, 0, 0),
                ("2026-11-21", 2, 2, 2, 2),
                ("2026-11-22", 0, 1, 2, 2),
                ("2026-11-23", 0, 0, 0, 2),
                ("2026-11-24", 1, 1, 1, 3),
                ("2026-11-25", 0, 2, 2, 3),
                ("2026-11-26", 1, 1, 1, 4),
            ]
        );
        let ratios: Vec<_> = trend.series.buckets.iter().map(|one| (one.daily_use_time, one.daily_launches, one.single_use_time)).collect();
        assert_eq!(ratios[1], (Some(30_000.0), Some(1.0), Some(30_000.0)));
        assert_eq!(ratios[2], (Some(120_000.0), Some(2.0), Some(60_000.0)));
        assert_eq!(ratios[3], (None, None, None));
        let returning: Vec<_> = trend.series.buckets.iter().map(|one| one.returning_users).collect();
        assert_eq!(returning, [0, 0, 1, 0, 0, 2, 0]);
        let retention: Vec<_> = trend.series.buckets.iter().map(|one| one.next_day_retention).collect();
        assert_eq!(retention, [None, Some(0.5), None, None, Some(1.0), None, None]);
        let complete: Vec<_> = trend.series.buckets.iter().map(|one| one.complete).collect();
        assert_eq!(complete, [true, true, true, true, true, true, false]);
        assert_eq!((trend.series.range.to, trend.comparison), (day("2026-11-28"), None));
    }

    #[test]
    fn retention_waits_for_the_end_of_the_next_day() {
        let mut application = Application::with(&[("a", "2026-11-24 10:00", 0, ""), ("a", "2026-11-25 10:00", 0, "")]);
        let retention = |now: &str, application: &mut Application| {
            trend(&application.at(now), &params("2026-11-24", "2026-11-24", Unit::Day)).unwrap().series.buckets[0].next_day_retention
        };
        assert_eq!(retention("2026-11-25 23:59", &mut application), None);
        assert_eq!(retention("2026-11-26 00:00", &mut application), Some(1.0));
    }

    #[test]
    fn weeks_are_whole_and_count_each_user_once() {
        let trend = trend(&week(), &params("2026-11-21", "2026-11-23", Unit::Week)).unwrap();
        assert_eq!(trend.series.range, Range { from: day("2026-11-15"), to: day("2026-11-28") });
        assert_eq!(users(&trend.series.buckets), [("2026-11-15", 2, 2, 2, 2), ("2026-11-22", 2, 4, 6, 4)]);
        let second = &trend.series.buckets[1];
        assert_eq!((second.complete, second.returning_users), (false, 2));
        // 155 s, of 1 + 1 + 2 + 1 daily active users.
        assert_eq!((second.daily_use_time, second.daily_launches), (Some(31_000.0), Some(1.2)));
        assert_eq!(second.single_use_time, Some(155_000.0 / 6.0));
        // Of c and d, who are new, only the next day of c has ended.
        assert_eq!(second.next_day_retention, Some(1.0));
    }

    #[test]
    fn a_month_reaches_beyond_both_ends_of_the_range() {
        let trend = trend(&week(), &params("2026-11-10", "2026-11-11", Unit::Month)).unwrap();
        assert_eq!(users(&trend.series.buckets), [("2026-11-01", 4, 4, 8, 4)]);
        assert_eq!(trend.series.buckets[0].next_day_retention, Some(2.0 / 3.0));
    }

    #[test]
    fn hours_go_up_to_the_present_one() {
        let trend = trend(&week(), &params("2026-11-25", "2026-11-27", Unit::Hour)).unwrap();
        assert_eq!(trend.series.buckets.len(), 24 + 11);
        let users = users(&trend.series.buckets);
        assert_eq!(users[10], ("2026-11-25 10", 0, 2, 2, 3));
        assert_eq!(users[32..], [("2026-11-26 08", 0, 0, 0, 3), ("2026-11-26 09", 1, 1, 1, 4), ("2026-11-26 10", 0, 0, 0, 4)]);
        assert_eq!((trend.series.buckets[33].complete, trend.series.buckets[34].complete), (true, false));
        assert_eq!((trend.series.buckets[10].daily_use_time, trend.series.buckets[10].next_day_retention), (Some(10_000.0), None));
    }

    #[test]
    fn an_hour_that_is_repeated_counts_once_and_one_that_is_skipped_stays_empty() {
        let mut application = Application::of_zone("America/New_York");
        application.launch("a", "2026-03-08T01:59:59-05:00", 0, "");
        application.launch("b", "2026-03-08T03:00:00-04:00", 0, "");
        application.launch("c", "2026-11-01T01:30:00-04:00", 0, "");
        application.launch("c", "2026-11-01T01:30:00-05:00", 0, "");
        let snapshot = application.at("2026-11-26T12:00:00-05:00");
        let hours = |text: &str| trend(&snapshot, &params(text, text, Unit::Hour)).unwrap().series.buckets;
        assert_eq!(
            users(&hours("2026-03-08")[1..4]),
            [("2026-03-08 01", 1, 1, 1, 1), ("2026-03-08 02", 0, 0, 0, 1), ("2026-03-08 03", 1, 1, 1, 2)]
        );
        assert_eq!(users(&hours("2026-11-01")[1..3]), [("2026-11-01 01", 1, 1, 2, 3), ("2026-11-01 02", 0, 0, 0, 3)]);
        assert_eq!(hours("2026-11-01").len(), 24);
    }

    #[test]
    fn a_channel_has_its_users_only() {
        let of = |channel: &str, unit| {
            let params = Params { channel: Some(channel.to_owned()), ..params("2026-11-21", "2026-11-26", unit) };
            trend(&week(), &params).unwrap().series.buckets
        };
        assert_eq!(
            users(&of("ad", Unit::Day)),
            [
                ("2026-11-21", 1, 1, 1, 1),
                ("2026-11-22", 0, 1, 2, 1),
                ("2026-11-23", 0, 0, 0, 1),
                ("2026-11-24", 1, 1, 1, 2),
                ("2026-11-25", 0, 1, 1, 2),
                ("2026-11-26", 0, 0, 0, 2),
            ]
        );
        assert_eq!(of("ad", Unit::Day)[0].next_day_retention, Some(1.0));
        assert_eq!(users(&of("ad", Unit::Week)), [("2026-11-15", 1, 1, 1, 1), ("2026-11-22", 1, 2, 4, 2)]);
        assert_eq!(users(&of("", Unit::Week)), [("2026-11-15", 1, 1, 1, 1), ("2026-11-22", 1, 2, 2, 2)]);
        assert_eq!(users(&of("unheard of", Unit::Week)), [("2026-11-15", 0, 0, 0, 0), ("2026-11-22", 0, 0, 0, 0)]);
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        let error = |params: Params| trend(&week(), &params).unwrap_err().to_string();
        assert!(error(params("2026-11-26", "2026-11-25", Unit::Day)).contains("is after"));
        assert!(error(params("2024-11-24", "2026-11-26", Unit::Month)).contains("at most 732 days"));
        assert!(error(params("2026-11-19", "2026-11-26", Unit::Hour)).contains("by hours has at most 7 days"));
        let filtered = Params { channel: Some("ad".to_owned()), ..params("2026-11-26", "2026-11-26", Unit::Hour) };
        assert!(error(filtered).contains("`channel`"));
    }

    #[test]
    fn days_to_come_and_applications_without_users_give_what_there_is() {
        let empty = Application::with(&[]).at("2026-11-26 10:30");
        for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Hour] {
            assert_eq!(trend(&week(), &params("2027-02-01", "2027-02-03", unit)).unwrap().series.buckets, []);
            let buckets = trend(&empty, &params("2026-11-25", "2026-11-25", unit)).unwrap().series.buckets;
            assert!(!buckets.is_empty() && users(&buckets).iter().all(|one| (one.1, one.2, one.3, one.4) == (0, 0, 0, 0)), "{unit:?}");
        }
    }

    #[test]
    fn comparisons_have_as_many_days_or_buckets() {
        let compared = |from: &str, to: &str, unit, compare| {
            let params = Params { compare: Some(compare), ..params(from, to, unit) };
            trend(&week(), &params).unwrap().comparison.unwrap()
        };
        let days = compared("2026-11-25", "2026-11-26", Unit::Day, Comparison::From(day("2026-11-21")));
        assert_eq!(users(&days.buckets), [("2026-11-21", 2, 2, 2, 2), ("2026-11-22", 0, 1, 2, 2)]);
        // February has no 29th to 31st: the three days begin with its last one.
        let shorter = compared("2026-03-29", "2026-03-31", Unit::Day, Comparison::Month);
        assert_eq!(shorter.range, Range { from: day("2026-02-28"), to: day("2026-03-02") });
        let months = compared("2026-12-01", "2026-12-31", Unit::Month, Comparison::Month);
        assert_eq!(users(&months.buckets), [("2026-11-01", 4, 4, 8, 4)]);
        // A comparison with days to come ends with today.
        let later = compared("2026-11-21", "2026-11-23", Unit::Day, Comparison::From(day("2026-11-26")));
        assert_eq!(users(&later.buckets), [("2026-11-26", 1, 1, 1, 4)]);
    }

    #[test]
    fn parameters_and_answers_are_json() {
        let text = r#"{"from":"2026-11-21","to":"2026-11-21","unit":"day","channel":"ad","compare":"2026-11-22"}"#;
        let params: Params = serde_json::from_str(text).unwrap();
        assert_eq!(params.compare, Some(Comparison::From(day("2026-11-22"))));
        let answer = serde_json::to_value(trend(&week(), &params).unwrap()).unwrap();
        assert_eq!((&answer["from"], &answer["buckets"][0]["singleUseTime"]), (&"2026-11-21".into(), &60_000.0.into()));
        assert_eq!(answer["comparison"]["buckets"][0]["at"], "2026-11-22");
        assert!(serde_json::from_str::<Params>(r#"{"from":"2026-11-21","to":"2026-11-21","until":"2026-11-22"}"#).is_err());
    }

    #[test]
    fn the_table_has_the_comparison_below() {
        let params = Params { compare: Some(Comparison::Previous), ..params("2026-11-22", "2026-11-22", Unit::Day) };
        let csv = trend(&week(), &params).unwrap().table().csv();
        let lines: Vec<_> = csv.lines().collect();
        assert!(lines[0].starts_with("Period,Day,Complete,New users,Active users,Launches,Cumulative users,"));
        assert_eq!(
            lines[1..],
            [
                "2026-11-22 to 2026-11-22,2026-11-22,yes,0,1,2,2,120000,2,1,,60000",
                "2026-11-21 to 2026-11-21,2026-11-21,yes,2,2,2,2,30000,1,0,0.5,30000",
            ]
        );
    }
}
