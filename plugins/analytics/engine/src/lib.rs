//! The analytics engine: what happened in a mini program, and every figure of it, exact.
//!
//! All that is known of an application is a set of sessions. A session is one launch: a device, the
//! instant it began, and how long the mini program has been in front since. Clients send
//! [`Observation`]s of sessions; two of the same session are joined by taking the longer time. That
//! join does not depend on order or repetition, so a batch that arrives late, twice, or out of order
//! changes nothing that it should not, and neither does folding it twice. (Beyond [`channels::MOST`]
//! channels, the order of arrival decides which have names of their own.)
//!
//! - [`Calendar`]: days, hours, weeks and months of an application's time zone.
//! - [`Ledger`]: the state of one application, to which observations are added.
//! - [`Snapshot`]: that state at an instant, which reports read without holding anything up.
//! - [`report`]: the figures of the manual (6.3 to 6.8).
//! - [`segment`]: the state as Parquet files.

mod bitmaps;
pub mod calendar;
pub mod channels;
pub mod day;
pub mod devices;
pub mod error;
pub mod ledger;
pub mod observation;
pub mod report;
mod runs;
pub mod segment;
pub mod sessions;
pub mod snapshot;

pub use calendar::{Calendar, Day, Unit};
pub use channels::{ChannelId, Channels};
pub use day::DayFigures;
pub use devices::{DeviceId, DeviceKey, Devices};
pub use error::{Error, Result};
pub use ledger::{Ledger, Noted};
pub use observation::Observation;
pub use sessions::{Session, Sessions};
pub use snapshot::Snapshot;
