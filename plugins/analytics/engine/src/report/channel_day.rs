//! 6.8.1 时段详情: the new users of a day by hour, of several channels.

use serde::{Deserialize, Serialize};

use super::channel_choice::{asked, highest};
use super::table::{Table, Tabular};
use crate::{ChannelId, Day, Error, Result, Snapshot};

/// The most channels in one report.
pub const MOST: usize = 100;

/// How many channels are shown unless they are said.
pub const UNLESS_SAID: usize = 10;

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The day.
    pub date: Day,
    /// The channels, at most [`MOST`]; a name that comes again is left out. Unless it is said, the
    /// [`UNLESS_SAID`] with the most new users of the day; those without any are left out.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
}

/// New users by channel and hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelDay {
    /// The day.
    pub date: Day,
    /// The new users of all channels, also of those that are not shown.
    pub total: u64,
    /// In the order they were asked in, or the most new users first, equal ones by name (by its bytes).
    pub channels: Vec<Row>,
}

/// The new users of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The channel's name.
    pub channel: String,
    /// Its new users of the day.
    pub new_users: u64,
    /// By local hour, 24 of them.
    pub hours: Vec<u64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the day has not begun or there are too many channels.
pub fn channel_day(snapshot: &Snapshot, params: &Params) -> Result<ChannelDay> {
    let date = params.date;
    if date > snapshot.today() {
        return Err(Error::parameter(format!("`date` ({date}) has not begun")));
    }
    let mut by_channel = vec![[0_u64; 24]; snapshot.channels.len()];
    let newcomers = snapshot.newcomers(date);
    for device in newcomers.iter().filter_map(|id| snapshot.devices.get(id)) {
        let hours = by_channel.get_mut(device.channel.0 as usize);
        if let Some(count) = hours.and_then(|hours| hours.get_mut(usize::from(device.first_hour))) {
            *count += 1;
        }
    }
    let chosen = match &params.channels {
        Some(names) => asked(snapshot, names, MOST)?,
        None => {
            let sums = by_channel.iter().map(|hours| hours.iter().sum::<u64>());
            let with_users = sums.zip(0..).filter(|(sum, _)| *sum > 0).map(|(sum, id)| (ChannelId(id), sum));
            highest(snapshot, with_users, UNLESS_SAID)
        }
    };
    let rows = chosen.into_iter().map(|channel| {
        let hours = channel.id.and_then(|id| by_channel.get(id.0 as usize)).copied().unwrap_or_default();
        Row { channel: channel.name, new_users: hours.iter().sum(), hours: hours.to_vec() }
    });
    Ok(ChannelDay { date, total: newcomers.len(), channels: rows.collect() })
}

impl Tabular for ChannelDay {
    fn table(&self) -> Table {
        let names = ["Channel", "New users"].map(str::to_owned);
        let hours = (0..24).map(|hour| format!("{hour:02}:00"));
        let row = |row: &Row| {
            [row.channel.as_str().into(), row.new_users.into()].into_iter().chain(row.hours.iter().map(|count| (*count).into())).collect()
        };
        Table { columns: names.into_iter().chain(hours).collect(), rows: self.channels.iter().map(row).collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day, week};

    fn report(snapshot: &Snapshot, date: &str, channels: Option<&[&str]>) -> ChannelDay {
        let channels = channels.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        channel_day(snapshot, &Params { date: day(date), channels }).unwrap()
    }

    fn brief(report: &ChannelDay) -> Vec<(&str, u64)> {
        report.channels.iter().map(|row| (row.channel.as_str(), row.new_users)).collect()
    }

    #[test]
    fn new_users_are_counted_in_the_hour_of_their_first_launch() {
        let mut application = Application::with(&[
            ("a", "2026-11-25 08:59", 1, "ad"),
            ("a", "2026-11-25 09:00", 1, "ad"),
            ("b", "2026-11-25 08:00", 1, "ad"),
            ("c", "2026-11-25 23:59", 1, "ad"),
            ("old", "2026-11-24 12:00", 1, "ad"),
            ("old", "2026-11-25 12:00", 1, "ad"),
        ]);
        let report = report(&application.at("2026-11-26 10:00"), "2026-11-25", None);
        let mut hours = vec![0; 24];
        (hours[8], hours[23]) = (2, 1);
        assert_eq!(report.channels, [Row { channel: "ad".to_owned(), new_users: 3, hours }]);
        assert_eq!(report.total, 3);
    }

    #[test]
    fn the_first_ten_are_shown_equal_ones_by_name_and_those_without_new_users_not() {
        let mut application = Application::with(&[("old", "2026-11-24 12:00", 1, "idle"), ("old", "2026-11-25 12:00", 1, "idle")]);
        // Noted in another order than that of their names.
        for channel in ["l", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b", ""] {
            application.launch(channel, "2026-11-25 12:00", 1, channel);
        }
        application.launch("more", "2026-11-25 12:00", 1, "l");
        let report = report(&application.at("2026-11-26 10:00"), "2026-11-25", None);
        let rows = [("l", 2), ("", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1), ("g", 1), ("h", 1), ("i", 1)];
        assert_eq!((brief(&report), report.total), (rows.to_vec(), 13));
    }

    #[test]
    fn channels_come_in_the_order_they_are_asked_in_each_once() {
        let report = report(&week(), "2026-11-21", Some(&["nowhere", "ad", "nowhere", ""]));
        assert_eq!(brief(&report), [("nowhere", 0), ("ad", 1), ("", 1)]);
        assert_eq!(report.channels[0].hours, [0; 24]);
    }

    #[test]
    fn the_channel_is_that_of_the_earliest_launch_whenever_it_is_told() {
        let mut application = Application::with(&[("a", "2026-11-25 12:00", 1, "late")]);
        application.launch("a", "2026-11-25 11:59", 1, "early");
        let report = report(&application.at("2026-11-26 10:00"), "2026-11-25", None);
        assert_eq!((brief(&report), report.channels[0].hours[11]), (vec![("early", 1)], 1));
    }

    #[test]
    fn a_day_without_new_users_shows_no_channel() {
        assert_eq!(report(&week(), "2026-11-25", None), ChannelDay { date: day("2026-11-25"), total: 0, channels: vec![] });
    }

    #[test]
    fn days_that_have_not_begun_and_too_many_channels_are_refused() {
        let of = |date, names| channel_day(&week(), &Params { date: day(date), channels: Some(vec!["ad".to_owned(); names]) });
        assert!(of("2026-11-26", MOST).is_ok());
        assert!(of("2026-11-26", MOST + 1).is_err());
        assert!(of("2026-11-27", 1).is_err());
    }

    #[test]
    fn its_table_has_a_column_for_each_hour() {
        let csv = report(&week(), "2026-11-21", Some(&["ad"])).table().csv();
        let (names, row) = csv.split_once("\r\n").unwrap();
        assert!(names.starts_with("Channel,New users,00:00,01:00,") && names.ends_with(",23:00"), "{names}");
        assert_eq!(row, "ad,1,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0\r\n");
    }
}
