//! 6.7.1 使用时长: how the time in front of a day is distributed, of launches or of users.

use serde::{Deserialize, Serialize};

use super::table::{Table, Tabular, columns};
use super::{past_days, rate};
use crate::day::{TIME_BOUNDS, TIME_CLASSES, time_class};
use crate::{Day, DayFigures, Result, Snapshot};

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The day. It has to have ended.
    pub date: Day,
    /// The time of what.
    #[serde(default)]
    pub per: Per,
    /// Other days to show as well, at most 10. They have to have ended, too.
    #[serde(default)]
    pub compare: Vec<Day>,
}

/// The time of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Per {
    /// 单次使用时长: of a launch.
    #[default]
    Launch,
    /// 日使用时长: of a user in the day.
    User,
}

/// The distribution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UseTime {
    /// The time of what.
    pub per: Per,
    /// The day's distribution.
    #[serde(flatten)]
    pub day: Distribution,
    /// Those of the other days.
    pub comparisons: Vec<Distribution>,
}

/// The distribution of one day.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// The day.
    pub date: Day,
    /// 平均使用时长 in milliseconds: of a launch, or of a user.
    pub average: Option<f64>,
    /// All launches, or all users.
    pub total: u64,
    /// The classes, shortest first: all of [`TIME_BOUNDS`], also where nothing is in them.
    pub classes: Vec<Class>,
}

/// A class of times.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its shortest time, in milliseconds.
    pub from: u64,
    /// What its times are below; absent for the last class.
    pub below: Option<u64>,
    /// How many there are.
    pub count: u64,
    /// 占比: of all.
    pub share: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when a day has not ended, or there are too many.
pub fn use_time(snapshot: &Snapshot, params: &Params) -> Result<UseTime> {
    past_days::check(snapshot, params.date, &params.compare)?;
    let of = |date: Day| distribution(date, params.per, snapshot.day(date));
    Ok(UseTime { per: params.per, day: of(params.date), comparisons: params.compare.iter().copied().map(of).collect() })
}

fn distribution(date: Day, per: Per, figures: Option<&DayFigures>) -> Distribution {
    let (total, counts) = match (figures, per) {
        (None, _) => (0, [0; TIME_CLASSES]),
        (Some(figures), Per::Launch) => (figures.launches, figures.single),
        (Some(figures), Per::User) => (figures.active.len(), by_user(figures)),
    };
    let froms = std::iter::once(0).chain(TIME_BOUNDS);
    let belows = TIME_BOUNDS.into_iter().map(Some).chain([None]);
    let classes = froms.zip(belows).zip(counts).map(|((from, below), count)| Class { from, below, count, share: rate(count, total) });
    Distribution { date, average: rate(figures.map_or(0, |figures| figures.duration), total), total, classes: classes.collect() }
}

fn by_user(figures: &DayFigures) -> [u64; TIME_CLASSES] {
    let mut counts = [0; TIME_CLASSES];
    for used in &figures.uses {
        if let Some(count) = counts.get_mut(time_class(used.duration)) {
            *count += 1;
        }
    }
    counts
}

impl Tabular for UseTime {
    fn table(&self) -> Table {
        let counted = match self.per {
            Per::Launch => "Launches",
            Per::User => "Users",
        };
        let days = std::iter::once(&self.day).chain(&self.comparisons);
        let rows = days.flat_map(|day| {
            let row = |class: &Class| vec![day.date.into(), class.from.into(), class.below.into(), class.count.into(), class.share.into()];
            day.classes.iter().map(row)
        });
        Table { columns: columns(["Day", "From (ms)", "Below (ms)", counted, "Share"]), rows: rows.collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day, week};

    fn report(date: &str, per: Per, compare: &[&str]) -> Result<UseTime> {
        use_time(&week(), &Params { date: day(date), per, compare: compare.iter().map(|text| day(text)).collect() })
    }

    fn counts(day: &Distribution) -> Vec<u64> {
        day.classes.iter().map(|class| class.count).collect()
    }

    #[test]
    fn launches_and_users_fall_into_different_classes() {
        // On the 22nd the same device launched for 30 s and for 90 s.
        let launches = report("2026-11-22", Per::Launch, &[]).unwrap().day;
        assert_eq!((launches.average, launches.total), (Some(60_000.0), 2));
        assert_eq!(counts(&launches), [0, 0, 0, 1, 1, 0, 0, 0]);
        assert_eq!(launches.classes[3], Class { from: 30_000, below: Some(60_000), count: 1, share: Some(0.5) });
        let users = report("2026-11-22", Per::User, &[]).unwrap().day;
        assert_eq!((users.average, users.total), (Some(120_000.0), 1));
        assert_eq!(counts(&users), [0, 0, 0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn a_class_begins_with_its_lower_bound_and_the_last_has_no_upper_one() {
        let seconds = [0, 2, 3, 9, 10, 29, 30, 59, 60, 179, 180, 599, 600, 1799, 1800, 86_400];
        let mut application = Application::with(&[]);
        for seconds in seconds {
            application.launch(&seconds.to_string(), "2026-11-25 00:00", seconds, "");
        }
        let params = Params { date: day("2026-11-25"), per: Per::Launch, compare: vec![] };
        let launches = use_time(&application.at("2026-11-26 00:00"), &params).unwrap().day;
        assert_eq!(counts(&launches), [2; 8]);
        assert_eq!((launches.classes[0].from, launches.classes[7].from, launches.classes[7].below), (0, 1_800_000, None));
    }

    #[test]
    fn days_without_anybody_have_empty_classes() {
        for per in [Per::Launch, Per::User] {
            let nothing = report("2026-11-23", per, &["2020-01-01"]).unwrap();
            for day in [&nothing.day, &nothing.comparisons[0]] {
                assert_eq!((day.average, day.total, counts(day)), (None, 0, vec![0; 8]));
                assert_eq!(day.classes[0].share, None);
            }
        }
    }

    #[test]
    fn days_that_have_not_ended_and_too_many_days_are_refused() {
        assert!(report("2026-11-25", Per::User, &["2026-11-24"; 10]).is_ok());
        assert!(report("2026-11-25", Per::User, &["2026-11-24"; 11]).is_err());
        assert!(report("2026-11-26", Per::User, &[]).is_err());
        assert!(report("2026-11-25", Per::User, &["2026-11-24", "2026-11-26"]).is_err());
    }

    #[test]
    fn its_table_has_the_classes_of_all_days() {
        let csv = report("2026-11-22", Per::Launch, &["2026-11-23"]).unwrap().table().csv();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[4]), (17, "Day,From (ms),Below (ms),Launches,Share", "2026-11-22,30000,60000,1,0.5"));
        assert_eq!(lines[16], "2026-11-23,1800000,,0,");
    }
}
