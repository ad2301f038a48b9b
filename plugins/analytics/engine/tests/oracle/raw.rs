//! What happened, straight from the raw events: plain sets and maps, slow, and obviously right.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Timelike};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::period::{Period, days, later};

/// A raw event: device, start in ms, time in front so far in ms, channel.
pub type Event = (String, i64, u32, String);

/// A device, by its place among all texts.
pub type Device = usize;

/// A session, placed by the clock on the wall.
#[derive(Clone, Debug)]
pub struct Launch {
    pub device: Device,
    pub hour: u32,
    pub duration: u64,
}

/// The first session of a device.
#[derive(Clone, Debug)]
pub struct First {
    pub day: NaiveDate,
    pub hour: u32,
    pub channel: String,
}

/// All that happened until the end of today.
#[derive(Clone, Debug)]
pub struct Raw {
    pub today: NaiveDate,
    pub hour: u32,
    pub launches: BTreeMap<NaiveDate, Vec<Launch>>,
    pub first: BTreeMap<Device, First>,
}

fn local(zone: Tz, millis: i64) -> (NaiveDate, u32) {
    let time = DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&zone);
    (time.date_naive(), time.hour())
}

impl Raw {
    pub fn of(zone: Tz, now: i64, events: &[Event]) -> Self {
        let (today, hour) = local(zone, now);
        let texts: BTreeSet<&str> = events.iter().map(|(device, ..)| device.as_str()).collect();
        let devices: BTreeMap<&str, Device> = texts.into_iter().enumerate().map(|(place, text)| (text, place)).collect();
        let mut sessions = BTreeMap::<(Device, i64), u32>::new();
        let mut begins = BTreeMap::<Device, BTreeSet<(i64, &str)>>::new();
        for (text, start, duration, channel) in events {
            let device = devices[text.as_str()];
            let longest = sessions.entry((device, *start)).or_default();
            *longest = (*longest).max(*duration);
            let channel = if channel.len() > 64 { "(channels beyond 2,000)" } else { channel };
            begins.entry(device).or_default().insert((*start, channel));
        }
        let mut launches = BTreeMap::<NaiveDate, Vec<Launch>>::new();
        for ((device, start), duration) in sessions {
            let (day, hour) = local(zone, start);
            if day <= today {
                launches.entry(day).or_default().push(Launch { device, hour, duration: u64::from(duration) });
            }
        }
        let mut first = BTreeMap::new();
        for (device, begins) in begins {
            let (start, channel) = begins.first().unwrap();
            let (day, hour) = local(zone, *start);
            if day <= today {
                first.insert(device, First { day, hour, channel: (*channel).to_owned() });
            }
        }
        Self { today, hour, launches, first }
    }

    /// Only the users of a channel, where one is named.
    pub fn of_channel(&self, channel: Option<&str>) -> Self {
        self.of_channels(|of| channel.is_none_or(|channel| channel == of))
    }

    /// Only the users of some channels.
    pub fn of_channels(&self, are: impl Fn(&str) -> bool) -> Self {
        let mut some = self.clone();
        some.first.retain(|_, first| are(&first.channel));
        for launches in some.launches.values_mut() {
            launches.retain(|launch| some.first.contains_key(&launch.device));
        }
        some
    }

    /// The launches in a period.
    pub fn launches(&self, period: &Period) -> Vec<&Launch> {
        let all = self.launches.range(period.first..=period.last).flat_map(|(_, launches)| launches);
        all.filter(|launch| period.hour.is_none_or(|hour| hour == launch.hour)).collect()
    }

    pub fn active(&self, period: &Period) -> BTreeSet<Device> {
        self.launches(period).into_iter().map(|launch| launch.device).collect()
    }

    pub fn newcomers(&self, period: &Period) -> BTreeSet<Device> {
        let within = |first: &First| (period.first..=period.last).contains(&first.day) && period.hour.is_none_or(|hour| hour == first.hour);
        self.first.iter().filter(|(_, first)| within(first)).map(|(device, _)| *device).collect()
    }

