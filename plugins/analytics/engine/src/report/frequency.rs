//! 6.7.2 使用频率: how the launches of users are distributed, in a day, week or month.

use serde::{Deserialize, Serialize};

use super::table::{Table, Tabular, columns};
use super::{Range, past_days, rate};
use crate::{Day, Error, Result, Snapshot, Unit};

/// The lowest launches of each class but the first, which begins with 1: 1–2, 3–5, 6–9, 10–19,
/// 20–49, 50–99, 100 and more.
pub const BOUNDS: [u64; 6] = [3, 6, 10, 20, 50, 100];

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The day. It has to have ended.
    pub date: Day,
    /// Launches in what: the day itself, the whole week before the one that the day is in, or the
    /// whole month before that of the day.
    #[serde(default)]
    pub unit: Unit,
    /// Other days to show as well, at most 10. They have to have ended, too.
    #[serde(default)]
    pub compare: Vec<Day>,
}

/// The distribution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frequency {
    /// Launches in what.
    pub unit: Unit,
    /// The distribution of what was asked for.
    #[serde(flatten)]
    pub day: Distribution,
    /// Those of the other days.
    pub comparisons: Vec<Distribution>,
}

/// The distribution of one period.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// The day that was asked for.
    pub date: Day,
    /// The days that are counted.
    #[serde(flatten)]
    pub range: Range,
    /// 平均启动次数: launches of the period / its active users.
    pub average: Option<f64>,
    /// The period's active users.
    pub users: u64,
    /// The classes, fewest launches first: all of [`BOUNDS`], also where nobody is in them.
    pub classes: Vec<Class>,
}

/// A class of launches.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its fewest launches.
    pub from: u64,
    /// Its most launches; absent for the last class.
    pub to: Option<u64>,
    /// How many users there are.
    pub users: u64,
    /// 占比: of all users.
    pub share: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when a day has not ended, there are too many, or
/// the unit is the hour.
pub fn frequency(snapshot: &Snapshot, params: &Params) -> Result<Frequency> {
    if params.unit == Unit::Hour {
        return Err(Error::parameter("`unit` is `day`, `week` or `month`: launches are not counted by hours"));
    }
    past_days::check(snapshot, params.date, &params.compare)?;
    let mut launches = Vec::new();
    let mut of = |date| distribution(snapshot, date, counted(date, params.unit), &mut launches);
    Ok(Frequency { unit: params.unit, day: of(params.date), comparisons: params.compare.iter().copied().map(of).collect() })
}

/// The days that are counted for a day.
fn counted(date: Day, unit: Unit) -> Range {
    match unit {
        Unit::Hour | Unit::Day => Range { from: date, to: date },
        Unit::Week | Unit::Month => {
            let this = date.bucket(unit);
            Range { from: this.step(unit, -1), to: this.plus(-1) }
        }
    }
}

/// `launches` is room for those of each device.
fn distribution(snapshot: &Snapshot, date: Day, range: Range, launches: &mut Vec<u32>) -> Distribution {
    launches.clear();
    launches.resize(snapshot.devices.len(), 0);
    let mut total = 0;
    for (_, figures) in snapshot.days(range.from, range.to) {
        total += figures.launches;
        for (device, used) in figures.users() {
            if let Some(launches) = launches.get_mut(device as usize) {
                *launches = launches.saturating_add(used.launches);
            }
        }
    }
    let mut counts = [0; BOUNDS.len() + 1];
    for launches in launches.iter().filter(|launches| **launches > 0) {
        if let Some(count) = counts.get_mut(BOUNDS.partition_point(|bound| *bound <= u64::from(*launches))) {
            *count += 1;
        }
    }
    let users = counts.iter().sum();
    let froms = std::iter::once(1).chain(BOUNDS);
    let tos = BOUNDS.into_iter().map(|bound| Some(bound - 1)).chain([None]);
    let classes = froms.zip(tos).zip(counts).map(|((from, to), count)| Class { from, to, users: count, share: rate(count, users) });
    Distribution { date, range, average: rate(total, users), users, classes: classes.collect() }
}

