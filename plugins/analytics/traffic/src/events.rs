//! The events of traffic, made a day at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::clock::{self, SLOT, SLOTS};
use crate::draw::{Choice, Draw, Quantiles, scramble};
use crate::life::{self, Kind, Plan};
use crate::{Event, Options};

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A return to the front after less than this is no new launch.
const BACKGROUND: i64 = 30 * SECOND;

/// How much is launched in each local hour.
const RHYTHM: [f64; 24] = [
    14.0, 8.0, 5.0, 3.0, 3.0, 5.0, 12.0, 28.0, 42.0, 48.0, 52.0, 60.0, 78.0, 66.0, 50.0, 48.0, 52.0, 58.0, 70.0, 84.0, 96.0, 100.0, 74.0,
    36.0,
];

/// The part of devices that came by no channel.
const WITHOUT_CHANNEL: f64 = 0.2;

/// The events of traffic, in order of arrival.
#[derive(Debug)]
pub struct Events {
    options: Arc<Options>,
    draw: Draw,
    slots: Choice,
    durations: Quantiles,
    channels: Choice,
    /// The day that is made next, by its number.
    day: u32,
    /// Where it begins.
    day_start: i64,
    /// Where it ends.
    day_end: i64,
    /// The devices that come on the coming days.
    due: VecDeque<Vec<Due>>,
    /// What arrives on the coming days.
    late: VecDeque<Vec<Event>>,
    /// What arrives on the present day, in order, and how much of it was told.
    today: Vec<Event>,
    told: usize,
    devices: u32,
    batches: u32,
    /// How a given number of events is made.
    plan: Option<Plan>,
    made: u64,
    /// How many there were when the day began.
    made_before: u64,
}

/// A device that comes.
#[derive(Clone, Copy, Debug)]
struct Due {
    device: u32,
    kind: Kind,
}

/// A session of a device, as it was.
#[derive(Clone, Copy, Debug)]
struct Session {
    device: u32,
    channel: u16,
    start: i64,
    duration: u32,
}

impl Events {
    pub(crate) fn new(options: Arc<Options>) -> Self {
        let rhythm = (0..SLOTS).map(|slot| RHYTHM.get(slot / 2).copied().unwrap_or_default());
        let named = (1..=options.channels).map(|rank| 1.0 / f64::from(rank));
        let all: f64 = named.clone().sum();
        let without = if options.channels == 0 { 1.0 } else { all * WITHOUT_CHANNEL / (1.0 - WITHOUT_CHANNEL) };
        Self {
            draw: Draw::new(options.seed),
            slots: Choice::of(rhythm),
            durations: Quantiles::of(duration),
            channels: Choice::of(std::iter::once(without).chain(named)),
            day: 0,
            day_start: 0,
            day_end: clock::start_of(options.zone, options.first_day, 0),
            due: VecDeque::new(),
            late: VecDeque::new(),
            today: Vec::new(),
            told: 0,
            devices: 0,
            batches: 0,
            plan: options.calm.map(|events| life::plan(&options, events)),
            made: 0,
            made_before: 0,
            options,
        }
    }

    /// Makes the next day; false when nothing is left.
    fn make_day(&mut self) -> bool {
        if self.day >= self.options.days && self.late.is_empty() {
            return false;
        }
        self.day_start = self.day_end;
        self.day_end = clock::start_of(self.options.zone, self.options.first_day, self.day + 1);
        self.today = self.late.pop_front().unwrap_or_default();
        self.told = 0;
        if self.day < self.options.days {
            self.come();
        }
        self.today.sort_unstable_by_key(|event| (event.arrives, event.batch, event.start, event.duration));
        self.day += 1;
        true
    }

    /// The devices of a day come.
    fn come(&mut self) {
        let slots = clock::slots(self.options.zone, self.options.first_day, self.day);
        self.made_before = self.made;
        for due in self.due.pop_front().unwrap_or_default() {
            self.use_day(due, &slots);
        }
        for _ in 0..self.born() {
            if self.options.calm.is_some_and(|all| self.made >= all) {
                break;
            }
            let due = Due { device: self.devices, kind: Kind::born(&mut self.draw) };
            self.devices = self.devices.wrapping_add(1);
            if self.plan.is_none() && self.draw.chance(0.01) {
                self.forgotten_first(due.device);
            }
            self.use_day(due, &slots);
        }
    }

