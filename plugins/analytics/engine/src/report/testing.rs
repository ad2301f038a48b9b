//! Small applications for tests.

#![allow(clippy::unwrap_used)]

use chrono::{DateTime, NaiveDateTime};

use crate::{Calendar, Day, DeviceKey, Ledger, Observation, Snapshot};

/// An application that tests fill.
pub(super) struct Application(Ledger);

impl Application {
    /// One in a time zone that nobody has used.
    pub fn of_zone(zone: &str) -> Self {
        Self(Ledger::new(Calendar::named(zone).unwrap()))
    }

    /// One in Shanghai with these launches: device, instant, seconds in front, channel.
    pub fn with(launches: &[(&str, &str, u32, &str)]) -> Self {
        let mut application = Self::of_zone("Asia/Shanghai");
        for (device, at, seconds, channel) in launches {
            application.launch(device, at, *seconds, channel);
        }
        application
    }

    /// A device launches; see [`instant`].
    pub fn launch(&mut self, device: &str, at: &str, seconds: u32, channel: &str) {
        let channel = self.0.note_channel(channel);
        self.0.note(&Observation { device: DeviceKey::of(device), start: instant(at), duration: seconds * 1000, channel });
    }

    /// Its state at an instant; see [`instant`].
    pub fn at(&mut self, now: &str) -> Snapshot {
        self.0.snapshot(instant(now))
    }
}

/// `2026-11-26 08:15` in Shanghai, or `2026-11-26T08:15:00-05:00`, in milliseconds since 1970.
pub(super) fn instant(text: &str) -> i64 {
    match NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M") {
        Ok(wall) => wall.and_utc().timestamp_millis() - 8 * 3_600_000,
        Err(_) => DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis(),
    }
}

/// A day such as `2026-11-26`.
pub(super) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A week's use, up to Thursday, 2026-11-26: on Monday nobody came.
///
/// | | 21 Sat | 22 Sun | 24 Tue | 25 Wed | 26 Thu |
/// | --- | --- | --- | --- | --- | --- |
/// | a, by `ad` | 10:00 60 s | 09:00 30 s, 12:00 90 s | | | |
/// | b, by none | 11:00 0 s | | | 10:05 20 s | |
/// | c, by `ad` | | | 08:00 10 s | 10:30 0 s | |
/// | d, by none | | | | | 09:10 5 s |
pub(super) fn week() -> Snapshot {
    let mut application = Application::with(&[
        ("a", "2026-11-21 10:00", 60, "ad"),
        ("b", "2026-11-21 11:00", 0, ""),
        ("a", "2026-11-22 09:00", 30, "ad"),
        ("a", "2026-11-22 12:00", 90, "ad"),
        ("c", "2026-11-24 08:00", 10, "ad"),
        ("b", "2026-11-25 10:05", 20, ""),
        ("c", "2026-11-25 10:30", 0, "ad"),
        ("d", "2026-11-26 09:10", 5, ""),
    ]);
    application.at("2026-11-26 10:30")
}
