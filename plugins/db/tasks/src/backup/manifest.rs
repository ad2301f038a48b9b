//! What a backup has.

use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The form of manifests and of the objects that they name.
pub const VERSION: u32 = 1;

/// The code for a collection that does not exist.
pub const COLLECTION_NOT_FOUND: &str = "InvalidCollection.NotFound";

/// A complete backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u32,
    /// The space.
    pub space_id: String,
    /// Milliseconds since 1970.
    pub begun: u64,
    /// When the last collection was written.
    pub ended: u64,
    /// The collections, by name.
    pub collections: Vec<Saved>,
}

/// A collection of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// Where its documents are.
    pub object: String,
    /// How many there are.
    pub documents: u64,
    /// Their size as BSON.
    pub bytes: u64,
    /// Its indexes, to be made again as they are.
    pub indexes: Vec<Box<RawValue>>,
}

impl Manifest {
    /// A collection.
    ///
    /// # Errors
    /// `InvalidCollection.NotFound`.
    pub fn collection(&self, name: &str) -> Result<&Saved> {
        let found = self.collections.iter().find(|saved| saved.name == name);
        found.ok_or_else(|| Error::new(COLLECTION_NOT_FOUND, format!("the backup has no collection `{name}`")))
    }
}
