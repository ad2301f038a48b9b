//! Which cloud calls a mini program may make, decided in front of the service of
//! [`sdk_plugin::contract::cloudcall`].
//!
//! The rules of a space are a JSON object of names of APIs, and whether they may be called:
//!
//! ```json
//! {"cloudcall": {"payment.common.refund": true, "fund.*": false, "*": false}}
//! ```
//!
//! First the exact name decides, then the longest beginning that is written with a `*` at its end,
//! and otherwise [`OPEN`]. Names are compared letter for letter, as adapters are asked for them,
//! but that `templateMessge` is `templateMessage`: the manual's spelling runs the same API.
//!
//! Rules are records of the reserved space by the space's id, and other nodes see a change within
//! five seconds.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::OPEN;
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Call, Error, Result, codes};
use serde_json::{Map, Value, json};

use super::object::{Object, quoted};
use super::records::{Kept, Records};
use crate::identity::now_ms;

/// The name of these rules, and of the object that they are in.
pub const SERVICE: &str = "cloudcall";
/// The name of the rules of a space that has none of its own.
pub const DEFAULT: &str = "DEFAULT";

/// How long the text of rules may be, in bytes.
pub const MAX_TEXT: usize = 32 << 10;

/// The longest name of an API, in bytes.
const MAX_NAME: usize = 128;

/// How many bytes of rules are kept.
const MAX_CACHED: u64 = 16 << 20;

/// How the manual spells [`CORRECT`].
const MISSPELT: &str = "templateMessge";
/// What APIs for template messages are really called.
const CORRECT: &str = "templateMessage";

/// Decides which cloud calls a mini program may make.
pub struct CallPolicy {
    records: Records<CallRules>,
}

/// The rules of a space. None of its own: [`OPEN`] alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallRules {
    names: HashMap<String, bool>,
    /// Beginnings of names.
    prefixes: HashMap<String, bool>,
    /// How long the text was.
    size: usize,
}

/// The form of a name in which names are compared.
fn canonical(name: &str) -> Cow<'_, str> {
    if name.contains(MISSPELT) { name.replace(MISSPELT, CORRECT).into() } else { name.into() }
}

/// Whether a text could be the name of an API, or the beginning of one.
fn is_plain(name: &str) -> bool {
    name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

impl CallRules {
    /// Reads the text of rules.
    ///
    /// # Errors
    /// `InvalidParameter`, with what is wrong, for everything that is not such rules.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |why: &str| Error::new(INVALID_PARAMETER, format!("the rules for cloud calls are not valid: {why}"));
        if text.len() > MAX_TEXT {
            return Err(invalid(&format!("they have more than {MAX_TEXT} bytes")));
        }
        let fields = |what: &str, text| Object::fields(what, text).map_err(|e| invalid(e.message()));
        let outer = fields("the text", text)?;
        let inner = match outer.as_slice() {
            [(name, inner)] if name == SERVICE => inner,
            _ => return Err(invalid("they are an object with another one under `cloudcall`, and nothing else")),
        };
        let mut rules = Self { size: text.len(), ..Self::default() };
        for (name, value) in fields("`cloudcall`", inner)? {
            rules.add(&name, value).map_err(|why| invalid(&why))?;
        }
        Ok(rules)
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        let shown = quoted(name);
        let allowed = match value {
            "true" => true,
            "false" => false,
            _ => return Err(format!("{shown} must be true or false")),
        };
        let (plain, rules) = match name.strip_suffix('*') {
            Some(prefix) => (prefix, &mut self.prefixes),
            None => (name, &mut self.names),
        };
        if !is_plain(plain) || name.is_empty() {
            let why = format!("has to be a name such as payment.common.refund of at most {MAX_NAME} bytes, or a beginning of some and `*`");
            return Err(format!("{shown} {why}"));
        }
        if plain.starts_with("cloud.") {
            return Err(format!("{shown} has to be without `cloud.`"));
        }
        if name.ends_with("templateMessg*") {
            return Err(format!("{shown} has to end in `{CORRECT}*`"));
        }
        match rules.entry(canonical(plain).into_owned()) {
            Entry::Vacant(entry) => drop(entry.insert(allowed)),
            Entry::Occupied(_) => return Err(format!("{shown} is there twice, as `{MISSPELT}` is `{CORRECT}`")),
        }
        Ok(())
    }

    /// Whether a mini program may call an API.
    pub fn allows(&self, api: &str) -> bool {
        let api = canonical(api);
        if let Some(allowed) = self.names.get(&*api) {
            return *allowed;
        }
        let longest = (0..=api.len()).rev().find_map(|end| self.prefixes.get(api.get(..end)?));
        longest.copied().unwrap_or_else(|| OPEN.contains(&&*api))
    }

    /// What holds without rules, written as rules.
    pub fn default_text() -> String {
        let mut inner: Map<String, Value> =
            OPEN.into_iter().filter(|name| !name.contains(MISSPELT)).map(|name| (name.to_owned(), true.into())).collect();
        inner.insert("*".to_owned(), false.into());
        json!({SERVICE: inner}).to_string()
    }
}

impl Kept for CallRules {
    const WHAT: &'static str = "the rules for cloud calls";

    fn parse(text: &str) -> Result<Self> {
        Self::parse(text)
    }

    fn weight(&self) -> u32 {
        // A short name takes several times its text.
        u32::try_from(self.size.saturating_mul(8)).unwrap_or(u32::MAX)
    }
}

impl Default for CallPolicy {
    fn default() -> Self {
        Self { records: Records::new("cloudCallRules", MAX_CACHED) }
    }
}

impl CallPolicy {
    /// The params of a mini program's cloud call, in a form that everybody reads alike.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied` when the rules do not allow the call;
    /// `InvalidParams.Format` for params that could be read in several ways or name no API;
    /// `ServiceUnavailable`, which may pass, when the rules cannot be read.
    pub async fn rewrite<C: Calls>(&self, calls: &C, call: &Call, params: &str) -> Result<String> {
        let params = Object::open("params of a cloud call", params)?;
        let named = params.string("api").filter(|api| is_plain(api) && !api.is_empty());
        let api = named.ok_or_else(|| Error::invalid_params("`api` of a cloud call must be a name such as payment.common.create"))?;
        let rules = self.records.get(calls, call.space.clone()).await?.unwrap_or_default();
        if rules.allows(&api) {
            return Ok(params.to_string());
        }
        let name = canonical(&api);
        Err(Error::new(
            codes::PERMISSION_DENIED,
            format!(
                "cloud.{api} is not allowed from a mini program; call it in a cloud function, or have an administrator allow it in the \
                 rules of the space: UpdateServicePolicy with ServiceName `{SERVICE}` and Policy {{\"{SERVICE}\":{{\"{name}\":true}}}}"
            ),
        ))
    }

    /// The text of a space's rules; none when it has none of its own.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn text<C: Calls>(&self, calls: &C, space: &str) -> Result<Option<String>> {
        self.records.text(calls, space).await
    }

    /// Sets the rules of a space. On this node they hold when this ends.
    ///
    /// # Errors
    /// `InvalidParameter` for a text that is no rules; what the database answers.
    pub async fn set<C: Calls>(&self, calls: &C, space: &str, text: &str) -> Result<()> {
        CallRules::parse(text)?;
        let set = json!({"space": space, "policy": text, "updatedAt": now_ms()});
        self.records.set(calls, space, set).await
    }

    /// Removes the rules of a space, so that [`OPEN`] holds.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space<C: Calls>(&self, calls: &C, space: &str) -> Result<()> {
        self.records.remove(calls, json!({"space": space})).await
    }
}
