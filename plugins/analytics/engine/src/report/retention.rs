//! 6.6.1 留存用户: how many of the new or active users of a day, week or month came back later.

mod active;
mod newcomers;

use serde::{Deserialize, Serialize};

use super::table::{Cell, Table, Tabular};
use super::{Range, buckets, rate};
use crate::{Day, Error, Result, Snapshot, Unit};

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
    /// Whose retention.
    #[serde(default)]
    pub users: Users,
    /// Only users of this channel.
    #[serde(default)]
    pub channel: Option<String>,
}

/// Whose retention it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Users {
    /// 新用户留存.
    #[default]
    New,
    /// 活跃用户留存.
    Active,
}

/// How many periods there are, whatever the unit.
const PERIODS: usize = 9;

/// After how many buckets is looked: days 1 to 7, 14 and 30; weeks and months 1 to 9.
pub fn periods(unit: Unit) -> &'static [u32; PERIODS] {
    match unit {
        Unit::Hour | Unit::Day => &[1, 2, 3, 4, 5, 6, 7, 14, 30],
        Unit::Week | Unit::Month => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    }
}

/// The retention.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// The buckets' unit.
    pub unit: Unit,
    /// Whose retention.
    pub users: Users,
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// After how many buckets was looked.
    pub periods: Vec<u32>,
    /// A row for each bucket that has begun, also where it has no users.
    pub rows: Vec<Row>,
}

/// The retention of the users of one bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The bucket's first day.
    pub at: Day,
    /// Its users.
    pub users: u64,
    /// 留存数 for each of the periods: how many launched in that later bucket; absent until it has ended.
    pub retained: Vec<Option<u64>>,
    /// 留存率: `retained / users`; absent where either is, or where there are no users.
    pub rates: Vec<Option<f64>>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range is not valid, or the unit is the hour.
pub fn retention(snapshot: &Snapshot, params: &Params) -> Result<Retention> {
    let (unit, users) = (params.unit, params.users);
    if unit == Unit::Hour {
        return Err(Error::parameter("`unit` is `day`, `week` or `month`: there is no retention by hours"));
    }
    let asked_for = Range { from: params.from, to: params.to };
    asked_for.check(unit)?;
    let range = asked_for.whole(unit);
    let mut rows: Vec<_> = buckets::of(snapshot, &range, unit).into_iter().map(|span| Row::of_nobody(span.from)).collect();
    count(snapshot, params, &mut rows);
    for row in &mut rows {
        row.rates = row.retained.iter().map(|retained| rate((*retained)?, row.users)).collect();
    }
    Ok(Retention { unit, users, range, periods: periods(unit).to_vec(), rows })
}

/// Counts users and retained ones of all rows.
fn count(snapshot: &Snapshot, params: &Params, rows: &mut [Row]) {
    let Some(first) = rows.first().map(|row| row.at) else { return };
    let span = Span::of(snapshot, params.unit, first, rows.len());
    let retained = match params.users {
        Users::New => newcomers::count(snapshot, params, &span, rows),
        Users::Active => active::count(snapshot, params, &span, rows),
    };
    for (bucket, row) in rows.iter_mut().enumerate() {
        for (place, (period, known)) in periods(params.unit).iter().zip(&mut row.retained).enumerate() {
            *known = retained.get(bucket + *period as usize).and_then(|counts| counts.get(place)).copied();
        }
    }
}

/// By bucket that was come back in, as far as they have ended: the retained ones of each period, of
/// the users so many buckets before.
type Retained = Vec<[u64; PERIODS]>;

/// The buckets from the first row's on that users may come back in.
struct Span {
    /// First and last days of those that have begun.
    begun: Vec<(Day, Day)>,
    /// How many of them have ended.
    ended: usize,
}

impl Span {
    fn of(snapshot: &Snapshot, unit: Unit, first: Day, rows: usize) -> Self {
        let today = snapshot.today();
        let farthest = periods(unit).iter().max().map_or(0, |most| *most as usize);
        let ends = (0..rows + farthest).map(|bucket| (first.step(unit, bucket as i32), first.step(unit, bucket as i32 + 1).plus(-1)));
        let begun: Vec<_> = ends.take_while(|(from, _)| *from <= today).collect();
        let ended = begun.iter().filter(|(_, to)| *to < today).count();
        Self { begun, ended }
    }
}

impl Row {
    fn of_nobody(at: Day) -> Self {
        Self { at, users: 0, retained: vec![None; PERIODS], rates: Vec::new() }
    }
}

