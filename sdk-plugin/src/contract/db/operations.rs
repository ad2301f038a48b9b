//! Commands of [`EXECUTE`](super::EXECUTE) for whoever operates a database: collections, indexes,
//! and documents in bulk.
//!
//! A backend answers them to callers of the kinds [`Admin`](crate::CallerKind::Admin) and
//! [`System`](crate::CallerKind::System) alone, and to all others as it answers a command that it
//! does not know. Where MongoDB has a command of the same name, arguments, replies and errors are
//! MongoDB's; `affectedDocs` is 0 unless it is said here.
//!
//! | command | arguments | `result` | errors |
//! | --- | --- | --- | --- |
//! | [`CREATE`] | `collection` | `{"ok":1}` | [`NAMESPACE_EXISTS`] |
//! | [`DROP`] | `collection` | `{"nIndexesWas":n,"ok":1}` | [`NAMESPACE_NOT_FOUND`] |
//! | [`RENAME_COLLECTION`] | `collection`, `to`, `options.dropTarget` | `{"ok":1}` | [`NAMESPACE_NOT_FOUND`], [`NAMESPACE_EXISTS`] |
//! | [`LIST_COLLECTIONS`] | | `[{"name":…,"type":"collection"},…]`, by name; `affectedDocs` counts them | |
//! | [`COLL_STATS`] | `collection` | [`Stats`] | [`NAMESPACE_NOT_FOUND`] |
//! | [`CREATE_INDEX`] | `collection`, `field`, `options` | the index's name | as [`CREATE_INDEXES`] |
//! | [`CREATE_INDEXES`] | `collection`, `indexes` | `{"createdCollectionAutomatically":b,"numIndexesBefore":n,"numIndexesAfter":n,"ok":1}` | [`INDEX_OPTIONS_CONFLICT`], [`DUPLICATE_KEY`](super::DUPLICATE_KEY) |
//! | [`LIST_INDEXES`] | `collection` | `[{"v":2,"key":{…},"name":…,"unique":true,…},…]`, `_id_` first; `affectedDocs` counts them | [`NAMESPACE_NOT_FOUND`] |
//! | [`DROP_INDEX`], [`DROP_INDEXES`] | `collection`, `index` | `{"nIndexesWas":n,"ok":1}` | [`NAMESPACE_NOT_FOUND`], [`INDEX_NOT_FOUND`] |
//! | [`DUMP`] | `collection`, `options.after`, `options.limit` | [`Dumped`] | |
//! | [`LOAD`] | `collection`, `options.ordered` | [`Loaded`]; `affectedDocs` counts what was inserted | |
//!
//! # Collections
//! A collection exists from the first document or index, or from [`CREATE`], until [`DROP`]; an
//! empty one exists. `collection` may be missing from [`LIST_COLLECTIONS`] alone. After [`DROP`]
//! and [`RENAME_COLLECTION`] the backend emits
//! [`COLLECTION_DROPPED`](crate::events::COLLECTION_DROPPED) or
//! [`COLLECTION_RENAMED`](crate::events::COLLECTION_RENAMED), whoever made the call, so that
//! whatever is kept by a collection's name follows. Documents and indexes move with a rename;
//! `dropTarget: true` drops what has the name `to`.
//!
//! # Indexes
//! [`CREATE_INDEX`] is the form of the manual (3.10.6), which makes one index: `field` is its key,
//! and `options` has the rest. An entry of `indexes` has `key` (an object whose order of fields counts: 1, -1, `"2dsphere"`),
//! and may have `name` (MongoDB's default: `a_1_b_-1`), `unique`, `sparse`,
//! `partialFilterExpression`, `expireAfterSeconds`; what a backend cannot do it refuses. Making an
//! index that is there already does nothing. `index` of [`DROP_INDEXES`] is a name, a list of
//! names, a key, or `"*"` for all but `_id_`. What [`LIST_INDEXES`] answers can be given to
//! [`CREATE_INDEXES`] as it is: `v` is ignored, and so is the entry `_id_`.
//!
//! # Documents in bulk
//! [`DUMP`] reads a collection page by page in the order of `_id`, whatever types the `_id`s have.
//! The documents are the reply's body: BSON, one after another, as MongoDB's tools write them, so
//! that nothing of a type is lost. A page ends after `limit` documents (1,000 unless it is said),
//! or with the document that takes it past [`PAGE_BYTES`]. No text is taken for a date, none for
//! an ObjectId.
//!
//! [`LOAD`] inserts such documents from the call's body, at most [`LOAD_BYTES`] in one call. They
//! are stored as they are; one without `_id` gets one. With `ordered: false` those after one that
//! cannot be stored are stored still; with `true`, the default, they are not. Either way the
//! command succeeds and says in [`Loaded::write_errors`] which were not stored. A body that is not
//! BSON is `InvalidParams.Format`.

