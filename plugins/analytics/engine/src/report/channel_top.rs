//! 6.4.1 TOP渠道: the ten strongest channels of a day by new, active and cumulative users, and the rest.

use serde::{Deserialize, Serialize};

use super::channel_choice::{OTHERS, highest};
use super::channel_tally::{Places, Tally, tallies};
use super::table::{Cell, Table, Tabular, columns};
use super::{Range, rate};
use crate::{ChannelId, Day, Error, Result, Snapshot};

/// How many channels are shown by themselves.
pub const SHOWN: usize = 10;

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The day; today unless it is said.
    #[serde(default)]
    pub date: Option<Day>,
}

/// The strongest channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Top {
    /// The day.
    pub date: Day,
    /// By 新增用户.
    pub new_users: Ranking,
    /// By 活跃用户.
    pub active_users: Ranking,
    /// By 累计用户.
    pub cumulative_users: Ranking,
}

/// Channels by one figure of the day, the highest first; equal ones by name (by its bytes). Those
/// without any on the day are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ranking {
    /// The first ten.
    pub channels: Vec<Share>,
    /// All others together, also those that only had users on the day before; its name is empty.
    pub others: Share,
}

/// A channel's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// The channel's name; empty for users that came by none.
    pub channel: String,
    /// Its users on the day.
    pub users: u64,
    /// Their part of the users of all channels; absent where there are none.
    pub share: Option<f64>,
    /// Its users on the day before.
    pub users_before: u64,
    /// Their part of the users of all channels on the day before.
    pub share_before: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the day has not begun.
pub fn top(snapshot: &Snapshot, params: &Params) -> Result<Top> {
    let today = snapshot.today();
    let date = params.date.unwrap_or(today);
    if date > today {
        return Err(Error::parameter(format!("`date` ({date}) has not begun")));
    }
    let places = Places::all(snapshot);
    let of_day = |day: Day| tallies(snapshot, &Range { from: day, to: day }, &places, &[]);
    let (now, before) = (of_day(date), of_day(date.plus(-1)));
    let by = |figure: fn(&Tally) -> u64| {
        let figures = |tallies: &[Tally]| tallies.iter().map(figure).collect::<Vec<_>>();
        ranking(snapshot, &figures(&now), &figures(&before))
    };
    let (until_now, until_before) = cumulative(snapshot, date);
    Ok(Top {
        date,
        new_users: by(|tally| tally.new),
        active_users: by(|tally| tally.active),
        cumulative_users: ranking(snapshot, &until_now, &until_before),
    })
}

/// The users of each channel with a launch until the end of a day, and until that of the day before.
fn cumulative(snapshot: &Snapshot, date: Day) -> (Vec<u64>, Vec<u64>) {
    let nobody = vec![0; snapshot.channels.len()];
    let (mut now, mut before) = (nobody.clone(), nobody);
    for device in snapshot.devices.iter() {
        let counts = if device.first_day < date { &mut before } else { &mut now };
        if let Some(count) = counts.get_mut(device.channel.0 as usize).filter(|_| device.first_day <= date) {
            *count += 1;
        }
    }
    now.iter_mut().zip(&before).for_each(|(now, before)| *now += before);
    (now, before)
}

/// Ranks the channels by their users, which are given by the channels' numbers.
fn ranking(snapshot: &Snapshot, now: &[u64], before: &[u64]) -> Ranking {
    let (all_now, all_before) = (now.iter().sum(), before.iter().sum());
    let share = |channel: String, users: u64, users_before: u64| Share {
        channel,
        users,
        share: rate(users, all_now),
        users_before,
        share_before: rate(users_before, all_before),
    };
    let of = |id: Option<ChannelId>, users: &[u64]| id.and_then(|id| users.get(id.0 as usize)).copied().unwrap_or(0);
    let with_users = now.iter().zip(0..).filter(|(users, _)| **users > 0).map(|(users, id)| (ChannelId(id), *users));
    let first = highest(snapshot, with_users, SHOWN);
    let channels: Vec<_> = first.into_iter().map(|channel| share(channel.name, of(channel.id, now), of(channel.id, before))).collect();
    let rest = |all: u64, part: fn(&Share) -> u64| all - channels.iter().map(part).sum::<u64>();
    let others = share(String::new(), rest(all_now, |shown| shown.users), rest(all_before, |shown| shown.users_before));
    Ranking { channels, others }
}

