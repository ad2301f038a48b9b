//! The records of files, as they are in the system space.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A file that can be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// See [`name::id`](crate::name::id).
    #[serde(rename = "_id")]
    pub id: String,
    /// Its space.
    pub space: String,
    /// Its path in the space.
    pub path: String,
    /// The user whose file it is; empty for nobody's.
    pub owner: String,
    /// Where its bytes lie: each upload has a place of its own, so that this is an ETag as well.
    pub object: String,
    /// In bytes.
    pub size: u64,
    /// Its type, without parameters.
    pub content_type: String,
    /// Whether only those with a signed URL may download it.
    #[serde(default)]
    pub private: bool,
    /// Milliseconds since 1970.
    pub created: u64,
    /// When its contents were last replaced. Each time in another second, so that `Last-Modified`
    /// is a strong validator (RFC 9110, section 8.8.2.2).
    pub modified: u64,
    /// What its downloads say beside that.
    #[serde(default)]
    pub headers: Headers,
    /// What was uploaded as `x-oss-meta-NAME`.
    #[serde(default)]
    pub meta: BTreeMap<String, String>,
    /// The upload that was signed last, when that was to replace the file.
    #[serde(default)]
    pub expects: Option<String>,
}

/// Headers of downloads that were chosen by whoever uploaded the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Headers {
    /// `Cache-Control`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Expires`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// An object that is not, or may soon not be, a file's: what an upload that is cut off leaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leftover {
    /// The object.
    #[serde(rename = "_id")]
    pub object: String,
    /// Its space.
    pub space: String,
    /// The file that it may be of.
    pub file: String,
    /// When it was begun, in milliseconds since 1970.
    pub at: u64,
}
