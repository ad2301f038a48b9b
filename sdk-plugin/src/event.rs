//! Things that happened, told to every plugin that asked to hear of them.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// Names of the events that mpcloud itself emits.
pub mod events {
    /// A space is being deleted; `space` names it. Whoever keeps something of that space removes
    /// it. The deletion is complete only when every subscriber has answered without an error, and
    /// is told again until then, so that handling it twice must do no harm.
    pub const SPACE_DELETED: &str = "space.deleted";
    /// A function has a new active version: `{"name", "version"}`.
    pub const FUNCTION_DEPLOYED: &str = "function.deployed";
    /// A function was deleted: `{"name"}`.
    pub const FUNCTION_DELETED: &str = "function.deleted";
    /// A collection was removed: `{"collection"}`. The database plugin emits it.
    pub const COLLECTION_DROPPED: &str = "collection.dropped";
    /// A collection has another name: `{"collection", "to"}`. The database plugin emits it.
    pub const COLLECTION_RENAMED: &str = "collection.renamed";
    /// A schedule of this plugin is due: `{"name"}` as given to [`Host::schedule`](crate::Host::schedule).
    pub const SCHEDULE_DUE: &str = "schedule.due";
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name, such as [`events::SPACE_DELETED`].
    pub name: String,
    /// The space it happened in; empty where it belongs to none.
    pub space: String,
    /// What there is to know of it, as JSON text; empty for nothing.
    pub payload: Bytes,
}

impl Event {
    /// An event with a payload that is encoded as JSON.
    ///
    /// # Errors
    /// `InternalError` when the payload cannot be encoded.
    pub fn json(name: impl Into<String>, space: impl Into<String>, payload: &impl Serialize) -> Result<Self> {
        let payload = serde_json::to_vec(payload).map_err(Error::internal)?;
        Ok(Self { name: name.into(), space: space.into(), payload: payload.into() })
    }

    /// The payload, decoded. An empty one counts as `{}`.
    ///
    /// # Errors
    /// `InternalError` when the payload has another form.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let payload: &[u8] = if self.payload.is_empty() { b"{}" } else { &self.payload };
        serde_json::from_slice(payload).map_err(|e| Error::internal(e).with_operation(format!("decode {}", self.name)))
    }
}
