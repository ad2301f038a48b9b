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
