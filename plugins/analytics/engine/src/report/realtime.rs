//! 6.4.2 实时统计: today until its last full hour, beside yesterday until the same hour.

use roaring::RoaringBitmap;
use serde::Serialize;

use super::Change;
use super::audience::{Audience, Tally};
use super::table::{self, Table, Tabular};
use crate::{Day, Snapshot};

/// Today beside yesterday.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Realtime {
    /// Today.
    pub date: Day,
    /// How many hours of today are full: 0 to 23. The figures below count the hours before it.
    pub until_hour: u8,
    /// 新增用户.
    pub new_users: Change,
    /// 启动次数.
    pub launches: Change,
    /// 时段累计日活: users active since midnight, each once.
    pub active_users: Change,
    /// 分时活跃用户 of the last full hour; absent while no hour of today is full.
    pub hour_active_users: Change,
    /// Today by hour; those that have begun.
    pub today: Vec<Hour>,
    /// Yesterday by hour; all of them.
    pub yesterday: Vec<Hour>,
}

/// The figures of an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hour {
    /// 0 to 23.
    pub hour: u8,
    /// 新增用户 of the hour.
    pub new_users: u64,
    /// 启动次数 of the hour.
    pub launches: u64,
    /// 分时活跃用户: users active in the hour, each once.
    pub active_users: u64,
    /// 时段累计日活: users active from midnight to the hour's end, each once.
    pub active_users_so_far: u64,
}

/// Makes the report.
pub fn realtime(snapshot: &Snapshot) -> Realtime {
    let (date, until_hour) = snapshot.calendar.locate(snapshot.now);
    let full = usize::from(until_hour);
    let (mut today, yesterday) = (hours_of(snapshot, date), hours_of(snapshot, date.plus(-1)));
    let change = |figure: fn(&[Hour]) -> Option<u64>| {
        let until = |hours: &[Hour]| figure(hours.get(..full).unwrap_or(hours)).map(|count| count as f64);
        Change::between(until(&today), until(&yesterday))
    };
    let (new_users, launches) = (
        change(|hours| Some(hours.iter().map(|hour| hour.new_users).sum())),
        change(|hours| Some(hours.iter().map(|hour| hour.launches).sum())),
    );
    let active_users = change(|hours| Some(hours.last().map_or(0, |hour| hour.active_users_so_far)));
    let hour_active_users = change(|hours| hours.last().map(|hour| hour.active_users));
    today.truncate(full + 1);
    Realtime { date, until_hour, new_users, launches, active_users, hour_active_users, today, yesterday }
}

fn hours_of(snapshot: &Snapshot, day: Day) -> Vec<Hour> {
    let active = snapshot.day(day).map_or(&[][..], |figures| &figures.hours);
    let active = active.iter().map(|hour| Some(&hour.active)).chain(std::iter::repeat(None));
    let mut so_far = RoaringBitmap::new();
    let tallies = (0..).zip(Audience::of(snapshot, None).hours(day)).zip(active);
    let hour = |((hour, tally), active): ((u8, _), Option<&RoaringBitmap>)| {
        if let Some(active) = active {
            so_far |= active;
        }
        let Tally { new, active, launches, .. } = tally;
        Hour { hour, new_users: new, launches, active_users: active, active_users_so_far: so_far.len() }
    };
    tallies.map(hour).collect()
}

impl Tabular for Realtime {
    fn table(&self) -> Table {
        let names = ["Day", "Hour", "New users", "Launches", "Active users", "Active users since midnight"];
        let rows = [(self.date, &self.today), (self.date.plus(-1), &self.yesterday)].into_iter().flat_map(|(day, hours)| {
            hours.iter().map(move |hour| {
                let Hour { hour, new_users, launches, active_users, active_users_so_far } = *hour;
                vec![day.into(), hour.into(), new_users.into(), launches.into(), active_users.into(), active_users_so_far.into()]
            })
        });
        Table { columns: table::columns(names), rows: rows.collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day};

    fn application() -> Application {
        Application::with(&[
            ("a", "2026-11-25 00:10", 0, ""),
            ("b", "2026-11-25 01:59", 0, ""),
            ("a", "2026-11-25 01:30", 0, ""),
            ("c", "2026-11-25 02:00", 0, ""),
            ("a", "2026-11-26 00:00", 0, ""),
            ("d", "2026-11-26 01:00", 0, ""),
            ("d", "2026-11-26 01:01", 0, ""),
            ("a", "2026-11-26 01:02", 0, ""),
            ("e", "2026-11-26 02:05", 0, ""),
        ])
    }

    #[test]
    fn only_full_hours_are_compared() {
        let report = realtime(&application().at("2026-11-26 02:30"));
        assert_eq!((report.date, report.until_hour), (day("2026-11-26"), 2));
        assert_eq!(report.new_users, Change { value: Some(1.0), previous: Some(2.0), change: Some(-0.5) });
        assert_eq!((report.launches.value, report.launches.previous), (Some(4.0), Some(3.0)));
        assert_eq!((report.active_users.value, report.active_users.previous), (Some(2.0), Some(2.0)));
        assert_eq!((report.hour_active_users.value, report.hour_active_users.previous), (Some(2.0), Some(2.0)));
    }

    #[test]
    fn hours_of_today_have_begun_and_yesterday_has_all() {
        let report = realtime(&application().at("2026-11-26 02:30"));
        let hour = |hour, new_users, launches, active_users, active_users_so_far| Hour {
            hour,
            new_users,
            launches,
            active_users,
            active_users_so_far,
        };
        assert_eq!(report.today, [hour(0, 0, 1, 1, 1), hour(1, 1, 3, 2, 2), hour(2, 1, 1, 1, 3)]);
        assert_eq!(report.yesterday.len(), 24);
        assert_eq!(report.yesterday[..3], [hour(0, 1, 1, 1, 1), hour(1, 1, 2, 2, 2), hour(2, 1, 1, 1, 3)]);
        assert_eq!(report.yesterday[23], hour(23, 0, 0, 0, 3));
        let csv = report.table().csv();
        assert_eq!(csv.lines().count(), 1 + 3 + 24);
        assert!(csv.contains("\r\n2026-11-26,1,1,3,2,2\r\n"), "{csv}");
    }

    #[test]
    fn after_midnight_no_hour_is_full() {
        let report = realtime(&application().at("2026-11-26 00:30"));
        assert_eq!((report.until_hour, report.today.len()), (0, 1));
        assert_eq!(report.launches, Change { value: Some(0.0), previous: Some(0.0), change: None });
        assert_eq!(report.hour_active_users, Change::default());
    }

    #[test]
    fn days_with_nobody_have_empty_hours() {
        let report = realtime(&Application::with(&[]).at("2026-11-26 23:59"));
        assert_eq!((report.today.len(), report.yesterday.len()), (24, 24));
        assert_eq!(report.active_users, Change { value: Some(0.0), previous: Some(0.0), change: None });
    }
}
