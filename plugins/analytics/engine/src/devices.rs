//! The devices of an application, as small numbers.
//!
//! A client names its device by a text. Its key is the first 128 bits of the text's SHA-256, so that
//! all keys have one size and nobody can choose two texts that meet. Numbers are given in the order
//! in which devices are first met, so that those who come at the same time lie close in bitmaps.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use sha2::{Digest as _, Sha256};

use crate::{ChannelId, Day};

/// What a device is known by everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey(pub u128);

impl DeviceKey {
    /// The key of the device that a client names so.
    pub fn of(text: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        Self(digest.first_chunk().map_or(0, |first| u128::from_be_bytes(*first)))
    }
}

/// A device's number within its application: an entry of bitmaps.
pub type DeviceId = u32;

/// How many devices share a block, which is copied when it changes while a snapshot has it.
const BLOCK: usize = 1 << 14;

/// What is known of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// The start of its first session, in milliseconds since 1970.
    pub first: i64,
    /// The local day of that.
    pub first_day: Day,
    /// The local hour of that.
    pub first_hour: u8,
    /// The channel that it came by then.
    pub channel: ChannelId,
}

/// The devices of an application: for each its first launch, and the channel of that. A clone shares
/// all blocks, until one of both changes.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    blocks: Vec<Arc<Vec<Device>>>,
    len: usize,
}

impl Devices {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is known of a device.
    pub fn get(&self, id: DeviceId) -> Option<&Device> {
        self.blocks.get(id as usize / BLOCK)?.get(id as usize % BLOCK)
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Device> {
        self.blocks.iter().flat_map(|block| block.iter())
    }

    /// The start of a device's first session; 0 for a number that no device has, as with all below.
    pub fn first(&self, id: DeviceId) -> i64 {
        self.get(id).map_or(0, |device| device.first)
    }

    /// The local day of a device's first session.
    pub fn first_day(&self, id: DeviceId) -> Day {
        self.get(id).map_or(Day::default(), |device| device.first_day)
    }

    /// The local hour of a device's first session.
    pub fn first_hour(&self, id: DeviceId) -> u8 {
        self.get(id).map_or(0, |device| device.first_hour)
    }

    /// The channel of a device.
    pub fn channel(&self, id: DeviceId) -> ChannelId {
        self.get(id).map_or(ChannelId::NONE, |device| device.channel)
    }

    pub(crate) fn push(&mut self, device: Device) {
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::new(Vec::with_capacity(BLOCK)));
        }
        if let Some(last) = self.blocks.last_mut() {
            Arc::make_mut(last).push(device);
            self.len += 1;
        }
    }

    /// Forgets those from a number on.
    pub(crate) fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.blocks.truncate(len.div_ceil(BLOCK));
            if let Some(last) = self.blocks.last_mut().filter(|_| !len.is_multiple_of(BLOCK)) {
                Arc::make_mut(last).truncate(len % BLOCK);
            }
            self.len = len;
        }
    }

    pub(crate) fn set(&mut self, id: DeviceId, device: Device) {
        let block = self.blocks.get_mut(id as usize / BLOCK);
        if let Some(place) = block.and_then(|block| Arc::make_mut(block).get_mut(id as usize % BLOCK)) {
            *place = device;
        }
    }
}

/// The numbers of devices by their keys.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    ids: HashTable<DeviceId>,
    keys: Vec<DeviceKey>,
    hasher: KeyHasher,
}

/// Hashes keys by multiply-shift (Dietzfelbinger 1996): for random factors any two keys meet with the
/// chance of random numbers. Clients choose what is hashed, and could search for keys that meet under
/// a hash without secrets.
#[derive(Debug)]
struct KeyHasher {
    factors: [u128; 2],
    offset: u128,
}

impl Default for KeyHasher {
    fn default() -> Self {
        let secret = RandomState::new();
        let random = |n: u64| u128::from(secret.hash_one((n, 0))) << 64 | u128::from(secret.hash_one((n, 1)));
        Self { factors: [random(0), random(1)], offset: random(2) }
    }
}

impl KeyHasher {
    fn hash(&self, key: DeviceKey) -> u64 {
        let [first, second] = self.factors;
        let (high, low) = (key.0 >> 64, key.0 & u128::from(u64::MAX));
        let sum = first.wrapping_mul(high).wrapping_add(second.wrapping_mul(low)).wrapping_add(self.offset);
        (sum >> 64) as u64
    }
}

impl Directory {
    pub fn get(&self, key: DeviceKey) -> Option<DeviceId> {
        self.ids.find(self.hasher.hash(key), |id| self.keys.get(*id as usize) == Some(&key)).copied()
    }

    pub fn key(&self, id: DeviceId) -> Option<DeviceKey> {
        self.keys.get(id as usize).copied()
    }

    /// The keys from a number on.
    pub fn keys(&self, from: DeviceId) -> &[DeviceKey] {
        self.keys.get(from as usize..).unwrap_or_default()
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        self.keys.reserve(more);
        let Self { ids, keys, hasher } = self;
        ids.reserve(more, |id| keys.get(*id as usize).map_or(0, |key| hasher.hash(*key)));
    }

    /// Gives a key that has none the next number.
    pub fn add(&mut self, key: DeviceKey) -> DeviceId {
        let id = self.keys.len() as DeviceId;
        self.keys.push(key);
        let Self { ids, keys, hasher } = self;
        let again = |id: &DeviceId| keys.get(*id as usize).map_or(0, |key| hasher.hash(*key));
        ids.insert_unique(hasher.hash(key), id, again);
        id
    }

    /// Takes those from a number on out.
    pub fn truncate(&mut self, len: usize) {
        for (id, key) in self.keys.iter().enumerate().skip(len) {
            if let Ok(entry) = self.ids.find_entry(self.hasher.hash(*key), |some| *some as usize == id) {
                entry.remove();
            }
        }
        self.keys.truncate(len);
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        self.keys.capacity() * size_of::<DeviceKey>() + self.ids.capacity() * (size_of::<DeviceId>() + 1)
    }
}
