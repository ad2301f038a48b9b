//! The figures of the manual, sections 6.3 to 6.8.
//!
//! Each report is a function of a [`Snapshot`](crate::Snapshot) and of parameters, which it checks.
//!
//! # Definitions
//! - **Launch**: a session that began. It belongs to the day and hour it began in, with all its time
//!   in front, also where that goes on behind midnight (6.5.2: days are parted at midnight).
//! - **Active user**: a device with a launch, counted once in each bucket.
//! - **New user**: a device whose first launch of all is in the bucket. An active user that is not
//!   new there is a returning one.
//! - **Cumulative users**: devices with a launch until the end of the bucket.
//! - **Daily use time**: time in front / daily active users, added over the days of the bucket.
//! - **Daily launches**: launches / daily active users, added over the days of the bucket.
//! - **Single use time**: time in front / launches.
//! - **Next-day retention**: of the users that were new on a day, the part that launched on the next
//!   one. Over several days: all that were retained / all that were new, of the days whose next day
//!   has ended.
//! - **Channel of a user**: that of the first launch.
//!
//! Times are in milliseconds. Rates and shares are fractions: 0.25 is 25 %. What cannot be said is
//! `null`: a rate of nobody, or of a period that has not ended.
//!
//! # Buckets
//! Weeks and months are whole, also where the range begins or ends within them; `complete` tells
//! whether a bucket has ended. Buckets after the present one are left out.

pub mod active_users;
mod audience;
mod buckets;
mod channel_choice;
pub mod channel_day;
pub mod channel_list;
mod channel_tally;
pub mod channel_top;
pub mod channel_trend;
mod compared;
pub mod frequency;
pub mod launches;
pub mod new_users;
pub mod overview;
mod past_days;
pub mod range;
pub mod realtime;
pub mod retention;
pub mod table;
#[cfg(test)]
mod testing;
pub mod trend;
pub mod use_time;

pub use compared::Compared;
pub use range::{Comparison, Range};
pub use table::{Cell, Table, Tabular};

use serde::Serialize;

/// A figure, the same one of an earlier period, and the change between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The figure.
    pub value: Option<f64>,
    /// That of the earlier period.
    pub previous: Option<f64>,
    /// `(value - previous) / previous`; absent where there was nothing before.
    pub change: Option<f64>,
}

impl Change {
    /// A figure beside an earlier one.
    pub fn between(value: Option<f64>, previous: Option<f64>) -> Self {
        let change = match (value, previous) {
            (Some(value), Some(previous)) if previous != 0.0 => Some((value - previous) / previous),
            _ => None,
        };
        Self { value, previous, change }
    }
}

/// `part / whole`; none where the whole is nothing.
pub fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}
