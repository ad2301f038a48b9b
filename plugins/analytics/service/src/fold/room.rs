//! Memory for states that are loaded to be folded. So many are loaded at once as have room in the
//! budget by the size of their files, and one that is larger than all of it alone.

use sdk_plugin::{Error, Result};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::store::Manifest;

/// The room that there is, in MiB.
#[derive(Debug)]
pub struct Room {
    free: Semaphore,
    all: u32,
}

impl Room {
    /// Room of so many MiB.
    pub fn new(mib: u64) -> Self {
        let all = u32::try_from(mib).unwrap_or(u32::MAX).max(1);
        Self { free: Semaphore::new(all as usize), all }
    }

    /// Takes room for a state; it is free again when what is given is dropped.
    ///
    /// # Errors
    /// `InternalError`, never in practice.
    pub async fn take(&self, bytes: u64) -> Result<SemaphorePermit<'_>> {
        let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX).saturating_add(1);
        self.free.acquire_many(mib.min(self.all)).await.map_err(Error::internal)
    }

    /// How many bytes are taken.
    pub fn taken(&self) -> usize {
        (self.all as usize).saturating_sub(self.free.available_permits()) << 20
    }
}

/// About how many bytes the state of these files takes: devices are compressed to a third, and
/// figures of a day take less than its sessions.
pub fn estimate(manifest: &Manifest) -> u64 {
    let devices: u64 = manifest.devices.iter().map(|file| file.bytes).sum();
    let days: u64 = manifest.days.values().flatten().map(|file| file.bytes).sum();
    devices.saturating_mul(3).saturating_add(days)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn what_is_larger_than_the_room_is_alone() {
        let room = Room::new(10);
        let some = [room.take(0), room.take(4 << 20)].map(|take| take.now_or_never().unwrap().unwrap());
        assert_eq!(room.taken(), 6 << 20);
        assert!(room.take(100 << 20).now_or_never().is_none());
        drop(some);
        let large = room.take(100 << 20).now_or_never().unwrap().unwrap();
        assert!(room.take(0).now_or_never().is_none());
        drop(large);
        assert_eq!(room.taken(), 0);
    }
}