impl Tabular for Top {
    fn table(&self) -> Table {
        let names = ["Users", "Place", "Channel", "Count", "Share", "Count the day before", "Share the day before"];
        let rankings = [("new", &self.new_users), ("active", &self.active_users), ("cumulative", &self.cumulative_users)];
        let rows = rankings.into_iter().flat_map(|(kind, ranking)| {
            let row = move |place: Cell, share: &Share, name: &str| {
                let figures = [share.users.into(), share.share.into(), share.users_before.into(), share.share_before.into()];
                [kind.into(), place, name.into()].into_iter().chain(figures).collect()
            };
            let shown = ranking.channels.iter().zip(1_u32..).map(move |(share, place)| row(place.into(), share, &share.channel));
            shown.chain([row(Cell::Empty, &ranking.others, OTHERS)])
        });
        Table { columns: columns(names), rows: rows.collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day, week};

    fn report(snapshot: &Snapshot, date: &str) -> Top {
        top(snapshot, &Params { date: Some(day(date)) }).unwrap()
    }

    /// Channel, users, users on the day before; the others last.
    fn brief(ranking: &Ranking) -> Vec<(&str, u64, u64)> {
        ranking.channels.iter().chain([&ranking.others]).map(|share| (share.channel.as_str(), share.users, share.users_before)).collect()
    }

    #[test]
    fn three_rankings_of_a_day() {
        let top = report(&week(), "2026-11-25");
        assert_eq!(brief(&top.new_users), [("", 0, 1)]);
        assert_eq!(brief(&top.active_users), [("", 1, 0), ("ad", 1, 1), ("", 0, 0)]);
        assert_eq!(brief(&top.cumulative_users), [("ad", 2, 2), ("", 1, 1), ("", 0, 0)]);
        assert_eq!((top.new_users.others.share, top.new_users.others.share_before), (None, Some(1.0)));
        let ad = &top.active_users.channels[1];
        assert_eq!((ad.share, ad.share_before), (Some(0.5), Some(1.0)));
    }

    #[test]
    fn it_is_of_today_unless_it_is_said() {
        let top = top(&week(), &Params::default()).unwrap();
        assert_eq!((top.date, brief(&top.cumulative_users)), (day("2026-11-26"), vec![("", 2, 1), ("ad", 2, 2), ("", 0, 0)]));
    }

    #[test]
    fn ten_are_shown_equal_ones_by_name_and_the_rest_is_one() {
        let mut application = Application::with(&[("gone", "2026-11-24 12:00", 1, "gone")]);
        for (place, channel) in ["n", "m", "l", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b"].into_iter().enumerate() {
            for user in 0..if place < 2 { 3 } else { 1 } {
                application.launch(&format!("{channel}{user}"), "2026-11-25 12:00", 1, channel);
            }
        }
        let top = report(&application.at("2026-11-25 13:00"), "2026-11-25");
        let shown: Vec<_> = top.active_users.channels.iter().map(|share| share.channel.as_str()).collect();
        assert_eq!(shown, ["m", "n", "b", "c", "d", "e", "f", "g", "h", "i"]);
        assert_eq!(top.active_users.channels[0].share, Some(3.0 / 17.0));
        // `j`, `k` and `l`, and `gone` on the day before.
        let others = Share { channel: String::new(), users: 3, share: Some(3.0 / 17.0), users_before: 1, share_before: Some(1.0) };
        assert_eq!((&top.active_users.others, &top.new_users.others), (&others, &others));
        assert_eq!(top.cumulative_users.others.users, 4);
    }

    #[test]
    fn a_late_earlier_launch_takes_a_user_to_another_channel_on_all_days() {
        let mut application = Application::with(&[("a", "2026-11-24 12:00", 1, "late"), ("a", "2026-11-25 12:00", 1, "late")]);
        assert_eq!(brief(&report(&application.at("2026-11-25 13:00"), "2026-11-25").active_users)[0], ("late", 1, 1));
        application.launch("a", "2026-11-23 12:00", 1, "early");
        let top = report(&application.at("2026-11-25 13:00"), "2026-11-25");
        assert_eq!(brief(&top.active_users), [("early", 1, 1), ("", 0, 0)]);
        assert_eq!(brief(&top.cumulative_users), [("early", 1, 1), ("", 0, 0)]);
        assert_eq!(brief(&top.new_users), [("", 0, 0)]);
    }

    #[test]
    fn nobody_makes_empty_rankings() {
        let top = report(&Application::with(&[]).at("2026-11-26 10:00"), "2026-11-26");
        for ranking in [&top.new_users, &top.active_users, &top.cumulative_users] {
            assert_eq!((brief(ranking), ranking.others.share), (vec![("", 0, 0)], None));
        }
    }

    #[test]
    fn a_day_that_has_not_begun_is_refused() {
        assert!(top(&week(), &Params { date: Some(day("2026-11-27")) }).is_err());
    }

    #[test]
    fn its_table_has_all_rankings_and_the_others_without_a_place() {
        let csv = report(&week(), "2026-11-25").table().csv();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines[0], "Users,Place,Channel,Count,Share,Count the day before,Share the day before");
        assert_eq!(lines[1..4], ["new,,(all others),0,,1,1", "active,1,,1,0.5,0,0", "active,2,ad,1,0.5,1,1"]);
    }
}
