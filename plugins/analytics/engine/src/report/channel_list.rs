//! 6.8.2 渠道列表: the figures of each channel over a range of days.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Range;
use super::channel_choice::{OTHERS, asked, highest};
use super::channel_tally::{Places, Tally, tallies};
use super::table::{Cell, Table, Tabular, columns};
use crate::{ChannelId, Day, Error, Result, Snapshot, Unit, channels};

/// The most channels that are shown by themselves: as many as an application has.
pub const MOST: usize = channels::MOST + 2;
/// How many channels are shown unless it is said.
pub const UNLESS_SAID: usize = 10;

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// By what the channels with active users are sorted: the highest first, what cannot be said
    /// last, equal ones by name (by its bytes).
    #[serde(default)]
    pub sort: Figure,
    /// How many channels are shown by themselves: 10 unless it is said, at most 2,002. It does not
    /// matter where `channels` are asked for.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Show these channels, in this order, instead of the first by `sort`: at most 2,002. A name that
    /// comes again is left out.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
}

/// A figure of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Figure {
    /// 新用户.
    #[default]
    NewUsers,
    /// 活跃用户.
    ActiveUsers,
    /// 启动次数.
    Launches,
    /// 平均单次使用时长.
    SingleUseTime,
    /// 平均日使用时长.
    DailyUseTime,
    /// 新增用户次日留存率.
    NextDayRetention,
}

/// The channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelList {
    /// The days.
    #[serde(flatten)]
    pub range: Range,
    /// How many channels have users that were active in the range.
    pub count: usize,
    /// The channels that are shown.
    pub channels: Vec<Row>,
    /// All other channels together; its name is empty.
    pub others: Row,
}

/// The figures of a channel over the range.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The channel's name.
    pub channel: String,
    /// New users.
    pub new_users: u64,
    /// Active users, each once.
    pub active_users: u64,
    /// Launches.
    pub launches: u64,
    /// Time in front / launches, in milliseconds.
    pub single_use_time: Option<f64>,
    /// Time in front / daily active users, added over the days, in milliseconds.
    pub daily_use_time: Option<f64>,
    /// Next-day retention of the new users, of the days whose next day has ended.
    pub next_day_retention: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range or the limit is not valid.
pub fn channel_list(snapshot: &Snapshot, params: &Params) -> Result<ChannelList> {
    let range = Range { from: params.from, to: params.to };
    range.check(Unit::Day)?;
    let limit = params.limit.unwrap_or(UNLESS_SAID);
    if limit > MOST {
        return Err(Error::parameter(format!("`limit` is at most {MOST}")));
    }
    let all = tallies(snapshot, &range, &Places::all(snapshot), &[Figure::ActiveUsers, Figure::NextDayRetention]);
    let active = || all.iter().zip(0..).filter(|(tally, _)| tally.active > 0);
    let chosen = match &params.channels {
        Some(names) => asked(snapshot, names, MOST)?,
        None => highest(snapshot, active().map(|(tally, id)| (ChannelId(id), tally.figure(params.sort))), limit),
    };
    let shown: HashSet<_> = chosen.iter().filter_map(|channel| channel.id).collect();
    let mut others = Tally::default();
    active().filter(|(_, id)| !shown.contains(&ChannelId(*id))).for_each(|(tally, _)| others.add(tally));
    let rows = chosen.into_iter().map(|channel| {
        let tally = channel.id.and_then(|id| all.get(id.0 as usize)).copied().unwrap_or_default();
        Row::of(channel.name, &tally)
    });
    Ok(ChannelList { range, count: active().count(), channels: rows.collect(), others: Row::of(String::new(), &others) })
}

impl Row {
    fn of(channel: String, tally: &Tally) -> Self {
        Self {
            channel,
            new_users: tally.new,
            active_users: tally.active,
            launches: tally.launches,
            single_use_time: tally.figure(Figure::SingleUseTime),
            daily_use_time: tally.figure(Figure::DailyUseTime),
            next_day_retention: tally.figure(Figure::NextDayRetention),
        }
    }

