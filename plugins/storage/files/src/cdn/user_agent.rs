//! Which clients may download, by `User-Agent`.

use sdk_plugin::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Kind;
use super::fields::{Fields, kind_name};
use super::pattern::matches;

/// How many bytes of a `User-Agent` are looked at.
const LOOKED_AT: usize = 1024;
/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 256;

/// A list of patterns with `*`, in any case.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserAgent {
    kind: Kind,
    list: Vec<String>,
}

impl UserAgent {
    /// Reads `UaConfig`. Patterns have `|` or line ends between them, as commas are common in names.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(json: &str) -> Result<Self> {
        let fields = Fields::parse("UaConfig", json, &["type", "ualist"])?;
        let list = fields.list("ualist", &['|', '\n'], |entry| entry.len() <= MAX_PATTERN && !entry.chars().any(char::is_control))?;
        Ok(Self { kind: fields.kind(&list)?, list })
    }

    /// As `DescribeCdnDomain` shows it.
    pub fn show(&self) -> Value {
        json!({"ConfigId": "ua", "Type": kind_name(self.kind), "UaList": self.list.join("|")})
    }

    /// Whether a client may download. The vendor's rules look at the whole name, so that a part of
    /// it needs stars.
    pub fn passes(&self, name: &str) -> bool {
        if self.kind == Kind::Off {
            return true;
        }
        let end = (0..=LOOKED_AT.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
        let name = name.get(..end).unwrap_or_default().to_lowercase();
        self.kind.passes(self.list.iter().any(|pattern| matches(&pattern.to_lowercase(), &name)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_of_whole_names() {
        let deny = UserAgent::parse(r#"{"Type":"black","UaList":"*curl*|Evil Bot"}"#).unwrap();
        assert!(!deny.passes("Curl/8.0") && !deny.passes("evil bot") && deny.passes("Evil Bot 2") && deny.passes(""));
        let allow = UserAgent::parse(r#"{"Type":"white","UaList":"Mozilla*"}"#).unwrap();
        assert!(allow.passes("Mozilla/5.0 (…)") && !allow.passes("x Mozilla") && !allow.passes(""));
        assert!(!allow.passes(&"é".repeat(2000)));
        assert!(UserAgent::parse(r#"{"Type":"white"}"#).is_err());
    }
}
