//! The names of channels, as small numbers.

use std::collections::HashMap;
use std::sync::Arc;

/// The longest name of a channel, in bytes.
pub const LONGEST_NAME: usize = 64;
/// How many channels an application has at most. What comes by further ones counts as [`OTHER`].
pub const MOST: usize = 2_000;
/// The name of what comes by no channel: the empty text. Reports show it as such.
pub const NONE: &str = "";
/// The name under which channels beyond [`MOST`] are counted.
pub const OTHER: &str = "(channels beyond 2,000)";

/// A channel's number within its application. Those of [`NONE`] and [`OTHER`] are the same everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u32);

impl ChannelId {
    /// [`NONE`].
    pub const NONE: Self = Self(0);
    /// [`OTHER`].
    pub const OTHER: Self = Self(1);
}

/// The channels of an application. Numbers are given in order and never change.
#[derive(Clone, Debug)]
pub struct Channels {
    names: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, ChannelId>,
}

impl Default for Channels {
    fn default() -> Self {
        Self::of([NONE, OTHER])
    }
}

impl Channels {
    /// The channels with these names, numbered in this order.
    pub fn of<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Self {
        let mut channels = Self { names: Vec::new(), ids: HashMap::new() };
        for name in names {
            channels.add(name.as_ref());
        }
        channels
    }

    /// The number of a name that is known.
    pub fn id(&self, name: &str) -> Option<ChannelId> {
        self.ids.get(name).copied()
    }

    /// The name of a number; that of none where there is no such number.
    pub fn name(&self, id: ChannelId) -> &str {
        self.names.get(id.0 as usize).map_or(NONE, Arc::as_ref)
    }

    /// The names, by number.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(Arc::as_ref)
    }

    /// How many there are, [`NONE`] and [`OTHER`] among them.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Never: there are always [`NONE`] and [`OTHER`].
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a further name gets a number of its own.
    pub(crate) fn has_room(&self) -> bool {
        self.names.len() < MOST + 2
    }

    /// Forgets those from a number on.
    pub(crate) fn truncate(&mut self, len: usize) {
        for name in self.names.drain(len.min(self.names.len())..) {
            self.ids.remove(&name);
        }
    }

    pub(crate) fn add(&mut self, name: &str) -> ChannelId {
        if let Some(id) = self.id(name) {
            return id;
        }
        let (id, name) = (ChannelId(self.names.len() as u32), Arc::<str>::from(name));
        self.names.push(name.clone());
        self.ids.insert(name, id);
        id
    }
}