impl Tabular for Retention {
    fn table(&self) -> Table {
        let unit = match self.unit {
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
        };
        let users = match self.users {
            Users::New => "New users",
            Users::Active => "Active users",
        };
        let after = |period: &u32| {
            let plural = if *period == 1 { "" } else { "s" };
            let later = format!("{period} {unit}{plural} later");
            [later.clone(), format!("{later}, rate")]
        };
        let columns = ["First day".to_owned(), users.to_owned()].into_iter().chain(self.periods.iter().flat_map(after));
        let row = |row: &Row| {
            let retained = row.retained.iter().zip(&row.rates).flat_map(|(retained, rate)| [Cell::from(*retained), Cell::from(*rate)]);
            [row.at.into(), row.users.into()].into_iter().chain(retained).collect()
        };
        Table { columns: columns.collect(), rows: self.rows.iter().map(row).collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::report::testing::{Application, day, week};

    fn report(snapshot: &Snapshot, from: &str, to: &str, unit: Unit, users: Users, channel: Option<&str>) -> Retention {
        retention(snapshot, &Params { from: day(from), to: day(to), unit, users, channel: channel.map(str::to_owned) }).unwrap()
    }

    /// First day, users, and retained ones of each period.
    fn brief(report: &Retention) -> Vec<(String, u64, Vec<Option<u64>>)> {
        report.rows.iter().map(|row| (row.at.to_string(), row.users, row.retained.clone())).collect()
    }

    /// What is known of the first periods, and nothing of the others.
    fn known(first: &[u64]) -> Vec<Option<u64>> {
        first.iter().copied().map(Some).chain([None; PERIODS]).take(PERIODS).collect()
    }

    #[test]
    fn later_days_count_once_they_have_ended() {
        // Today is the 26th, which has not.
        let report = report(&week(), "2026-11-21", "2026-11-30", Unit::Day, Users::New, None);
        let rows = [
            ("2026-11-21".to_owned(), 2, known(&[1, 0, 0, 1])),
            ("2026-11-22".to_owned(), 0, known(&[0, 0, 0])),
            ("2026-11-23".to_owned(), 0, known(&[0, 0])),
            ("2026-11-24".to_owned(), 1, known(&[1])),
            ("2026-11-25".to_owned(), 0, known(&[])),
            ("2026-11-26".to_owned(), 1, known(&[])),
        ];
        assert_eq!(brief(&report), rows);
        assert_eq!(report.rows[0].rates[..5], [Some(0.5), Some(0.0), Some(0.0), Some(0.5), None]);
        assert_eq!(report.rows[1].rates, [None; PERIODS]);
        assert_eq!(report.range, Range { from: day("2026-11-21"), to: day("2026-11-30") });
    }

    #[test]
    fn active_users_come_back_from_each_of_their_days() {
        let report = report(&week(), "2026-11-22", "2026-11-24", Unit::Day, Users::Active, Some("ad"));
        let rows = [
            ("2026-11-22".to_owned(), 1, known(&[0, 0, 0])),
            ("2026-11-23".to_owned(), 0, known(&[0, 0])),
            ("2026-11-24".to_owned(), 1, known(&[1])),
        ];
        assert_eq!(brief(&report), rows);
    }

    #[test]
    fn only_users_of_the_channel_count() {
        let retained = |channel| brief(&report(&week(), "2026-11-21", "2026-11-21", Unit::Day, Users::New, Some(channel))).remove(0);
        assert_eq!(retained("ad"), ("2026-11-21".to_owned(), 1, known(&[1, 0, 0, 0])));
        assert_eq!(retained(""), ("2026-11-21".to_owned(), 1, known(&[0, 0, 0, 1])));
        assert_eq!(retained("nowhere"), ("2026-11-21".to_owned(), 0, known(&[0, 0, 0, 0])));
    }

    #[test]
    fn weeks_run_from_sunday_to_saturday_and_the_present_one_does_not_count() {
        let mut application = Application::with(&[
            ("a", "2026-11-07 23:59", 1, ""),
            ("a", "2026-11-08 00:00", 1, ""),
            ("a", "2026-11-14 23:59", 1, ""),
            ("b", "2026-11-08 12:00", 1, ""),
            ("b", "2026-11-21 12:00", 1, ""),
            ("a", "2026-11-22 12:00", 1, ""),
        ]);
        let report = report(&application.at("2026-11-28 23:59"), "2026-11-07", "2026-11-11", Unit::Week, Users::New, None);
        assert_eq!(report.range, Range { from: day("2026-11-01"), to: day("2026-11-14") });
        assert_eq!(brief(&report), [("2026-11-01".to_owned(), 1, known(&[1, 0])), ("2026-11-08".to_owned(), 1, known(&[1]))]);
    }

    #[test]
    fn months_have_their_own_lengths() {
        let mut application = Application::with(&[
            ("a", "2026-01-31 23:59", 1, ""),
            ("b", "2026-01-01 00:00", 1, ""),
            ("a", "2026-02-28 23:59", 1, ""),
            ("b", "2026-03-01 00:00", 1, ""),
            ("a", "2026-03-31 00:00", 1, ""),
            ("b", "2026-04-01 00:00", 1, ""),
        ]);
        let report = report(&application.at("2026-05-01 00:00"), "2026-01-31", "2026-02-01", Unit::Month, Users::New, None);
        assert_eq!(brief(&report), [("2026-01-01".to_owned(), 2, known(&[1, 2, 1])), ("2026-02-01".to_owned(), 0, known(&[0, 0]))]);
        assert_eq!(report.rows[0].rates[..3], [Some(0.5), Some(1.0), Some(0.5)]);
    }

    #[test]
    fn an_earlier_launch_that_comes_late_moves_a_user() {
        let mut application = Application::with(&[("a", "2026-11-20 10:00", 1, "late"), ("a", "2026-11-21 10:00", 1, "late")]);
        assert_eq!(
            brief(&report(&application.at("2026-11-22 10:00"), "2026-11-20", "2026-11-20", Unit::Day, Users::New, Some("late")))[0].1,
            1
        );
        application.launch("a", "2026-11-19 10:00", 1, "early");
        let snapshot = application.at("2026-11-22 10:00");
        let of = |channel| brief(&report(&snapshot, "2026-11-19", "2026-11-20", Unit::Day, Users::New, Some(channel)));
        assert_eq!(of("early")[0], ("2026-11-19".to_owned(), 1, known(&[1, 1])));
        assert_eq!((of("early")[1].1, of("late")[0].1, of("late")[1].1), (0, 0, 0));
    }

    #[test]
    fn all_periods_are_as_sets_tell() {
        let seed = 7;
        let mut random = StdRng::seed_from_u64(seed);
        let mut application = Application::of_zone("Asia/Shanghai");
        for device in 0..30 {
            for _ in 0..40 {
                let at = day("2025-11-01").plus(random.random_range(0..380));
                application.launch(&device.to_string(), &format!("{at} 12:00"), 1, "");
            }
        }
        let snapshot = application.at("2026-11-26 10:30");
        for unit in [Unit::Day, Unit::Week, Unit::Month] {
            for users in [Users::New, Users::Active] {
                let report = report(&snapshot, "2025-10-01", "2026-12-01", unit, users, None);
                for row in &report.rows {
                    let ends = |at: Day| at.step(unit, 1).plus(-1);
                    let base = match users {
                        Users::New => snapshot.newcomers_between(row.at, ends(row.at)),
                        Users::Active => snapshot.active_between(row.at, ends(row.at)),
                    };
                    assert_eq!(row.users, base.len());
                    let later = periods(unit).iter().map(|period| row.at.step(unit, *period as i32));
                    let retained = later
                        .map(|at| (ends(at) < snapshot.today()).then(|| base.intersection_len(&snapshot.active_between(at, ends(at)))));
                    assert_eq!(row.retained, retained.collect::<Vec<_>>(), "{unit:?} {users:?} {} seed {seed}", row.at);
                }
            }
        }
    }

    #[test]
    fn nobody_is_ever_retained_where_nobody_came() {
        let snapshot = Application::with(&[]).at("2026-11-26 10:30");
        let report = report(&snapshot, "2026-11-24", "2026-11-26", Unit::Day, Users::Active, None);
        assert_eq!(brief(&report).iter().map(|row| row.1).collect::<Vec<_>>(), [0, 0, 0]);
        assert_eq!(report.rows[0].retained, known(&[0]));
    }

    #[test]
    fn hours_and_reversed_days_are_refused() {
        let params = |from, to, unit| Params { from: day(from), to: day(to), unit, users: Users::New, channel: None };
        assert!(retention(&week(), &params("2026-11-21", "2026-11-21", Unit::Hour)).is_err());
        assert!(retention(&week(), &params("2026-11-22", "2026-11-21", Unit::Day)).is_err());
        assert!(retention(&week(), &params("2024-11-24", "2026-11-26", Unit::Month)).is_err());
        assert!(retention(&week(), &params("2024-11-25", "2026-11-26", Unit::Month)).is_ok());
    }

    #[test]
    fn its_table_has_counts_and_rates() {
        let table = report(&week(), "2026-11-21", "2026-11-21", Unit::Day, Users::New, None).table().csv();
        let (names, row) = table.split_once("\r\n").unwrap();
        assert!(names.starts_with("First day,New users,1 day later,\"1 day later, rate\",2 days later,"), "{names}");
        assert_eq!(row, "2026-11-21,2,1,0.5,0,0,0,0,1,0.5,,,,,,,,,,\r\n");
    }
}
