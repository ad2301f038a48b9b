//! The time of an update.

use std::sync::atomic::{AtomicU64, Ordering};

use bson::{Bson, DateTime, Timestamp};

/// The last timestamp: seconds above, increment below.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A timestamp of the given time that is later than all before it.
pub(super) fn timestamp(now: DateTime) -> Bson {
    let seconds = u32::try_from(now.timestamp_millis() / 1000).unwrap_or(u32::MAX);
    let least = u64::from(seconds) << 32 | 1;
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(least.max(last.saturating_add(1))));
    let next = least.max(last.unwrap_or(0).saturating_add(1));
    Bson::Timestamp(Timestamp { time: (next >> 32) as u32, increment: next as u32 })
}