    /// How many new devices the day brings. Where events are counted, it makes up for some of what
    /// there was too much or too little of before, and the last day for all.
    fn born(&mut self) -> u32 {
        let growth = life::growth(&self.options, self.day);
        let about = match &self.plan {
            None => self.options.devices_a_day * growth * (0.85 + 0.3 * self.draw.unit()),
            Some(_) if self.day + 1 == self.options.days => return u32::MAX,
            Some(plan) => {
                let yesterday = self.day.checked_sub(1).and_then(|day| plan.until.get(day as usize)).copied();
                let missing = (yesterday.unwrap_or_default() as f64 - self.made_before as f64) / plan.sessions_each;
                plan.devices * growth + missing.clamp(-0.3 * plan.devices, 0.3 * plan.devices)
            }
        };
        self.draw.round(about)
    }

    /// What a device does on a day, and when it comes again.
    fn use_day(&mut self, due: Due, slots: &[(i64, i64); SLOTS]) {
        let mut starts = [0; 40];
        let launches = due.kind.launches(&mut self.draw) as usize;
        let starts = starts.get_mut(..launches).unwrap_or_default();
        for start in &mut *starts {
            *start = self.instant(slots);
        }
        starts.sort_unstable();
        let online_again = (self.plan.is_none() && self.draw.chance(0.02)).then(|| self.day_end + self.draw.between(0, 10 * DAY));
        let mut free = i64::MIN;
        for start in starts {
            let duration = self.durations.pick(self.draw.bits()) as u32;
            let session = Session { device: due.device, channel: self.channel(due.device), start: free.max(*start), duration };
            if session.start >= self.day_end && self.day + 1 == self.options.days {
                break;
            }
            let end = match self.options.calm {
                Some(all) if self.made >= all => return,
                Some(_) => self.tell_once(session),
                None => self.tell(session, online_again),
            };
            free = end + BACKGROUND + self.draw.between(SECOND, 60 * SECOND);
        }
        if let Some((kind, mut days)) = due.kind.again(&mut self.draw) {
            days += u32::from(life::postponed(&self.options, self.day + days, &mut self.draw));
            if self.day + days < self.options.days {
                let coming = days as usize - 1;
                if self.due.len() <= coming {
                    self.due.resize_with(coming + 1, Vec::new);
                }
                if let Some(coming) = self.due.get_mut(coming) {
                    coming.push(Due { device: due.device, kind });
                }
            }
        }
    }

    /// An instant of the day, by its rhythm.
    fn instant(&mut self, slots: &[(i64, i64); SLOTS]) -> i64 {
        let bits = self.draw.bits();
        let slot = slots.get(usize::from(self.slots.pick(bits as u16))).copied().unwrap_or_default();
        let shown = if bits & (1 << 16) == 0 { slot.0 } else { slot.1 };
        shown + (((bits >> 32) * SLOT as u64) >> 32) as i64
    }

    /// The channel that a device came by.
    fn channel(&self, device: u32) -> u16 {
        self.channels.pick((scramble(self.options.seed ^ (u64::from(device) << 20)) >> 48) as u16)
    }

    /// The only event of a session. Tells when that ends.
    fn tell_once(&mut self, session: Session) -> i64 {
        let end = session.start + i64::from(session.duration);
        let (arrives, batch) = (end + self.draw.between(100, 2 * SECOND), self.number());
        self.put(&session, session.duration, arrives, batch);
        end
    }

    /// The launch and the pauses of a session, as they arrive: at once, or all when the device is
    /// online again. Tells when the session ends.
    fn tell(&mut self, session: Session, online_again: Option<i64>) -> i64 {
        let pauses = if session.duration < 3_000 { 1 } else { 1 + self.draw.geometric(0.6).min(5) };
        // Who is ended by the system in front does not tell the last pause.
        let told = if self.draw.chance(0.03) { pauses - 1 } else { pauses };
        let mut batch = self.number();
        let mut waiting = vec![0];
        if self.draw.chance(0.6) {
            self.send(&session, session.start, online_again, batch, &mut waiting);
            batch = self.number();
        }
        let mut behind = 0;
        for pause in 1..=told {
            let part = if pause == pauses { 1.0 } else { (f64::from(pause) - self.draw.unit()) / f64::from(pauses) };
            let so_far = (f64::from(session.duration) * part) as u32;
            waiting.push(so_far);
            if pause == told || self.draw.chance(0.7) {
                self.send(&session, session.start + i64::from(so_far) + behind, online_again, batch, &mut waiting);
                batch = self.number();
            }
            behind += self.draw.between(SECOND, BACKGROUND);
        }
        // What was not sent is when the mini program is opened again.
        if !waiting.is_empty() {
            let later = session.start + i64::from(session.duration) + self.draw.between(HOUR, 3 * DAY);
            self.send(&session, later, online_again, batch, &mut waiting);
        }
        session.start + i64::from(session.duration) + behind
    }

