//! The state of an application at an instant, for reports.

mod cell;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use roaring::{MultiOps as _, RoaringBitmap};

use crate::{Calendar, Channels, Day, DayFigures, Devices, Unit};

pub(crate) use cell::Cell;
pub use cell::{Ages, ChannelFigures, OLDEST};

static NOBODY: LazyLock<RoaringBitmap> = LazyLock::new(RoaringBitmap::new);

/// The state of an application at an instant. Cheap to clone; nothing in it changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The application's calendar.
    pub calendar: Calendar,
    /// The instant, in milliseconds since 1970. Days after it are not shown.
    pub now: i64,
    /// The devices.
    pub devices: Arc<Devices>,
    /// The names of channels.
    pub channels: Arc<Channels>,
    /// The days with launches, up to today.
    pub(crate) days: Arc<BTreeMap<Day, Arc<Cell>>>,
    /// For each day, the devices whose first launch was on it.
    pub(crate) newcomers: Arc<BTreeMap<Day, Arc<RoaringBitmap>>>,
    pub(crate) rollups: Arc<Rollups>,
}

impl Snapshot {
    /// Today, in the application's time zone.
    pub fn today(&self) -> Day {
        self.calendar.locate(self.now).0
    }

    /// The present local hour, 0 to 23: as many hours of today are full.
    pub fn hour(&self) -> u8 {
        self.calendar.locate(self.now).1
    }

    /// The first day with a launch.
    pub fn first_day(&self) -> Option<Day> {
        self.days.keys().next().copied()
    }

    /// The figures of a day; none when nothing was launched.
    pub fn day(&self, day: Day) -> Option<&DayFigures> {
        self.days.get(&day).map(|cell| cell.figures.as_ref())
    }

    /// The days with launches of a range, in order.
    pub fn days(&self, from: Day, to: Day) -> impl Iterator<Item = (Day, &DayFigures)> {
        self.cells(from, to).map(|(day, cell)| (day, cell.figures.as_ref()))
    }

    fn cells(&self, from: Day, to: Day) -> impl Iterator<Item = (Day, &Cell)> {
        let some = from <= to;
        self.days.range(from..=to.max(from)).filter(move |_| some).map(|(day, cell)| (*day, cell.as_ref()))
    }

    /// The devices that were active on a day.
    pub fn active(&self, day: Day) -> &RoaringBitmap {
        self.day(day).map_or(&NOBODY, |figures| &figures.active)
    }

    /// The devices that were active on any day of a range.
    pub fn active_between(&self, from: Day, to: Day) -> Arc<RoaringBitmap> {
        self.between(Kind::Active, from, to)
    }

    /// The devices whose first launch was on a day.
    pub fn newcomers(&self, day: Day) -> &RoaringBitmap {
        self.newcomers.get(&day).map_or(&NOBODY, Arc::as_ref)
    }

    /// The devices whose first launch was on any day of a range.
    pub fn newcomers_between(&self, from: Day, to: Day) -> Arc<RoaringBitmap> {
        self.between(Kind::Newcomers, from, to)
    }

    /// How many devices launched until the end of a day.
    pub fn cumulative(&self, day: Day) -> u64 {
        let sums = self.rollups.cumulative.get_or_init(|| {
            let mut sum = 0;
            let add = |(day, some): (&Day, &Arc<RoaringBitmap>)| {
                sum += some.len();
                (*day, sum)
            };
            self.newcomers.iter().map(add).collect()
        });
        let after = sums.partition_point(|(some, _)| *some <= day);
        after.checked_sub(1).and_then(|at| sums.get(at)).map_or(0, |(_, sum)| *sum)
    }

