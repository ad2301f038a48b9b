//! The rules of a space's collections, files and cloud calls, applied to every call of a mini
//! program before any plugin sees it. Calls of functions, servers and administrators are not bound
//! by them. [`files`] has those for files, [`cloudcall`] those for cloud calls; what follows is of
//! collections (manual 3.2.1).
//!
//! A rule says for `.read` and `.write` who may: everybody, the owner of a document, nobody.
//! Where it says "the owner", commands are rewritten:
//!
//! | command | what the database gets |
//! | --- | --- |
//! | reads | the filter, and that the document is the user's |
//! | `aggregate` | the same for each collection that a stage reads, however deep it is nested; `$out` and `$merge` only into collections that everybody may write |
//! | inserts | documents with the user's `auth`, whatever `auth` they had |
//! | updates, deletions | the filter, and that the document is the user's; no operator that touches `auth` |
//! | replacements, pipeline updates | the user's `auth` in the result, and only documents with exactly that `auth` |
//! | upserts | a new document has the user's `auth`; the `_id` of a foreign one is a duplicate key |
//!
//! What the manual leaves open:
//! - `auth` is never taken from a mini program when either rule says "the owner", so that nobody
//!   makes documents in another's name by a rule that lets everybody write and the owner read.
//! - A filter reads: the number of documents that an update finds tells what is in them. So where
//!   the owner alone reads, the owner alone updates and deletes. `.read: false` with
//!   `.write: true` lets everybody change everything unseen, which counts then tell of.
//! - The commands that answer the document they change need both rules.
//! - `explain`, and collations, by which two users' ids may be equal, are refused where a rule
//!   says "the owner".
//! - An equality `$lookup` on owned documents joins first and filters then. That more than 16 MiB
//!   of documents were joined is an error of the whole pipeline, foreign ones counted.

mod aggregate;
mod change;
pub mod cloudcall;
mod command;
pub mod files;
mod object;
mod owner;
mod pipeline;
mod records;
mod rename;
mod rule;
mod rules;
#[cfg(test)]
pub mod testing;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

use sdk_plugin::contract::cloudcall::INVOKE;
use sdk_plugin::contract::{Calls, db};
use sdk_plugin::{Call, Error, Event, Result, events};
use serde::Deserialize;

use crate::config;

use cloudcall::CallPolicy;
use command::Command;
pub use command::check_collection;
use files::FilePolicy;
use pipeline::Collections;
pub use rule::{Access, EXTENDED, MAX_TEXT, OWNER, PRESETS, Preset, Rule};
use rules::Rules;

/// Decides what a client's call may do.
pub struct Policy {
    rules: Rules,
    files: FilePolicy,
    cloud_calls: CallPolicy,
    renames: AtomicU64,
}

/// A collection's rule as it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What it says.
    pub rule: Rule,
    /// How it was written.
    pub text: String,
}

#[derive(Deserialize)]
struct Renamed {
    collection: String,
    #[serde(default)]
    to: String,
}

impl Policy {
    /// The rules of collections that have none of their own.
    pub fn new(config: config::Policy) -> Self {
        let access = |allowed| if allowed { Access::All } else { Access::Nobody };
        let default = Rule { read: access(config.data_read), write: access(config.data_write) };
        Self { rules: Rules::new(default), files: FilePolicy::default(), cloud_calls: CallPolicy::default(), renames: AtomicU64::new(0) }
    }

    /// The rules for files.
    pub fn files(&self) -> &FilePolicy {
        &self.files
    }

    /// The rules for cloud calls.
    pub fn cloud_calls(&self) -> &CallPolicy {
        &self.cloud_calls
    }

