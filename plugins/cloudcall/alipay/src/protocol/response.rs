//! Responses of the gateway: `{"METHOD_response": NODE, "sign": "…"}`.
//!
//! What is signed is the text of the node exactly as it came: `\/` and spaces count, and the quotes
//! of an encrypted node too. So nodes are cut out and never written again.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What a response has at its root.
#[derive(Debug, PartialEq, Eq)]
pub struct Response<'r> {
    /// The node's text, as it came.
    pub node: &'r str,
    /// Whether it is the node of errors that concern no method.
    pub error: bool,
    /// The signature; empty when there is none.
    pub sign: String,
    /// The serial number of the certificate that it is of; empty when there is none.
    pub certificate: String,
}

impl<'r> Response<'r> {
    /// Cuts a response to a method into its parts. None when it is not JSON, has a root key twice,
    /// or has no node for the method.
    pub fn read(text: &'r str, method: &str) -> Option<Self> {
        let Root(pairs) = serde_json::from_str(text).ok()?;
        let find = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
        let string = |name: &str| match find(name) {
            None => Some(String::new()),
            Some(value) => serde_json::from_str(value).ok(),
        };
        let own = find(&format!("{}_response", method.replace('.', "_")));
        let (node, error) = match own {
            Some(node) => (node, false),
            None => (find("error_response")?, true),
        };
        Some(Self { node, error, sign: string("sign")?, certificate: string("alipay_cert_sn")? })
    }
}

/// The pairs of an object, with their values' text.
struct Root<'r>(Vec<(String, &'r str)>);

impl<'de> Deserialize<'de> for Root<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Root<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs: Vec<(String, &'de str)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            // Readers disagree on which of two counts, so that one could be signed and another used.
            if pairs.len() >= MAX_PAIRS || pairs.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a key comes twice"));
            }
            pairs.push((name, value.get()));
        }
        Ok(Root(pairs))
    }
}

/// The most pairs that a root may have. Genuine ones have three.
const MAX_PAIRS: usize = 16;