    /// How many had launched until the end of a period.
    pub fn cumulative(&self, period: &Period) -> usize {
        let end = (period.last, period.hour.unwrap_or(23));
        self.first.values().filter(|first| (first.day, first.hour) <= end).count()
    }

    /// The time in front in a period.
    pub fn time(&self, period: &Period) -> u64 {
        self.launches(period).iter().map(|launch| launch.duration).sum()
    }

    /// The active users of each day of a period, added; of an hour, its active users.
    pub fn daily_active(&self, period: &Period) -> usize {
        days(period.first, period.last).map(|day| self.active(&Period { first: day, last: day, hour: period.hour }).len()).sum()
    }

    /// The new users of a day, and how many of them launched on the next, once that has ended.
    pub fn next_day(&self, day: NaiveDate) -> Option<(usize, usize)> {
        let next = later(day, 1);
        let new = self.newcomers(&Period::day(day));
        let after = self.active(&Period::day(next));
        (next < self.today).then(|| (new.len(), new.intersection(&after).count()))
    }

    /// The next-day retention over a period.
    pub fn retention(&self, period: &Period) -> Option<f64> {
        let known: Vec<_> = days(period.first, period.last).filter_map(|day| self.next_day(day)).collect();
        rate(known.iter().map(|(_, retained)| *retained).sum(), known.iter().map(|(new, _)| *new).sum())
    }

    /// Whether a period has ended.
    pub fn ended(&self, period: &Period) -> bool {
        match period.hour {
            Some(hour) => (period.last, hour) < (self.today, self.hour),
            None => period.last < self.today,
        }
    }

    /// Whether a period has begun.
    pub fn begun(&self, period: &Period) -> bool {
        match period.hour {
            Some(hour) => (period.first, hour) <= (self.today, self.hour),
            None => period.first <= self.today,
        }
    }

    pub fn channels(&self) -> BTreeSet<&str> {
        self.first.values().map(|first| first.channel.as_str()).collect()
    }

    /// One of the figures of `channelList` and `channelTrend`.
    pub fn figure(&self, figure: &str, period: &Period) -> Option<f64> {
        match figure {
            "newUsers" => Some(self.newcomers(period).len() as f64),
            "activeUsers" => Some(self.active(period).len() as f64),
            "launches" => Some(self.launches(period).len() as f64),
            "singleUseTime" => rate(self.time(period) as usize, self.launches(period).len()),
            "dailyUseTime" => rate(self.time(period) as usize, self.daily_active(period)),
            "nextDayRetention" => self.retention(period),
            other => panic!("{other}"),
        }
    }

    /// The channels with active users in a period, the highest figure first, equal ones by name.
    pub fn ranked(&self, figure: &str, period: &Period) -> Vec<String> {
        let mut ranked: Vec<(Option<f64>, String)> = Vec::new();
        for channel in self.channels() {
            let users = self.of_channel(Some(channel));
            if !users.active(period).is_empty() {
                ranked.push((users.figure(figure, period), channel.to_owned()));
            }
        }
        ranked.sort_by(|(a, one), (b, other)| b.partial_cmp(a).unwrap().then(one.cmp(other)));
        ranked.into_iter().map(|(_, channel)| channel).collect()
    }
}

pub fn rate(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

pub fn change(value: Option<f64>, previous: Option<f64>) -> Value {
    let change = value.zip(previous).filter(|(_, previous)| *previous != 0.0).map(|(value, previous)| (value - previous) / previous);
    json!({ "value": value, "previous": previous, "change": change })
}

/// The fields of two objects.
pub fn joined(one: Value, other: Value) -> Value {
    let fields = |value: Value| value.as_object().unwrap().clone();
    Value::Object(fields(one).into_iter().chain(fields(other)).collect::<Map<String, Value>>())
}