    /// Lets a client's call through, changed as the rules ask, or refuses it. Rules are read
    /// through `calls`, and the file service is asked.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied`; `InvalidParams.Format` for a call that could be read
    /// in several ways; `ServiceUnavailable` and `RequestTimeout`, both of which may pass, when
    /// the rules cannot be read; what the file service answers when it is asked.
    pub async fn apply<C: Calls>(&self, calls: &C, mut call: Call) -> Result<Call> {
        let operation = files::operation(&call.method);
        if ![db::EXECUTE, INVOKE].contains(&call.method.as_str()) && operation.is_none() {
            return Ok(call);
        }
        let params = call.params.clone();
        let text = if params.is_empty() { "{}" } else { text(&call.method, &params)? };
        let rewrite = async {
            match operation {
                Some(operation) => self.files.rewrite(calls, &call, operation, text).await.map(Some),
                None if call.method == INVOKE => self.cloud_calls.rewrite(calls, &call, text).await.map(Some),
                None => self.rewrite(calls, &call, text).await,
            }
        };
        let rewritten = tokio::time::timeout_at(call.deadline.into(), rewrite).await;
        if let Some(rewritten) = rewritten.unwrap_or_else(|_| Err(Call::timed_out(&call.method)))? {
            call.params = rewritten.into();
        }
        Ok(call)
    }

    async fn rewrite<C: Calls>(&self, calls: &C, call: &Call, text: &str) -> Result<Option<String>> {
        let command = Command::parse(text)?;
        let rule = self.rules.get(calls, &call.space, &command.collection).await?;
        let Some(stages) = command.stages()? else {
            return command.restrict(rule, &call.caller.user);
        };
        let collections = Collections::of(&stages)?;
        let mut rules = HashMap::from([(command.collection.clone(), rule)]);
        for name in collections.reads.into_iter().chain(collections.writes) {
            check_collection(&name)?;
            let rule = self.rules.get(calls, &call.space, &name).await?;
            rules.insert(name, rule);
        }
        command.restrict_stages(&stages, &rules, &call.caller.user)
    }

    /// The rule of a collection, or of all that have none of their own.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn rule<C: Calls>(&self, calls: &C, space: &str, collection: Option<&str>) -> Result<Stored> {
        let text = match collection {
            Some(collection) => self.rules.text(calls, space, collection).await?,
            None => None,
        };
        Ok(match text {
            Some(text) => Stored { rule: Rule::parse(&text).map_err(Error::internal)?, text },
            None => Stored { rule: self.rules.default(), text: self.rules.default().to_string() },
        })
    }

    /// Sets the rule of a collection, which need not exist yet.
    ///
    /// # Errors
    /// `InvalidParameter` for a text that is no rule, `InvalidParams.Format` for a name that no
    /// collection can have; what the database answers.
    pub async fn set<C: Calls>(&self, calls: &C, space: &str, collection: &str, text: &str) -> Result<Stored> {
        check_collection(collection)?;
        let rule = Rule::parse(text)?;
        self.rules.set(calls, space, collection, text).await?;
        Ok(Stored { rule, text: text.to_owned() })
    }

    /// Keeps the rules with what they are of: a collection keeps its rule when it is renamed, and
    /// loses it when it is dropped.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn on_event<C: Calls>(&self, calls: &C, event: &Event) -> Result<()> {
        match event.name.as_str() {
            events::SPACE_DELETED => {
                let collections = self.rules.forget_space(calls, &event.space).await;
                let files = self.files.forget_space(calls, &event.space).await;
                collections.and(files).and(self.cloud_calls.forget_space(calls, &event.space).await)
            }
            events::COLLECTION_DROPPED => {
                let Renamed { collection, .. } = event.decode()?;
                self.rules.remove(calls, &event.space, &collection).await
            }
            events::COLLECTION_RENAMED => {
                let Renamed { collection, to } = event.decode()?;
                self.rules.rename(calls, &event.space, &collection, &to).await
            }
            _ => Ok(()),
        }
    }
}

fn text<'p>(method: &str, params: &'p [u8]) -> Result<&'p str> {
    std::str::from_utf8(params).map_err(|e| Error::invalid_params(format!("params of {method}: {e}")))
}
