//! When devices come, and come again.

use chrono::{Datelike, Days, Weekday};

use crate::Options;
use crate::draw::Draw;

/// How a device behaves from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has a look, and is lost.
    Once,
    /// It comes every few days for some weeks.
    Casual,
    /// It comes on most days, for months.
    Loyal,
}

impl Kind {
    pub fn born(draw: &mut Draw) -> Self {
        match draw.unit() {
            part if part < 0.52 => Self::Once,
            part if part < 0.88 => Self::Casual,
            _ => Self::Loyal,
        }
    }

    /// How often it launches on a day that it comes on.
    pub fn launches(self, draw: &mut Draw) -> u32 {
        let more = match self {
            Self::Once => 0.3,
            Self::Casual => 0.8,
            Self::Loyal => 2.5,
        };
        (1 + draw.geometric(more)).min(40)
    }

    /// After how many days it comes again, and how it behaves then; none when it never does.
    pub fn again(self, draw: &mut Draw) -> Option<(Self, u32)> {
        let (stays, pause) = match self {
            Self::Once => (0.0, 0.0),
            Self::Casual => (0.82, 4.0),
            Self::Loyal => (0.985, 0.35),
        };
        if draw.chance(stays) {
            return Some((self, 1 + draw.geometric(pause)));
        }
        draw.chance(0.05).then(|| (Self::Casual, draw.between(60, 240) as u32))
    }
}

/// Whether a day that a device would come on is too busy otherwise: it comes the day after.
pub fn postponed(options: &Options, day: u32, draw: &mut Draw) -> bool {
    is_weekend(options, day) && draw.chance(0.25)
}

/// How many new devices a day brings, by those of the first.
pub fn growth(options: &Options, day: u32) -> f64 {
    options.growth.powi(day as i32) * if is_weekend(options, day) { 0.8 } else { 1.0 }
}

fn is_weekend(options: &Options, day: u32) -> bool {
    let date = options.first_day.checked_add_days(Days::new(u64::from(day))).unwrap_or_default();
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// What it takes to make so many sessions.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many sessions there are until the end of each day.
    pub until: Vec<u64>,
    /// The new devices of the first day.
    pub devices: f64,
    /// The sessions that a device makes on the average.
    pub sessions_each: f64,
}

/// Plans for so many sessions, by some devices that are tried.
pub fn plan(options: &Options, sessions: u64) -> Plan {
    const PILOTS: u32 = 4_096;
    let days = options.days as usize;
    let mut draw = Draw::new(options.seed);
    let mut by_age = vec![0.0; days];
    for _ in 0..PILOTS {
        let (mut kind, mut age) = (Kind::born(&mut draw), 0);
        while let Some(sessions) = by_age.get_mut(age as usize) {
            *sessions += f64::from(kind.launches(&mut draw));
            let Some((next, days)) = kind.again(&mut draw) else { break };
            (kind, age) = (next, age + days);
        }
    }
    let mut expected = vec![0.0; days];
    for born in 0..days {
        let cohort = growth(options, born as u32);
        for (sessions, of_age) in expected.iter_mut().skip(born).zip(&by_age) {
            *sessions += cohort * of_age;
        }
    }
    // `expected` is in parts of what as many devices as there are pilots make, on the first day.
    let total = expected.iter().sum::<f64>() / f64::from(PILOTS);
    let devices = sessions as f64 / total.max(f64::MIN_POSITIVE);
    let mut so_far = 0.0;
    let until = expected.iter().map(|of_day| {
        so_far += of_day / f64::from(PILOTS) * devices;
        so_far as u64
    });
    Plan { until: until.collect(), devices, sessions_each: by_age.iter().sum::<f64>() / f64::from(PILOTS) }
}