impl Tabular for Frequency {
    fn table(&self) -> Table {
        let periods = std::iter::once(&self.day).chain(&self.comparisons);
        let rows = periods.flat_map(|period| {
            let Range { from, to } = period.range;
            let row = move |class: &Class| {
                vec![from.into(), to.into(), class.from.into(), class.to.into(), class.users.into(), class.share.into()]
            };
            period.classes.iter().map(row)
        });
        Table { columns: columns(["From", "To", "Fewest launches", "Most launches", "Users", "Share"]), rows: rows.collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day, week};

    fn report(snapshot: &Snapshot, date: &str, unit: Unit) -> Distribution {
        frequency(snapshot, &Params { date: day(date), unit, compare: vec![] }).unwrap().day
    }

    fn counts(day: &Distribution) -> Vec<u64> {
        day.classes.iter().map(|class| class.users).collect()
    }

    #[test]
    fn a_class_begins_with_its_fewest_launches_and_the_last_has_no_most() {
        let mut application = Application::with(&[]);
        for launches in [1, 2, 3, 5, 6, 9, 10, 19, 20, 49, 50, 99, 100, 120] {
            for launch in 0..launches {
                application.launch(&launches.to_string(), &format!("2026-11-25 {:02}:{:02}", launch / 60, launch % 60), 1, "");
            }
        }
        let distribution = report(&application.at("2026-11-26 00:00"), "2026-11-25", Unit::Day);
        assert_eq!(counts(&distribution), [2; 7]);
        let bounds: Vec<_> = distribution.classes.iter().map(|class| (class.from, class.to)).collect();
        assert_eq!(bounds, [(1, Some(2)), (3, Some(5)), (6, Some(9)), (10, Some(19)), (20, Some(49)), (50, Some(99)), (100, None)]);
        assert_eq!((distribution.users, distribution.average, distribution.classes[0].share), (14, Some(493.0 / 14.0), Some(1.0 / 7.0)));
    }

    #[test]
    fn weeks_and_months_are_the_whole_ones_before_that_of_the_day() {
        let range = |date, unit| report(&week(), date, unit).range;
        let between = |from, to| Range { from: day(from), to: day(to) };
        // 2026-11-22 is a Sunday.
        assert_eq!(range("2026-11-21", Unit::Week), between("2026-11-08", "2026-11-14"));
        assert_eq!(range("2026-11-22", Unit::Week), between("2026-11-15", "2026-11-21"));
        assert_eq!(range("2026-03-31", Unit::Month), between("2026-02-01", "2026-02-28"));
        assert_eq!(range("2026-01-01", Unit::Month), between("2025-12-01", "2025-12-31"));
        assert_eq!(range("2026-11-21", Unit::Day), between("2026-11-21", "2026-11-21"));
    }

    #[test]
    fn launches_of_all_days_of_a_period_add_up() {
        let mut application = Application::with(&[
            ("before", "2026-11-14 23:59", 1, ""),
            ("a", "2026-11-15 00:00", 1, ""),
            ("a", "2026-11-18 12:00", 1, ""),
            ("a", "2026-11-21 23:59", 1, ""),
            ("b", "2026-11-16 12:00", 1, ""),
            ("a", "2026-11-22 00:00", 1, ""),
        ]);
        let snapshot = application.at("2026-11-26 00:00");
        let distribution = report(&snapshot, "2026-11-25", Unit::Week);
        assert_eq!((distribution.users, distribution.average, counts(&distribution)), (2, Some(2.0), vec![1, 1, 0, 0, 0, 0, 0]));
        let params = Params { date: day("2026-11-25"), unit: Unit::Week, compare: vec![day("2026-11-18"), day("2026-11-11")] };
        let compared = frequency(&snapshot, &params).unwrap().comparisons;
        assert_eq!(compared.iter().map(|one| (one.date, one.users)).collect::<Vec<_>>(), [(day("2026-11-18"), 1), (day("2026-11-11"), 0)]);
        assert_eq!((compared[1].average, compared[1].classes[0].share), (None, None));
    }

    #[test]
    fn days_that_have_not_ended_too_many_days_and_hours_are_refused() {
        let refused =
            |date, unit, others| frequency(&week(), &Params { date: day(date), unit, compare: vec![day("2026-11-21"); others] }).is_err();
        assert!(!refused("2026-11-25", Unit::Month, 10));
        assert!(refused("2026-11-25", Unit::Month, 11));
        assert!(refused("2026-11-26", Unit::Month, 0));
        assert!(refused("2026-11-25", Unit::Hour, 0));
    }

    #[test]
    fn its_table_has_the_classes_of_all_periods() {
        let params = Params { date: day("2026-11-22"), unit: Unit::Day, compare: vec![day("2026-11-23")] };
        let csv = frequency(&week(), &params).unwrap().table().csv();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!((lines.len(), lines[0]), (15, "From,To,Fewest launches,Most launches,Users,Share"));
        assert_eq!((lines[1], lines[14]), ("2026-11-22,2026-11-22,1,2,1,1", "2026-11-23,2026-11-23,100,,0,"));
    }
}
