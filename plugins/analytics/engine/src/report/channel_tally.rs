//! What the users of each channel did in some days, in one pass over the days.

use std::cell::OnceCell;

use roaring::RoaringBitmap;

use super::channel_choice::Chosen;
use super::channel_list::Figure;
use super::{Range, rate};
use crate::{ChannelId, Snapshot};

/// What the users of a channel did in some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// New users.
    pub new: u64,
    /// Active users, each once.
    pub active: u64,
    /// The active users of each day, added.
    pub daily_active: u64,
    /// Launches.
    pub launches: u64,
    /// Time in front, in milliseconds.
    pub duration: u64,
    /// The new users of days whose next day has ended.
    pub followed: u64,
    /// Those of them that launched on the next day.
    pub retained: u64,
}

impl Tally {
    /// Adds what the users of another channel did.
    pub fn add(&mut self, other: &Self) {
        self.new += other.new;
        self.active += other.active;
        self.daily_active += other.daily_active;
        self.launches += other.launches;
        self.duration += other.duration;
        self.followed += other.followed;
        self.retained += other.retained;
    }

    /// One of its figures.
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::NewUsers => Some(self.new as f64),
            Figure::ActiveUsers => Some(self.active as f64),
            Figure::Launches => Some(self.launches as f64),
            Figure::SingleUseTime => rate(self.duration, self.launches),
            Figure::DailyUseTime => rate(self.duration, self.daily_active),
            Figure::NextDayRetention => rate(self.retained, self.followed),
        }
    }
}

/// Where the tally of each channel goes.
pub(super) struct Places {
    /// By the channel's number; out of reach where nobody asks.
    of_channel: Vec<usize>,
    /// By the device's number, that of its channel; made when it is needed.
    of_device: OnceCell<Vec<u16>>,
    count: usize,
}

impl Places {
    /// Every channel at its number.
    pub fn all(snapshot: &Snapshot) -> Self {
        let count = snapshot.channels.len();
        Self { of_channel: (0..count).collect(), of_device: OnceCell::new(), count }
    }

    /// The chosen ones in their order.
    pub fn of(snapshot: &Snapshot, chosen: &[Chosen]) -> Self {
        let mut of_channel = vec![usize::MAX; snapshot.channels.len()];
        for (place, channel) in chosen.iter().enumerate() {
            if let Some(known) = channel.id.and_then(|id| of_channel.get_mut(id.0 as usize)) {
                *known = place;
            }
        }
        Self { of_channel, of_device: OnceCell::new(), count: chosen.len() }
    }

    fn of_channel(&self, channel: ChannelId) -> usize {
        self.of_channel.get(channel.0 as usize).copied().unwrap_or(usize::MAX)
    }

    /// Tells the place of each of some devices.
    fn each(&self, snapshot: &Snapshot, devices: &RoaringBitmap, mut tell: impl FnMut(usize)) {
        let narrow = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
        let make = || snapshot.devices.iter().map(|device| narrow(self.of_channel(device.channel))).collect();
        let places: &Vec<u16> = self.of_device.get_or_init(make);
        devices.iter().filter_map(|id| places.get(id as usize)).for_each(|place| tell(usize::from(*place)));
    }
}

/// What the users of the channels did in a range of days, by place. The fields that only figures
/// outside of `figures` need may stay empty.
pub(super) fn tallies(snapshot: &Snapshot, range: &Range, places: &Places, figures: &[Figure]) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); places.count];
    let today = snapshot.today();
    let days: Vec<_> = snapshot.days(range.from, range.to).map(|(day, _)| day).collect();
    for &day in &days {
        let followed = day.plus(1) < today;
        for of_day in snapshot.channel_figures(day).iter() {
            let Some(tally) = tallies.get_mut(places.of_channel(of_day.channel)) else { continue };
            tally.new += of_day.new;
            tally.daily_active += of_day.active;
            tally.launches += of_day.launches;
            tally.duration += of_day.duration;
            tally.followed += if followed { of_day.new } else { 0 };
        }
        if followed && figures.contains(&Figure::NextDayRetention) {
            let retained = snapshot.newcomers(day) & snapshot.active(day.plus(1));
            places.each(snapshot, &retained, |place| {
                if let Some(tally) = tallies.get_mut(place) {
                    tally.retained += 1;
                }
            });
        }
    }
    match days.len() {
        // Within a day every user counts once as it is.
        0 | 1 => tallies.iter_mut().for_each(|tally| tally.active = tally.daily_active),
        _ if figures.contains(&Figure::ActiveUsers) => {
            let active = snapshot.active_between(range.from, range.to);
            places.each(snapshot, &active, |place| {
                if let Some(tally) = tallies.get_mut(place) {
                    tally.active += 1;
                }
            });
        }
        _ => {}
    }
    tallies
}
