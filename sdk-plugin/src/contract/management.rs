//! Management actions: `CreateFunction` and the like are methods named `admin.CreateFunction`.
//!
//! The core checks the signature, the key's rights and that the space exists. The method gets the
//! parameters as a JSON object of the texts that were sent, with `call.space` set to `SpaceId`,
//! and answers a JSON object with keys in PascalCase, to which the core adds `RequestId`.
//! An error's code goes to the caller as it is; the HTTP status follows from it: 404 for codes
//! that end in `NotFound`, 500 for `InternalError`, otherwise 400.
//!
//! Parameters arrive as text, so numbers, booleans and lists are read with the functions here:
//!
//! ```
//! use sdk_plugin::contract::management;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Page {
//!     #[serde(default, deserialize_with = "management::optional")]
//!     page_num: Option<u32>,
//!     #[serde(default, deserialize_with = "management::list")]
//!     space_ids: Vec<String>,
//! }
//! let page: Page = serde_json::from_str(r#"{"PageNum":"2","SpaceIds":"a,b"}"#)?;
//! assert_eq!(page.page_num, Some(2));
//! assert_eq!(page.space_ids, ["a", "b"]);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt::Display;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What the method of a management action is called: this and the action's name.
pub const PREFIX: &str = "admin.";

/// The code for a parameter that must be there and is not.
pub const MISSING_PARAMETER: &str = "MissingParameter";
/// The code for a parameter with a wrong value.
pub const INVALID_PARAMETER: &str = "InvalidParameter";

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    String(String),
    Bool(bool),
    Integer(i64),
    Float(f64),
}

impl Text {
    fn into_string(self) -> String {
        match self {
            Self::String(text) => text,
            Self::Bool(b) => b.to_string(),
            Self::Integer(n) => n.to_string(),
            Self::Float(n) => n.to_string(),
        }
    }
}

/// Reads an optional number or boolean that may have come as text. Empty text counts as absent;
/// Python's `True` and `False`, which its SDK sends, are booleans.
///
/// # Errors
/// When the text is not such a value.
pub fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: Display,
{
    match Option::<Text>::deserialize(deserializer)?.map(Text::into_string) {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => boolean(&text).parse().map(Some).map_err(|e| D::Error::custom(format!("`{text}`: {e}"))),
    }
}

/// A text as Rust writes it, if it is a boolean.
pub fn boolean(text: &str) -> &str {
    match text {
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        other => other,
    }
}

/// Reads a list that may have come as one text with commas.
///
/// # Errors
/// When it is neither a text nor a list of texts.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        Text(String),
        Items(Vec<String>),
    }
    Ok(match Option::<List>::deserialize(deserializer)? {
        None => Vec::new(),
        Some(List::Items(items)) => items,
        Some(List::Text(text)) => text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_come_as_every_language_writes_them() {
        #[derive(Deserialize)]
        struct Params {
            #[serde(default, deserialize_with = "optional")]
            enabled: Option<bool>,
        }
        for (json, enabled) in [
            (r#"{"enabled":"True"}"#, Some(true)),
            (r#"{"enabled":"false"}"#, Some(false)),
            (r#"{"enabled":true}"#, Some(true)),
            (r#"{"enabled":""}"#, None),
            ("{}", None),
        ] {
            assert_eq!(serde_json::from_str::<Params>(json).expect(json).enabled, enabled, "{json}");
        }
        assert!(serde_json::from_str::<Params>(r#"{"enabled":"yes"}"#).is_err());
    }
}
