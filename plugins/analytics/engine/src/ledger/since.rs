//! What has changed of devices and channels since a moment.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::devices::Device;
use crate::{Channels, DeviceId, Devices};

/// What has changed of devices and channels since a moment: enough to go back to it.
#[derive(Debug)]
pub(super) struct Since {
    /// How many devices there were.
    pub devices: usize,
    /// How many channels there were.
    pub channels: usize,
    /// The devices that are new, or have changed.
    pub changed: RoaringBitmap,
    /// Those that were there and have changed, as they were.
    pub before: HashMap<DeviceId, Device>,
}

impl Since {
    pub fn of(devices: &Devices, channels: &Channels) -> Self {
        Self::at(devices.len(), channels.len())
    }

    pub fn at(devices: usize, channels: usize) -> Self {
        Self { devices, channels, changed: RoaringBitmap::new(), before: HashMap::new() }
    }

    /// Tells how a device was that changes.
    pub fn keep(&mut self, id: DeviceId, device: Device) {
        self.changed.insert(id);
        if (id as usize) < self.devices {
            self.before.entry(id).or_insert(device);
        }
    }

    /// Adds what has changed since a later moment.
    pub fn then(&mut self, later: Self) {
        self.changed |= later.changed;
        for (id, device) in later.before {
            self.keep(id, device);
        }
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        self.changed.serialized_size() + self.before.capacity() * (size_of::<(DeviceId, Device)>() + 1)
    }
}
