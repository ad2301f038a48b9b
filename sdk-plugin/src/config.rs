//! Strict decoding of configuration: a key nobody reads is a typing error.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Result, codes};

/// Decodes a configuration table; a key that is not known is an error that names the nearest.
///
/// # Errors
/// `InvalidConfiguration`, with the key and, where there is a similar one, what was likely meant.
pub fn decode_strict<T: DeserializeOwned>(table: Value) -> Result<T> {
    let mut ignored = Vec::new();
    let decoded = serde_ignored::deserialize(table, |path| ignored.push(path.to_string()));
    let value = decoded.map_err(|e: serde_json::Error| Error::new(codes::CONFIG, with_hint(&e.to_string())))?;
    match ignored.first() {
        None => Ok(value),
        Some(key) => Err(Error::new(codes::CONFIG, format!("unknown key `{key}`"))),
    }
}

/// Completes serde's "unknown field `x`, expected one of `a`, `b`" with the nearest known key.
pub fn with_hint(message: &str) -> String {
    let Some(rest) = message.split_once("unknown field `").map(|(_, rest)| rest) else {
        return message.to_owned();
    };
    let mut quoted = rest.split('`');
    let Some(unknown) = quoted.next() else { return message.to_owned() };
    // Between two names stands a separator, so every second piece is a known key.
    let known: Vec<&str> = quoted.skip(1).step_by(2).collect();
    let hint = match nearest(unknown, known.iter().copied()) {
        Some(name) => format!("unknown key `{unknown}`, did you mean `{name}`?"),
        None => format!("unknown key `{unknown}`"),
    };
    if known.is_empty() { hint } else { format!("{hint} (known: {})", known.join(", ")) }
}

/// The most similar of some names, if one is similar enough to be a typing error of `name`.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[allow(dead_code)]
        greeting: String,
        #[allow(dead_code)]
        limit: Option<u32>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Lenient {
        #[allow(dead_code)]
        greeting: String,
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = decode_strict::<Strict>(serde_json::json!({"greting": "hi"})).expect_err("unknown key");
        assert_eq!(error.message(), "unknown key `greting`, did you mean `greeting`? (known: greeting, limit)");
    }

    #[test]
    fn a_type_that_would_ignore_keys_is_held_to_account() {
        let error = decode_strict::<Lenient>(serde_json::json!({"greeting": "hi", "x": 1})).expect_err("unknown key");
        assert_eq!(error.message(), "unknown key `x`");
    }
}
