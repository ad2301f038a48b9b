//! The rules as they are saved and shown: JSON with the vendor's names, which come in more than one
//! spelling.

use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};
use serde_json::{Map, Value};

use super::Kind;

/// The longest list, in bytes.
const MAX_LIST: usize = 30_000;
/// How many entries a list may have: the vendor's largest bound.
const MAX_ENTRIES: usize = 1000;

/// One rule's JSON.
pub struct Fields {
    rule: &'static str,
    map: Map<String, Value>,
}

impl Fields {
    /// Reads a rule; `known` are the fields that it may have.
    ///
    /// # Errors
    /// `InvalidParameter` for what is no object of such fields.
    pub fn parse(rule: &'static str, json: &str, known: &[&str]) -> Result<Self> {
        let parsed: Map<String, Value> =
            serde_json::from_str(json).map_err(|e| Error::new(INVALID_PARAMETER, format!("{rule} must be a JSON object: {e}")))?;
        let mut map = Map::new();
        for (name, value) in parsed {
            let plain = name.replace('_', "").to_ascii_lowercase();
            if !known.contains(&plain.as_str()) && plain != "configid" {
                return Err(Error::new(INVALID_PARAMETER, format!("{rule} has no field `{name}`; it has {}", known.join(", "))));
            }
            map.insert(plain, value);
        }
        Ok(Self { rule, map })
    }

    /// The error for a field with a wrong value.
    pub fn refuse(&self, name: &str, why: &str) -> Error {
        Error::new(INVALID_PARAMETER, format!("{}: {name} {why}", self.rule))
    }

    /// A field as text; empty when it is absent.
    ///
    /// # Errors
    /// `InvalidParameter` for an object, or a text that is too long.
    pub fn text(&self, name: &str) -> Result<String> {
        let text = match self.map.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
            Some(Value::Object(_)) => return Err(self.refuse(name, "must be a text")),
            Some(other) => other.to_string(),
        };
        if text.len() > MAX_LIST {
            return Err(self.refuse(name, "is longer than 30,000 bytes"));
        }
        Ok(text)
    }

    /// A field that is on or off.
    ///
    /// # Errors
    /// `InvalidParameter` for anything else.
    pub fn switch(&self, name: &str, default: bool) -> Result<bool> {
        match self.text(name)?.to_ascii_lowercase().as_str() {
            "" => Ok(default),
            "on" | "true" | "1" | "yes" => Ok(true),
            "off" | "false" | "0" | "no" => Ok(false),
            _ => Err(self.refuse(name, "is neither on nor off")),
        }
    }

    /// A list, whose entries have one of some separators between them. Each entry is checked.
    ///
    /// # Errors
    /// `InvalidParameter` for what `check` refuses, or too many entries.
    pub fn list(&self, name: &str, separators: &[char], check: impl Fn(&str) -> bool) -> Result<Vec<String>> {
        let text = self.text(name)?;
        let entries: Vec<String> = text.split(separators).map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect();
        if entries.len() > MAX_ENTRIES {
            return Err(self.refuse(name, "has more than 1,000 entries"));
        }
        match entries.iter().find(|entry| !check(entry)) {
            Some(bad) => Err(self.refuse(name, &format!("has the entry `{bad}`, which is not valid"))),
            None => Ok(entries),
        }
    }

    /// What a list is for. An empty list is off.
    ///
    /// # Errors
    /// `InvalidParameter` for a word that is not known, and for a list without a type.
    pub fn kind(&self, list: &[String]) -> Result<Kind> {
        match self.text("type")?.to_ascii_lowercase().as_str() {
            "white" | "whitelist" | "white_list" | "allow" | "allowlist" if list.is_empty() => {
                Err(self.refuse("Type", "is an allow list without an entry, which would lock out everybody"))
            }
            "white" | "whitelist" | "white_list" | "allow" | "allowlist" => Ok(Kind::Allow),
            "black" | "blacklist" | "black_list" | "deny" | "denylist" if list.is_empty() => Ok(Kind::Off),
            "black" | "blacklist" | "black_list" | "deny" | "denylist" => Ok(Kind::Deny),
            "" | "off" | "none" if list.is_empty() => Ok(Kind::Off),
            "off" | "none" => Ok(Kind::Off),
            "" => Err(self.refuse("Type", "is missing; it is `white`, `black` or `off`")),
            _ => Err(self.refuse("Type", "is none of `white`, `black` and `off`")),
        }
    }
}

/// A kind in the vendor's words.
pub fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Off => "off",
        Kind::Allow => "white",
        Kind::Deny => "black",
    }
}

/// A switch in the vendor's words.
pub fn switch_name(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
