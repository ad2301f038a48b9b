//! Object storage: methods for other plugins, with streams.
//!
//! A key is a path of segments joined by `/`, in UTF-8, at most [`MAX_KEY`] bytes. No segment is
//! empty, `.` or `..`, and none contains a control character or a backslash. Every space has keys of
//! its own, which go with [`SPACE_DELETED`](crate::events::SPACE_DELETED).

use serde::{Deserialize, Serialize};

use crate::{Error, Result, codes};

/// Stores the call's body under a key: [`Key`] → [`Object`]. Readers see the old object or the
/// new one, whole; a body that ends with an error, or not at its length, leaves the old one.
/// `ServiceUnavailable`, retryable, while the store cannot be reached, as with all methods.
pub const PUT: &str = "storage.put";
/// Reads an object: [`Get`] → [`Object`] with the bytes as the reply's body. `NotFound` when there
/// is none, `ParamInvalid` when the part begins behind its end. A body that ends without an error is
/// whole, and of the object that is described, also when that is replaced meanwhile.
pub const GET: &str = "storage.get";
/// Describes an object: [`Key`] → [`Object`]. `NotFound` when there is none.
pub const STAT: &str = "storage.stat";
/// Lists objects in the order of their keys: [`List`] → [`Listing`].
pub const LIST: &str = "storage.list";
/// Deletes an object: [`Key`] → `null`. Deleting what is not there succeeds.
pub const DELETE: &str = "storage.delete";
/// Deletes every object under a folder: [`Key`], whose key names the folder without a trailing
/// slash → `null`.
pub const DELETE_FOLDER: &str = "storage.deleteFolder";

/// The longest key, in bytes. With a space and a folder before it, it fits the object stores, of
/// which some take names of 850 bytes.
pub const MAX_KEY: usize = 640;

/// Names an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    /// The object's key.
    pub key: String,
}

/// Names a part of an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Get {
    /// The object's key.
    pub key: String,
    /// The first byte that is wanted.
    #[serde(default)]
    pub offset: u64,
    /// How many bytes are wanted; all that follow, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

/// Asks for a page of objects.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct List {
    /// Only keys that begin so.
    #[serde(default)]
    pub prefix: String,
    /// Only keys after this one: the last page's [`Listing::next`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many, from 1 to 1,000.
    #[serde(default = "List::default_limit")]
    pub limit: usize,
}

impl List {
    fn default_limit() -> usize {
        100
    }
}

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was stored, in milliseconds since 1970.
    pub modified: i64,
    /// Changes whenever the contents do.
    pub etag: String,
}

/// A page of objects.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// The objects, in the order of their keys.
    pub objects: Vec<Object>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Checks a key against the rules of this module.
///
/// # Errors
/// `ParamInvalid`, with the rule that is broken.
pub fn check_key(key: &str) -> Result<()> {
    if key.len() > MAX_KEY {
        return Err(Error::new(codes::PARAM_INVALID, format!("the storage key is longer than {MAX_KEY} bytes")));
    }
    check_segments(key)
}

/// Checks a path of any length against the rules of this module for segments.
///
/// # Errors
/// `ParamInvalid`, with the rule that is broken.
pub fn check_segments(path: &str) -> Result<()> {
    let refuse = |why: &str| Err(Error::new(codes::PARAM_INVALID, format!("the storage key {why}")));
    if path.is_empty() {
        return refuse("is empty");
    }
    if path.chars().any(|c| c.is_control() || c == '\\') {
        return refuse("contains a control character or a backslash");
    }
    if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse("has an empty segment, or one that is `.` or `..`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MAX_KEY, check_key};

    #[test]
    fn keys_cannot_leave_their_place() {
        for good in ["a", "a/b.c", "…/图片.png", "a/..b", ".hidden"] {
            assert!(check_key(good).is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\0b", "a\\b", "a\nb", &"x".repeat(MAX_KEY + 1)] {
            assert!(check_key(bad).is_err(), "{bad:?}");
        }
    }
}