    /// For each window, of at most [`LONGEST_WINDOW`] days, and each day of a range: how many devices
    /// (of some, where they are given) were active in the so many days that end with it.
    pub fn active_counts<const N: usize>(&self, from: Day, to: Day, windows: [i32; N], among: Option<&RoaringBitmap>) -> [Vec<u64>; N] {
        let known = self.days.last_key_value().map(|(day, _)| *day);
        let (Some(first), Some(last)) = (self.first_day(), known) else {
            return windows.map(|_| vec![0; (to.0 - from.0 + 1).max(0) as usize]);
        };
        // `gaps` begin with the day `start`.
        let count = |start: Day, gaps: &[Gaps]| {
            let gaps_of = |day: i32| usize::try_from(day - start.0).ok().and_then(|at| gaps.get(at));
            // Each device counts on its first day of the window, before which it was away since the window began.
            let within = |day: i32, window: i32| {
                (day - window + 1..=day).zip(0..).filter_map(|(day, away): (_, usize)| gaps_of(day)?.get(away)).sum()
            };
            windows.map(|window| (from.0..=to.0).map(|day| within(day, window)).collect())
        };
        if among.is_some() {
            let start = from.plus(1 - LONGEST_WINDOW).max(first);
            return count(start, &self.gaps(start, to.min(last), among));
        }
        // Made without the lock, which the next snapshot waits for.
        let mut cached = lock(&self.rollups.gaps).clone();
        if cached.first != Some(first) {
            cached = Cached { first: Some(first), gaps: Arc::default() };
        }
        let next = first.plus(cached.gaps.len() as i32);
        if next <= to.min(last) {
            let more = self.gaps(next, to.min(last), None);
            Arc::make_mut(&mut cached.gaps).extend(more);
            *lock(&self.rollups.gaps) = cached.clone();
        }
        count(first, &cached.gaps)
    }

    /// The gaps of each day of a range.
    fn gaps(&self, from: Day, to: Day, among: Option<&RoaringBitmap>) -> Vec<Gaps> {
        // Asked of each device of each day, for which a bitmap would be searched too often.
        let member = among.map(|among| {
            let mut member = vec![false; self.devices.len()];
            for device in among {
                if let Some(member) = member.get_mut(device as usize) {
                    *member = true;
                }
            }
            member
        });
        let mut last = vec![i32::MIN / 2; self.devices.len()];
        let mut gaps = vec![Gaps::default(); (to.0 - from.0 + 1).max(0) as usize];
        for (day, figures) in self.days(from.plus(-LONGEST_WINDOW), to) {
            let mut of_day = Gaps::default();
            let mut meet = |device: u32| {
                let Some(last) = last.get_mut(device as usize) else { return };
                if let Some(gap) = of_day.get_mut((day.0 - *last - 1).min(LONGEST_WINDOW - 1) as usize) {
                    *gap += 1;
                }
                *last = day.0;
            };
            match &member {
                Some(member) => figures.active.iter().filter(|device| member.get(*device as usize) == Some(&true)).for_each(meet),
                None => figures.active.iter().for_each(&mut meet),
            }
            for at in (1..of_day.len()).rev() {
                of_day[at - 1] += of_day[at];
            }
            if let Some(place) = usize::try_from(day.0 - from.0).ok().and_then(|at| gaps.get_mut(at)) {
                *place = of_day;
            }
        }
        gaps
    }

    /// The devices of a channel; nobody when there is no such channel.
    pub fn members(&self, channel: &str) -> RoaringBitmap {
        let Some(id) = self.channels.id(channel) else { return RoaringBitmap::new() };
        let of_channel = self.devices.iter().zip(0_u32..).filter(|(device, _)| device.channel == id);
        RoaringBitmap::from_sorted_iter(of_channel.map(|(_, id)| id)).unwrap_or_default()
    }

    /// The figures of a day by channel, those that have active users, by number.
    pub fn channel_figures(&self, day: Day) -> Arc<[ChannelFigures]> {
        self.days.get(&day).map_or_else(Arc::default, |cell| cell.channels(day, &self.devices, &self.channels).clone())
    }

    /// Of the devices that were active on a day, how many were new so many days before.
    pub fn ages(&self, day: Day) -> Ages {
        self.days.get(&day).map_or([0; OLDEST + 1], |cell| *cell.ages(day, &self.devices))
    }

    /// Makes what reports need over many days, so that the first of them does not have to: called
    /// once a state was loaded, by a thread that may take its time.
    pub fn prepare(&self) {
        for day in self.days.keys() {
            self.channel_figures(*day);
            self.ages(*day);
        }
        if let (Some(first), Some(last)) = (self.first_day(), self.days.keys().next_back()) {
            self.active_counts(first, *last, [7, 30], None);
            self.active_between(first.sunday(), last.sunday().plus(6));
            self.active_between(first.first_of_month(), last.first_of_month().step(Unit::Month, 1).plus(-1));
            self.cumulative(*last);
        }
    }