    /// Sends what is waiting: sometimes twice, or some of it again in another batch.
    fn send(&mut self, session: &Session, at: i64, online_again: Option<i64>, batch: u32, waiting: &mut Vec<u32>) {
        let arrives = match online_again {
            // All at once, so that their order is lost.
            Some(online) => online.max(at) + self.draw.between(100, 60 * SECOND),
            None => at + self.draw.between(100, 2 * SECOND),
        };
        let again = self.draw.chance(0.02).then(|| arrives + self.draw.between(5 * SECOND, 2 * HOUR));
        for duration in waiting.drain(..) {
            self.put(session, duration, arrives, batch);
            if let Some(again) = again {
                self.put(session, duration, again, batch);
            }
            if self.draw.chance(0.01) {
                let (other, later) = (self.number(), arrives + self.draw.between(SECOND, 3 * DAY));
                self.put(session, duration, later, other);
            }
        }
    }

    /// A session before the one that a device seems to have begun with, of another channel, that
    /// arrives last.
    fn forgotten_first(&mut self, device: u32) {
        let begin = clock::start_of(self.options.zone, self.options.first_day, 0);
        let start = (self.day_start - self.draw.between(HOUR, 10 * DAY)).max(begin);
        let channels = i64::from(self.options.channels) + 1;
        let channel = (i64::from(self.channel(device)) + self.draw.between(1, channels)) % channels;
        let session = Session { device, channel: channel as u16, start, duration: self.durations.pick(self.draw.bits()) as u32 };
        let (arrives, batch) = (self.day_end + self.draw.between(DAY, 15 * DAY), self.number());
        self.put(&session, 0, arrives, batch);
        self.put(&session, session.duration, arrives, batch);
    }

    fn number(&mut self) -> u32 {
        self.batches = self.batches.wrapping_add(1);
        self.batches
    }

    /// Lets an event arrive.
    fn put(&mut self, session: &Session, duration: u32, arrives: i64, batch: u32) {
        self.made += 1;
        let event = Event { start: session.start, arrives, device: session.device, duration, batch, channel: session.channel };
        if arrives < self.day_end {
            self.today.push(event);
            return;
        }
        // Days are up to an hour longer or shorter, so that the one of a late event is one of three.
        let about = ((arrives - self.day_end) / DAY) as u32;
        let ends = |coming: u32| clock::start_of(self.options.zone, self.options.first_day, self.day + 2 + coming);
        let mut coming = about.saturating_sub(1);
        while ends(coming) <= arrives {
            coming += 1;
        }
        let coming = coming as usize;
        if self.late.len() <= coming {
            self.late.resize_with(coming + 1, Vec::new);
        }
        if let Some(late) = self.late.get_mut(coming) {
            late.push(event);
        }
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.today.get(self.told) {
                self.told += 1;
                return Some(*event);
            }
            if !self.make_day() {
                return None;
            }
        }
    }
}

