//! Days, weeks and months, counted day by day.

use chrono::{Datelike, Days, NaiveDate};

/// Some days, or one hour of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub hour: Option<u32>,
}

impl Period {
    pub fn days(first: NaiveDate, last: NaiveDate) -> Self {
        Self { first, last, hour: None }
    }

    pub fn day(day: NaiveDate) -> Self {
        Self::days(day, day)
    }

    pub fn label(&self) -> String {
        match self.hour {
            Some(hour) => format!("{} {hour:02}", date(self.first)),
            None => date(self.first),
        }
    }
}

pub fn date(day: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

pub fn later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap()
}

pub fn sooner(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap()
}

/// All days of a range.
pub fn days(first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |day| *day <= last)
}

/// The day, the week from Sunday to Saturday, or the month that a day is in.
pub fn bucket(unit: &str, day: NaiveDate) -> Period {
    let (mut first, mut last) = (day, day);
    match unit {
        "hour" | "day" => {}
        "week" => {
            first = sooner(day, u64::from(day.weekday().num_days_from_sunday()));
            last = later(first, 6);
        }
        "month" => {
            while first.day() > 1 {
                first = sooner(first, 1);
            }
            while later(last, 1).month() == day.month() {
                last = later(last, 1);
            }
        }
        other => panic!("{other}"),
    }
    Period::days(first, last)
}

/// The bucket so many buckets after another.
pub fn after(unit: &str, bucket_of: NaiveDate, count: u32) -> Period {
    (0..count).fold(bucket(unit, bucket_of), |bucket, _| self::bucket(unit, later(bucket.last, 1)))
}

/// The bucket so many buckets before another.
pub fn before(unit: &str, bucket_of: NaiveDate, count: u32) -> Period {
    (0..count).fold(bucket(unit, bucket_of), |bucket, _| self::bucket(unit, sooner(bucket.first, 1)))
}

/// All buckets that a range touches, whether they have begun or not.
pub fn buckets(unit: &str, from: NaiveDate, to: NaiveDate) -> Vec<Period> {
    let mut all = vec![bucket(unit, from)];
    while all.last().unwrap().last < to {
        all.push(after(unit, all.last().unwrap().first, 1));
    }
    match unit {
        "hour" => all.iter().flat_map(|day| (0..24).map(|hour| Period { hour: Some(hour), ..*day })).collect(),
        _ => all,
    }
}
