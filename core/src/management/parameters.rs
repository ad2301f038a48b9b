//! The parameters of a management request: texts by name, from query and body together.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER, boolean};
use sdk_plugin::{Error, Result};
use serde_json::Value;

/// The parameters of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// A parameter's text; none when it is absent or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A parameter's text as it was sent, the empty one too.
    pub fn sent(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// `MissingParameter`, which names it.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// A parameter that is a number or a boolean.
    ///
    /// # Errors
    /// `InvalidParameter` when its text is none.
    pub fn parsed<T>(&self, name: &str) -> Result<Option<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.text(name).map(|text| boolean(text).parse().map_err(|e| invalid(name, &format!("`{text}`: {e}")))).transpose()
    }

    /// A parameter that is a list, which travels as one text with commas.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.text(name)
            .into_iter()
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The parameters as a JSON object of texts.
    ///
    /// # Errors
    /// `InternalError` when they cannot be encoded.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(&self.0).map_err(Error::internal)
    }

    /// Adds what a JSON body holds: texts as they are, other values as JSON text, `null` not.
    ///
    /// # Errors
    /// `InvalidParameter` when it is not a JSON object.
    pub fn add_json(&mut self, body: &[u8]) -> Result<()> {
        let object: BTreeMap<String, Value> = serde_json::from_slice(body)
            .map_err(|e| Error::new(INVALID_PARAMETER, format!("the request body is not a JSON object: {e}")))?;
        for (name, value) in object {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Array(items) if items.iter().all(Value::is_string) => {
                    items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
                }
                other => other.to_string(),
            };
            self.0.insert(name, text);
        }
        Ok(())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Extend<(String, String)> for Parameters {
    fn extend<I: IntoIterator<Item = (String, String)>>(&mut self, pairs: I) {
        self.0.extend(pairs);
    }
}

/// The error for a parameter that must be there and is not.
pub fn missing(name: &str) -> Error {
    Error::new(MISSING_PARAMETER, format!("the parameter {name} is missing"))
}

/// The error for a parameter with a wrong value.
pub fn invalid(name: &str, why: &str) -> Error {
    Error::new(INVALID_PARAMETER, format!("the parameter {name} is not valid: {why}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_what_they_stand_for() {
        let parameters: Parameters = [("N", "7"), ("B", "true"), ("L", "a, b,,"), ("E", "")].into_iter().collect();
        assert_eq!(parameters.parsed("N").unwrap(), Some(7_u32));
        assert_eq!(parameters.parsed("B").unwrap(), Some(true));
        assert_eq!(parameters.parsed::<u32>("E").unwrap(), None);
        assert_eq!(parameters.list("L"), ["a", "b"]);
        assert!(parameters.list("E").is_empty());
        assert_eq!(parameters.required("E").unwrap_err().code(), MISSING_PARAMETER);
        assert_eq!(parameters.parsed::<u32>("L").unwrap_err().code(), INVALID_PARAMETER);
        assert_eq!(parameters.to_json().unwrap(), br#"{"B":"true","E":"","L":"a, b,,","N":"7"}"#);
    }

    #[test]
    fn a_json_body_becomes_texts() {
        let mut parameters = Parameters::default();
        parameters.add_json(br#"{"a":1,"b":"t","c":["x","y"],"d":{"e":null},"f":null}"#).unwrap();
        assert_eq!(parameters.to_json().unwrap(), br#"{"a":"1","b":"t","c":"x,y","d":"{\"e\":null}"}"#);
        assert_eq!(parameters.add_json(b"[]").unwrap_err().code(), INVALID_PARAMETER);
    }
}
