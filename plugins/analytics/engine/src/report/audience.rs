//! Whose figures a report tells: those of all users, or of the users of one channel.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::Range;
use super::buckets::{self, Span};
use crate::{ChannelId, Day, Snapshot, Unit};

/// All users, or those of a channel.
pub(super) struct Audience<'a> {
    snapshot: &'a Snapshot,
    today: Day,
    channel: Option<Channel>,
}

struct Channel {
    /// None where nobody came by it.
    id: Option<ChannelId>,
    members: RoaringBitmap,
    /// The members until the end of each day that has new ones.
    cumulative: OnceCell<Vec<(Day, u64)>>,
}

/// The counts of a day, or of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// New users.
    pub new: u64,
    /// Active users.
    pub active: u64,
    /// Launches.
    pub launches: u64,
    /// Time in front, in milliseconds.
    pub duration: u64,
}

impl Tally {
    fn plus(self, other: Self) -> Self {
        Self {
            new: self.new + other.new,
            active: self.active + other.active,
            launches: self.launches + other.launches,
            duration: self.duration + other.duration,
        }
    }
}

impl<'a> Audience<'a> {
    /// All users, or those of a channel; nobody where there is no such channel.
    pub fn of(snapshot: &'a Snapshot, channel: Option<&str>) -> Self {
        let today = snapshot.today();
        let channel =
            channel.map(|name| Channel { id: snapshot.channels.id(name), members: snapshot.members(name), cumulative: OnceCell::new() });
        Self { snapshot, today, channel }
    }

    /// The last day that is shown.
    pub fn today(&self) -> Day {
        self.today
    }

    /// The counts of a day.
    pub fn day(&self, day: Day) -> Tally {
        let Some(channel) = &self.channel else {
            let Some(figures) = self.snapshot.day(day) else { return Tally::default() };
            let new = self.snapshot.newcomers(day).len();
            return Tally { new, active: figures.active.len(), launches: figures.launches, duration: figures.duration };
        };
        let figures = self.snapshot.channel_figures(day);
        let place = channel.id.and_then(|id| figures.binary_search_by_key(&id, |one| one.channel).ok());
        place.and_then(|place| figures.get(place)).map_or(Tally::default(), |one| Tally {
            new: one.new,
            active: one.active,
            launches: one.launches,
            duration: one.duration,
        })
    }

    /// The counts of the 24 local hours of a day, of all users.
    pub fn hours(&self, day: Day) -> [Tally; 24] {
        let mut hours = [Tally::default(); 24];
        if let Some(figures) = self.snapshot.day(day) {
            for (tally, hour) in hours.iter_mut().zip(&figures.hours) {
                *tally = Tally { new: 0, active: hour.active.len(), launches: hour.launches, duration: hour.duration };
            }
        }
        for device in self.snapshot.newcomers(day) {
            if let Some(tally) = hours.get_mut(usize::from(self.snapshot.devices.first_hour(device))) {
                tally.new += 1;
            }
        }
        hours
    }

    /// The buckets of a range up to the present one, with their counts. Active users are added over
    /// the days of weeks and months.
    pub fn tallies(&self, range: &Range, unit: Unit) -> Vec<(Span, Tally)> {
        let spans = buckets::of(self.snapshot, range, unit);
        if unit == Unit::Hour {
            let by_hour = |spans: &[Span]| {
                let hours = spans.first().map(|span| self.hours(span.from)).unwrap_or_default();
                spans.iter().copied().zip(hours).collect::<Vec<_>>()
            };
            return spans.chunk_by(|one, next| one.from == next.from).flat_map(by_hour).collect();
        }
        spans
            .into_iter()
            .map(|span| (span, span.days_begun(self.today).map(|day| self.day(day)).fold(Tally::default(), Tally::plus)))
            .collect()
    }

    /// The active users of a bucket with these counts, each once.
    pub fn active_in(&self, span: &Span, unit: Unit, tally: &Tally) -> u64 {
        match unit {
            Unit::Hour | Unit::Day => tally.active,
            Unit::Week | Unit::Month => self.active_between(span.from, span.to),
        }
    }

    /// The active users of each of the 24 local hours of a day.
    pub fn active_by_hour(&self, day: Day) -> [u64; 24] {
        let mut hours = [0; 24];
        let figures = self.snapshot.day(day).map_or(&[][..], |figures| &figures.hours);
        // Clocks of clients may be ahead: hours of today that have not begun count as without users.
        let begun = if day == self.today { usize::from(self.snapshot.hour()) + 1 } else { 24 };
        for (active, hour) in hours.iter_mut().zip(figures).take(begun) {
            *active = self.count(&hour.active);
        }
        hours
    }

    /// The users that were active on any day of a range, each once.
    pub fn active_between(&self, from: Day, to: Day) -> u64 {
        self.count(&self.snapshot.active_between(from, to))
    }

    /// The new users of a day.
    pub fn newcomers(&self, day: Day) -> Cow<'a, RoaringBitmap> {
        let all = self.snapshot.newcomers(day);
        self.channel.as_ref().map_or(Cow::Borrowed(all), |channel| Cow::Owned(all & &channel.members))
    }

    /// How many of the new users of a day launched on the next one; none until that has ended.
    pub fn retained(&self, day: Day) -> Option<u64> {
        let next = day.plus(1);
        (next < self.today).then(|| self.newcomers(day).intersection_len(self.snapshot.active(next)))
    }

    /// The users with a launch until the end of a day.
    pub fn cumulative(&self, day: Day) -> u64 {
        let Some(channel) = &self.channel else { return self.snapshot.cumulative(day) };
        let sums = channel.cumulative.get_or_init(|| {
            let mut sum = 0;
            let add = |(day, new): (&Day, &Arc<RoaringBitmap>)| {
                sum += channel.members.intersection_len(new);
                (*day, sum)
            };
            self.snapshot.newcomers.iter().map(add).collect()
        });
        let after = sums.partition_point(|(some, _)| *some <= day);
        after.checked_sub(1).and_then(|last| sums.get(last)).map_or(0, |(_, sum)| *sum)
    }

    /// For each window, and each day of a range, the users that were active in the so many days that end with it.
    pub fn active_windows<const N: usize>(&self, from: Day, to: Day, windows: [i32; N]) -> [Vec<u64>; N] {
        self.snapshot.active_counts(from, to, windows, self.channel.as_ref().map(|channel| &channel.members))
    }

    fn count(&self, devices: &RoaringBitmap) -> u64 {
        self.channel.as_ref().map_or(devices.len(), |channel| channel.members.intersection_len(devices))
    }
}