    fn cells(&self, place: Cell, name: &str) -> Vec<Cell> {
        vec![
            place,
            name.into(),
            self.new_users.into(),
            self.active_users.into(),
            self.launches.into(),
            self.single_use_time.into(),
            self.daily_use_time.into(),
            self.next_day_retention.into(),
        ]
    }
}

impl Tabular for ChannelList {
    fn table(&self) -> Table {
        let names = [
            "Place",
            "Channel",
            "New users",
            "Active users",
            "Launches",
            "Time of a launch (ms)",
            "Time of a user in a day (ms)",
            "Next-day retention",
        ];
        let shown = self.channels.iter().zip(1_u32..).map(|(row, place)| row.cells(place.into(), &row.channel));
        Table { columns: columns(names), rows: shown.chain([self.others.cells(Cell::Empty, OTHERS)]).collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day, week};

    fn params(from: &str, to: &str) -> Params {
        Params { from: day(from), to: day(to), sort: Figure::NewUsers, limit: None, channels: None }
    }

    fn names(list: &ChannelList) -> Vec<&str> {
        list.channels.iter().map(|row| row.channel.as_str()).collect()
    }

    /// `ad` three new users on one day of whom one comes back on the next, `web` one that comes on
    /// three days; today is the third.
    fn three_days() -> Snapshot {
        let mut application = Application::with(&[
            ("a", "2026-11-24 10:00", 10, "ad"),
            ("b", "2026-11-24 10:00", 20, "ad"),
            ("c", "2026-11-24 10:00", 30, "ad"),
            ("a", "2026-11-25 10:00", 40, "ad"),
            ("a", "2026-11-25 11:00", 50, "ad"),
            ("w", "2026-11-24 10:00", 60, "web"),
            ("w", "2026-11-25 10:00", 60, "web"),
            ("w", "2026-11-26 10:00", 60, "web"),
            ("n", "2026-11-26 10:00", 0, "now"),
        ]);
        application.at("2026-11-26 12:00")
    }

    #[test]
    fn all_figures_of_a_channel() {
        let list = channel_list(&three_days(), &params("2026-11-24", "2026-11-26")).unwrap();
        assert_eq!((names(&list), list.count), (vec!["ad", "now", "web"], 3));
        let ad = Row {
            channel: "ad".to_owned(),
            new_users: 3,
            active_users: 3,
            launches: 5,
            single_use_time: Some(30_000.0),
            // Three users on the first day and one on the second.
            daily_use_time: Some(37_500.0),
            next_day_retention: Some(1.0 / 3.0),
        };
        assert_eq!(list.channels[0], ad);
        // The next day of today's new user has not ended.
        assert_eq!((list.channels[1].next_day_retention, list.channels[1].single_use_time), (None, Some(0.0)));
        assert_eq!((list.channels[2].active_users, list.channels[2].daily_use_time), (1, Some(60_000.0)));
        assert_eq!(list.others, Row::of(String::new(), &Tally::default()));
    }

    #[test]
    fn new_users_of_yesterday_are_not_followed_yet() {
        let list = channel_list(&week(), &params("2026-11-24", "2026-11-24")).unwrap();
        assert_eq!(list.channels[0].next_day_retention, Some(1.0));
        let mut application = Application::with(&[("a", "2026-11-25 10:00", 1, "ad"), ("a", "2026-11-26 10:00", 1, "ad")]);
        let list = channel_list(&application.at("2026-11-26 12:00"), &params("2026-11-25", "2026-11-26")).unwrap();
        assert_eq!((list.channels[0].new_users, list.channels[0].next_day_retention), (1, None));
        let list = channel_list(&application.at("2026-11-27 00:00"), &params("2026-11-25", "2026-11-26")).unwrap();
        assert_eq!(list.channels[0].next_day_retention, Some(1.0));
    }

    #[test]
    fn channels_are_sorted_by_any_figure_and_what_cannot_be_said_is_last() {
        let by = |sort| {
            let list = channel_list(&three_days(), &Params { sort, ..params("2026-11-24", "2026-11-26") }).unwrap();
            names(&list).join(" ")
        };
        assert_eq!(by(Figure::NewUsers), "ad now web");
        assert_eq!(by(Figure::ActiveUsers), "ad now web");
        assert_eq!(by(Figure::Launches), "ad web now");
        assert_eq!(by(Figure::SingleUseTime), "web ad now");
        assert_eq!(by(Figure::DailyUseTime), "web ad now");
        assert_eq!(by(Figure::NextDayRetention), "web ad now");
    }

    #[test]
    fn all_that_are_not_shown_are_the_others() {
        let limited = channel_list(&three_days(), &Params { limit: Some(1), ..params("2026-11-24", "2026-11-26") }).unwrap();
        assert_eq!((names(&limited), limited.count), (vec!["ad"], 3));
        let others = &limited.others;
        assert_eq!((others.new_users, others.active_users, others.launches), (2, 2, 4));
        assert_eq!((others.single_use_time, others.daily_use_time, others.next_day_retention), (Some(45_000.0), Some(45_000.0), Some(1.0)));
        let none = channel_list(&three_days(), &Params { limit: Some(0), ..params("2026-11-24", "2026-11-26") }).unwrap();
        assert_eq!((none.channels.len(), none.others.active_users), (0, 5));
    }

    #[test]
    fn channels_come_in_the_order_they_are_asked_in_each_once() {
        let asked = ["web", "nowhere", "web", ""].map(str::to_owned).to_vec();
        let list =
            channel_list(&three_days(), &Params { channels: Some(asked), limit: Some(1), ..params("2026-11-24", "2026-11-26") }).unwrap();
        assert_eq!((names(&list), list.count, list.others.active_users), (vec!["web", "nowhere", ""], 3, 4));
        assert_eq!(list.channels[1], Row::of("nowhere".to_owned(), &Tally::default()));
    }

    #[test]
    fn ten_are_shown_unless_it_is_said_and_only_those_that_were_active() {
        let mut application = Application::with(&[("x", "2026-11-20 10:00", 1, "a")]);
        for place in 0..12 {
            application.launch(&place.to_string(), "2026-11-24 10:00", 1, &format!("channel {place:02}"));
        }
        let list = channel_list(&application.at("2026-11-26 12:00"), &params("2026-11-24", "2026-11-30")).unwrap();
        assert_eq!((list.channels.len(), list.count, list.others.active_users), (10, 12, 2));
        assert_eq!((list.channels[0].channel.as_str(), list.channels[9].channel.as_str()), ("channel 00", "channel 09"));
    }

    #[test]
    fn users_belong_to_the_channel_of_their_first_launch_with_all_they_did() {
        let mut application = Application::with(&[("a", "2026-11-24 10:00", 10, "late"), ("a", "2026-11-25 10:00", 20, "late")]);
        assert_eq!(names(&channel_list(&application.at("2026-11-26 12:00"), &params("2026-11-24", "2026-11-25")).unwrap()), ["late"]);
        application.launch("a", "2026-11-23 10:00", 30, "early");
        let list = channel_list(&application.at("2026-11-26 12:00"), &params("2026-11-24", "2026-11-25")).unwrap();
        assert_eq!((names(&list), list.channels[0].new_users, list.channels[0].launches), (vec!["early"], 0, 2));
    }

    #[test]
    fn reversed_days_and_too_many_channels_are_refused() {
        let good = || params("2026-11-24", "2026-11-25");
        assert!(channel_list(&week(), &params("2026-11-25", "2026-11-24")).is_err());
        assert!(channel_list(&week(), &params("2024-11-24", "2026-11-26")).is_err());
        assert!(channel_list(&week(), &Params { limit: Some(MOST), ..good() }).is_ok());
        assert!(channel_list(&week(), &Params { limit: Some(MOST + 1), ..good() }).is_err());
        assert!(channel_list(&week(), &Params { channels: Some(vec!["a".to_owned(); MOST + 1]), ..good() }).is_err());
    }

    #[test]
    fn its_table_ends_with_the_others() {
        let csv = channel_list(&three_days(), &Params { limit: Some(1), ..params("2026-11-24", "2026-11-24") }).unwrap().table().csv();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(
            lines[0],
            "Place,Channel,New users,Active users,Launches,Time of a launch (ms),Time of a user in a day (ms),Next-day retention"
        );
        assert_eq!(lines[1..], ["1,ad,3,3,3,20000,20000,0.3333333333333333", ",(all others),1,1,1,60000,60000,1"]);
    }
}