    fn between(&self, kind: Kind, from: Day, to: Day) -> Arc<RoaringBitmap> {
        let of_day = |day: Day| match kind {
            Kind::Active => self.active(day),
            Kind::Newcomers => self.newcomers(day),
        };
        let (Some(first), Some(last)) = (self.first_day(), self.days.keys().next_back().copied()) else { return Arc::default() };
        // Where nothing is known there is nothing to walk over; whole buckets stay whole.
        let (from, to) = (from.max(first.first_of_month().min(first.sunday())), to.min(last.plus(31)));
        if from > to {
            return Arc::default();
        }
        for unit in [Unit::Week, Unit::Month] {
            if from == from.bucket(unit) && to == from.step(unit, 1).plus(-1) {
                return self.rollups.bucket(kind, unit, from, || (from.0..=to.0).map(|day| of_day(Day(day))).union());
            }
        }
        let (mut buckets, mut day) = (Vec::new(), from);
        let mut days = Vec::new();
        while day <= to {
            let whole = [Unit::Month, Unit::Week].into_iter().find(|unit| day == day.bucket(*unit) && day.step(*unit, 1).plus(-1) <= to);
            match whole {
                Some(unit) => {
                    let next = day.step(unit, 1);
                    buckets.push(self.between(kind, day, next.plus(-1)));
                    day = next;
                }
                None => {
                    days.push(of_day(day));
                    day = day.plus(1);
                }
            }
        }
        let parts: Vec<&RoaringBitmap> = buckets.iter().map(Arc::as_ref).chain(days).collect();
        Arc::new(parts.union())
    }
}

/// Which devices of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Active,
    Newcomers,
}

/// What was made of several days, kept as long as none of them changes.
#[derive(Debug, Default)]
pub(crate) struct Rollups {
    /// Whole weeks and months.
    buckets: Mutex<BTreeMap<(Kind, bool, Day), Arc<RoaringBitmap>>>,
    gaps: Mutex<Cached>,
    /// The devices until the end of each day that has new ones.
    cumulative: OnceLock<Vec<(Day, u64)>>,
}

/// The longest window of days whose active devices can be asked for.
pub const LONGEST_WINDOW: i32 = 30;

/// Of the devices of a day, how many were away before it for at least 0, 1, 2, … days.
type Gaps = [u64; LONGEST_WINDOW as usize];

/// The gaps of each day from the first on.
#[derive(Clone, Debug, Default)]
struct Cached {
    first: Option<Day>,
    gaps: Arc<Vec<Gaps>>,
}

/// The days whose figures changed.
#[derive(Debug, Default)]
pub(crate) struct Stale {
    pub active: BTreeSet<Day>,
    pub newcomers: BTreeSet<Day>,
}

impl Rollups {
    /// What still holds when some days have changed.
    pub fn without(&self, stale: &Stale) -> Self {
        let mut buckets = lock(&self.buckets).clone();
        for (kind, days) in [(Kind::Active, &stale.active), (Kind::Newcomers, &stale.newcomers)] {
            for day in days {
                for unit in [Unit::Week, Unit::Month] {
                    buckets.remove(&(kind, unit == Unit::Month, day.bucket(unit)));
                }
            }
        }
        let mut gaps = lock(&self.gaps).clone();
        if let Some(day) = stale.active.first() {
            let valid = gaps.first.map_or(0, |first| day.0 - first.0);
            Arc::make_mut(&mut gaps.gaps).truncate(usize::try_from(valid).unwrap_or(0));
        }
        let cumulative = if stale.newcomers.is_empty() { self.cumulative.clone() } else { OnceLock::new() };
        Self { buckets: Mutex::new(buckets), gaps: Mutex::new(gaps), cumulative }
    }

    fn bucket(&self, kind: Kind, unit: Unit, day: Day, make: impl FnOnce() -> RoaringBitmap) -> Arc<RoaringBitmap> {
        let key = (kind, unit == Unit::Month, day);
        if let Some(made) = lock(&self.buckets).get(&key) {
            return made.clone();
        }
        let made = Arc::new(make());
        lock(&self.buckets).insert(key, made.clone());
        made
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