/// The quantiles of the time of a session, in milliseconds: a fifth are very short; the others are
/// log-logistic, with a median of 40 seconds, up to ten hours.
fn duration(part: f64) -> f64 {
    const SHORT: f64 = 0.2;
    if part < SHORT {
        return 200.0 + 2_800.0 * part / SHORT;
    }
    let part = (part - SHORT) / (1.0 - SHORT);
    let odds = part / (1.0 - part).max(1e-9);
    (200.0 + 40_000.0 * odds.powf(1.0 / 1.1)).min(10.0 * HOUR as f64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

    use chrono::{DateTime, NaiveDate};
    use chrono_tz::Tz;

    use super::*;
    use crate::Traffic;

    fn traffic(zone: Tz, days: u32) -> Traffic {
        let first_day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        Traffic::new(Options { seed: 11, zone, first_day, days, devices_a_day: 150.0, ..Options::default() })
    }

    #[test]
    fn the_same_options_make_the_same_events_in_order_of_arrival() {
        let traffic = traffic(Tz::America__New_York, 20);
        let events: Vec<Event> = traffic.events().collect();
        assert_eq!(events, traffic.events().collect::<Vec<_>>());
        assert!(events.windows(2).all(|pair| pair[0].arrives <= pair[1].arrives));
        assert!(events.iter().all(|event| event.start + i64::from(event.duration) <= event.arrives));
        assert!(events.iter().all(|event| event.arrives - event.start < 30 * DAY));
        let batched: Vec<Event> = traffic.batches().flat_map(|batch| batch.events).collect();
        assert_eq!(events, batched);
    }

    #[test]
    fn calm_traffic_has_exactly_so_many_events_each_of_another_session() {
        for (days, events) in [(1, 1), (1, 5_000), (7, 333), (60, 50_000)] {
            let calm = Traffic::new(Options { days, calm: Some(events), ..Options::default() });
            let sessions: HashSet<(u32, i64)> = calm.events().map(|event| (event.device, event.start)).collect();
            assert_eq!((calm.events().count() as u64, sessions.len() as u64), (events, events));
        }
    }

    #[test]
    fn the_days_of_calm_traffic_grow_as_its_devices_do() {
        let calm = Traffic::new(Options { days: 90, growth: 1.0, calm: Some(200_000), ..Options::default() });
        let (mut sessions, mut first) = (BTreeMap::<u32, u32>::new(), HashMap::<u32, u32>::new());
        let origin = clock::start_of(calm.options().zone, calm.options().first_day, 0);
        for event in calm.events() {
            let day = ((event.start - origin) / DAY) as u32;
            *sessions.entry(day).or_default() += 1;
            first.entry(event.device).and_modify(|first| *first = day.min(*first)).or_insert(day);
        }
        let mut born = BTreeMap::<u32, u32>::new();
        first.values().for_each(|day| *born.entry(*day).or_default() += 1);
        assert_eq!((sessions.len(), born.len()), (90, 90));
        // The last day makes up for what is missing.
        assert!(sessions[&89] < 2 * sessions[&88], "{sessions:?}");
        born.remove(&89);
        let (least, most) = (born.values().min().unwrap(), born.values().max().unwrap());
        assert!(*most < 3 * *least, "{born:?}");
        assert!(sessions[&80] > 2 * sessions[&0], "{sessions:?}");
    }

    #[test]
    fn traffic_has_all_that_makes_counting_hard() {
        let traffic = traffic(Tz::Australia__Lord_Howe, 120);
        let zone = traffic.options().zone;
        let events: Vec<Event> = traffic.events().collect();
        let local = |millis: i64| DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&zone);

        let (mut told, mut places) = (HashMap::<(u32, i64), BTreeSet<u32>>::new(), HashMap::<(u32, i64, u32), Vec<u32>>::new());
        let (mut latest, mut earliest) = (HashMap::<u32, i64>::new(), HashMap::<u32, (i64, u16)>::new());
        let (mut late, mut out_of_order, mut first_last) = (0, 0, 0);
        for event in &events {
            told.entry((event.device, event.start)).or_default().insert(event.duration);
            places.entry((event.device, event.start, event.duration)).or_default().push(event.batch);
            late += usize::from(event.arrives - event.start > DAY);
            let latest = latest.entry(event.device).or_insert(event.start);
            out_of_order += usize::from(*latest > event.start);
            *latest = event.start.max(*latest);
            let earliest = earliest.entry(event.device).or_insert((event.start, event.channel));
            if event.start < earliest.0 {
                first_last += usize::from(event.channel != earliest.1);
                *earliest = (event.start, event.channel);
            }
        }
        let all = events.len();
        assert!(late > all / 100 && late < all / 4, "{late} of {all}");
        assert!(out_of_order > all / 200, "{out_of_order}");
        assert!(first_last > 20, "{first_last}");
        let again = places.values().filter(|batches| batches.len() > 1 && batches[1..].contains(&batches[0])).count();
        let elsewhere = places.values().filter(|batches| batches.iter().any(|batch| *batch != batches[0])).count();
        assert!(again > all / 200 && elsewhere > all / 300, "{again} {elsewhere}");

        let sessions = told.len();
        let lasts: Vec<(i64, i64)> = told.iter().map(|((_, start), told)| (*start, i64::from(*told.last().unwrap()))).collect();
        let count = |is: &dyn Fn(i64, i64) -> bool| lasts.iter().filter(|(start, last)| is(*start, *last)).count();
        assert!(count(&|_, last| last < 3_000) > sessions / 6);
        assert!(count(&|_, last| last > HOUR) > 20);
        assert!(count(&|start, last| local(start).date_naive() != local(start + last).date_naive()) > 5);
        assert!(told.values().filter(|told| told.len() > 3).count() > sessions / 20);

        let mut days = HashMap::<u32, BTreeSet<NaiveDate>>::new();
        for (device, start) in told.keys() {
            days.entry(*device).or_default().insert(local(*start).date_naive());
        }
        let pauses = |days: &BTreeSet<NaiveDate>| days.iter().zip(days.iter().skip(1)).any(|(a, b)| (*b - *a).num_days() >= 60);
        assert!(days.values().filter(|days| pauses(days)).count() > 10);
        assert!(days.values().filter(|days| days.len() == 1).count() > days.len() / 3);
        assert!(days.values().filter(|days| days.len() > 40).count() > days.len() / 50);
        let channels: HashSet<u16> = events.iter().map(|event| event.channel).collect();
        assert_eq!(channels.len(), 41);
    }
}
