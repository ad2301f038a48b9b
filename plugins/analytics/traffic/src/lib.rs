//! Realistic traffic of a mini program, made from a seed.
//!
//! The same options always make the same traffic. It is made while it is read, in order of arrival:
//! in memory are only the devices that will come again, and the events of a day.
//!
//! - **Devices**: each day brings new ones. Half of them come once, others for some weeks, few stay
//!   for long; of those that were lost a few come back after months.
//! - **Rhythm**: fewer on weekends, little at night and most in the evening, by the clock on the wall
//!   of the zone, also where that is put forward or back.
//! - **Sessions**: several a day, which never overlap on that day. Their times are log-logistic, with
//!   an atom of very short ones: many are under 3 seconds, some take hours and cross midnight.
//! - **Channels**: Zipf's law, a part of the devices without any.
//! - **The wire**: a launch and some pauses with the time so far, which are in one batch or several;
//!   clients that are offline for days; batches that arrive twice; events that are told again in
//!   other batches; and devices whose earliest session, with another channel, arrives weeks later.
//!
//! ```
//! use analytics_traffic::{Options, Traffic};
//!
//! let traffic = Traffic::new(Options { seed: 7, days: 10, ..Options::default() });
//! for event in traffic.events().take(3) {
//!     println!("{} {} {}", traffic.device_text(event.device), event.start, traffic.channel_name(event.channel));
//! }
//! ```

mod batches;
mod clock;
mod draw;
mod events;
mod life;
mod names;

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Serialize;

pub use batches::{Batch, Batches};
pub use events::Events;

/// What traffic is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// All that is random follows from it.
    pub seed: u64,
    /// The zone that days and hours are of.
    pub zone: Tz,
    /// The local day that sessions begin on first.
    pub first_day: NaiveDate,
    /// On how many days sessions begin. What is late arrives up to 30 days after the last.
    pub days: u32,
    /// About how many new devices the first day brings.
    pub devices_a_day: f64,
    /// How many times as many each further day brings.
    pub growth: f64,
    /// How many channels there are, beside none.
    pub channels: u16,
    /// For measurements: exactly so many events, each the only one of its session, in a batch of its
    /// own, that arrives when the session ends. `devices_a_day` is then what it takes.
    pub calm: Option<u64>,
}

impl Default for Options {
    /// Thirty days in Shanghai, with a hundred new devices on the first.
    fn default() -> Self {
        Self {
            seed: 1,
            zone: Tz::Asia__Shanghai,
            first_day: NaiveDate::from_ymd_opt(2026, 9, 1).unwrap_or_default(),
            days: 30,
            devices_a_day: 100.0,
            growth: 1.005,
            channels: 40,
            calm: None,
        }
    }
}

/// What a client tells of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When the session began, in milliseconds since 1970.
    pub start: i64,
    /// When the server gets to know, in milliseconds since 1970; never before it happened.
    pub arrives: i64,
    /// The device's number; numbers are given in order. See [`Traffic::device_text`].
    pub device: u32,
    /// The time in front so far, in milliseconds; 0 for a launch.
    pub duration: u32,
    /// The number of the batch that it is in. A batch that is sent again keeps its number.
    pub batch: u32,
    /// The channel's number, 0 for none. See [`Traffic::channel_name`].
    pub channel: u16,
}

/// Traffic that can be read, any number of times.
#[derive(Clone, Debug)]
pub struct Traffic {
    options: Arc<Options>,
    channels: Arc<[String]>,
}

impl Traffic {
    /// The traffic of some options.
    pub fn new(options: Options) -> Self {
        let channels = names::channels(options.channels);
        Self { options: Arc::new(options), channels }
    }

    /// What it was made of.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The events, in order of arrival.
    pub fn events(&self) -> Events {
        Events::new(self.options.clone())
    }

    /// The events as the wire has them, in order of arrival.
    pub fn batches(&self) -> Batches {
        Batches::new(self.events())
    }

    /// The text that a device names itself by: 32 of `[0-9a-f]`.
    pub fn device_text(&self, device: u32) -> String {
        names::device(self.options.seed, device)
    }

    /// The uuid of a batch.
    pub fn batch_text(&self, batch: u32) -> String {
        names::batch(self.options.seed, batch)
    }

    /// A channel's name, empty for none. Some have spaces, commas, quotes, Chinese, or begin with `=`.
    pub fn channel_name(&self, channel: u16) -> &str {
        self.channels.get(usize::from(channel)).map_or("", String::as_str)
    }

    /// The names of all channels by number; the first is none.
    pub fn channel_names(&self) -> &[String] {
        &self.channels
    }
}