use serde::{Deserialize, Serialize};

/// Makes an empty collection.
pub const CREATE: &str = "create";
/// Removes a collection with its documents and indexes.
pub const DROP: &str = "drop";
/// Gives a collection another name.
pub const RENAME_COLLECTION: &str = "renameCollection";
/// Lists the collections of a space.
pub const LIST_COLLECTIONS: &str = "listCollections";
/// Counts and sizes of a collection.
pub const COLL_STATS: &str = "collStats";
/// Makes one index, as the manual writes it.
pub const CREATE_INDEX: &str = "createIndex";
/// Makes indexes, over the documents that are there too; answers when they are complete.
pub const CREATE_INDEXES: &str = "createIndexes";
/// Lists the indexes of a collection.
pub const LIST_INDEXES: &str = "listIndexes";
/// Removes an index.
pub const DROP_INDEX: &str = "dropIndex";
/// Removes indexes.
pub const DROP_INDEXES: &str = "dropIndexes";
/// Reads a page of a collection, exactly.
pub const DUMP: &str = "dump";
/// Inserts documents, exactly.
pub const LOAD: &str = "load";

/// The code for a collection that exists already. MongoDB's number is 48.
pub const NAMESPACE_EXISTS: &str = "NamespaceExists";
/// The code for a collection that does not exist. MongoDB's number is 26.
pub const NAMESPACE_NOT_FOUND: &str = "NamespaceNotFound";
/// The code for an index that does not exist. MongoDB's number is 27.
pub const INDEX_NOT_FOUND: &str = "IndexNotFound";
/// The code for an index that exists with other options or another name. MongoDB's number is 85.
pub const INDEX_OPTIONS_CONFLICT: &str = "IndexOptionsConflict";

/// MongoDB's number for a duplicate key, in [`WriteError::code`].
pub const DUPLICATE_KEY_NUMBER: i32 = 11000;

/// A page of [`DUMP`] that has so many bytes takes no further document.
pub const PAGE_BYTES: usize = 4 << 20;
/// The most bytes that [`LOAD`] takes in one call: MongoDB's bound of a message, so that a page of
/// [`DUMP`] and a largest document always fit.
pub const LOAD_BYTES: usize = 48_000_000;

/// The `result` of [`COLL_STATS`]. Sizes are in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The collection's name.
    pub ns: String,
    /// How many documents there are.
    pub count: u64,
    /// The documents' size as BSON.
    pub size: u64,
    /// The mean size of a document.
    #[serde(default)]
    pub avg_obj_size: u64,
    /// How many indexes there are, `_id_` included.
    #[serde(default)]
    pub nindexes: u64,
}

/// The `result` of [`DUMP`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dumped {
    /// What to give as `options.after` for the next page: a text that only the backend reads.
    /// Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The `result` of [`LOAD`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loaded {
    /// The documents that were not stored because of an error of their own, in their order.
    #[serde(default)]
    pub write_errors: Vec<WriteError>,
}

/// Why a document was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteError {
    /// The document's place in the body, from 0.
    pub index: u64,
    /// MongoDB's number of the error.
    pub code: i32,
    /// What is wrong, in MongoDB's words.
    pub errmsg: String,
}
