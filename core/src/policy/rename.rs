//! Renames of collections: the rule is there before the documents.
//!
//! The backend tells of a rename after it, so that for a moment documents would be under whatever
//! rule their new name had. So that name gets the stricter of both rules before the rename; what
//! the backend tells then gives it the one that moves. A rename that is refused changes no rule.
//! Whatever cuts it short leaves the stricter rule.
//!
//! A read of a mini program that was let through before is made again ([`Policy::renames`]), as the
//! documents may be under another rule by the time it reads. Pipelines and writes are not, and a rename
//! on another node is not seen: it is found when this one has forgotten the rules that it read.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;
use sdk_plugin::contract::db::operations::{NAMESPACE_EXISTS, NAMESPACE_NOT_FOUND, RENAME_COLLECTION};
use sdk_plugin::contract::{Calls, db};
use sdk_plugin::{Call, CallerKind, Reply, Result, codes};
use serde::Deserialize;

use super::rules::Narrowed;
use super::{Policy, check_collection};

/// A rename that is under way.
pub struct Rename {
    space: String,
    from: String,
    to: String,
    narrowed: Narrowed,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    command: Cow<'a, str>,
    #[serde(borrow, default)]
    collection: Cow<'a, str>,
    #[serde(borrow, default)]
    to: Cow<'a, str>,
}

/// The old and the new name, where a call is a rename that may succeed.
fn names(call: &Call) -> Option<(String, String)> {
    if call.method != db::EXECUTE || !matches!(call.caller.kind, CallerKind::Admin | CallerKind::System) {
        return None;
    }
    let params: Params = serde_json::from_slice(&call.params).ok()?;
    let named = params.command == RENAME_COLLECTION && check_collection(&params.collection).and(check_collection(&params.to)).is_ok();
    named.then(|| (params.collection.into_owned(), params.to.into_owned()))
}

impl Policy {
    /// How many renames have begun on this node, each after the rules were prepared: a call that sees
    /// the same number before its rules are read and after it was made was under the right ones.
    pub fn renames(&self) -> u64 {
        self.renames.load(Ordering::SeqCst)
    }

    /// Whether a call of the database reads and changes nothing, so that it can be made again.
    pub fn only_reads(params: &[u8]) -> bool {
        serde_json::from_slice(params).is_ok_and(|params: Params| ["find", "findOne", "count", "distinct"].contains(&&*params.command))
    }

    /// Prepares the rules for a call that may be a rename of a collection. None when there is
    /// nothing to prepare.
    ///
    /// Boxed, as reading rules goes through the router, which asks here.
    ///
    /// # Errors
    /// What the database answers; then there must be no rename.
    pub fn before_rename<'a, C: Calls>(&'a self, calls: &'a C, call: &'a Call) -> BoxFuture<'a, Result<Option<Rename>>> {
        Box::pin(async move {
            let Some((from, to)) = names(call) else { return Ok(None) };
            let narrowed = self.rules.narrow(calls, &call.space, &from, &to).await?;
            self.renames.fetch_add(1, Ordering::SeqCst);
            Ok(narrowed.map(|narrowed| Rename { space: call.space.clone(), from, to, narrowed }))
        })
    }

    /// Takes back what was prepared, when the rename was refused.
    pub fn after_rename<'a, C: Calls>(&'a self, calls: &'a C, rename: Rename, done: &'a Result<Reply>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            // After any other error the rename may have been made, or may be still.
            let refusals = [NAMESPACE_NOT_FOUND, NAMESPACE_EXISTS, codes::INVALID_PARAMS];
            if !done.as_ref().is_err_and(|error| refusals.contains(&error.code())) {
                return;
            }
            let Rename { space, from, to, narrowed } = rename;
            if let Err(error) = self.rules.widen(calls, &space, &from, &to, narrowed).await {
                tracing::error!(?error, space, collection = to, "a refused rename has left a stricter rule");
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::{Caller, Error, Event, events};
    use serde_json::{Value, json};

    use super::super::testing::{Database, PRIVATE};
    use super::super::{Access, Rule};
    use super::*;
    use crate::config;

    const OPEN: &str = r#"{"*":true}"#;

    fn rename(kind: CallerKind, from: &str, to: &str) -> Call {
        let mut call = Call::json("s", db::EXECUTE, &json!({"command": "renameCollection", "collection": from, "to": to})).unwrap();
        call.caller = Caller::of(kind);
        call
    }

    /// Everybody may read a collection without a rule.
    fn policy() -> (Policy, Database) {
        (Policy::new(config::Policy { data_read: true, data_write: false }), Database::default())
    }

    /// What a user's `find` becomes.
    async fn query(policy: &Policy, database: &Database, collection: &str) -> Value {
        let mut call = Call::json("s", db::EXECUTE, &json!({"command": "find", "collection": collection, "query": {}})).unwrap();
        call.caller = Caller { user: "u".to_owned(), ..Caller::of(CallerKind::Client) };
        policy.apply(database, call).await.unwrap().decode::<Value>().unwrap()["query"].clone()
    }

    async fn text(policy: &Policy, database: &Database, collection: &str) -> String {
        policy.rule(database, "s", Some(collection)).await.unwrap().text
    }

    #[tokio::test]
    async fn no_moment_is_without_the_rule() {
        let (policy, database) = policy();
        policy.set(&database, "s", "from", PRIVATE).await.unwrap();
        let all = query(&policy, &database, "to").await;
        let own = query(&policy, &database, "from").await;
        assert_ne!(all, own);
        let call = rename(CallerKind::Admin, "from", "to");
        let rename = policy.before_rename(&database, &call).await.unwrap().unwrap();
        assert_eq!(query(&policy, &database, "to").await, own, "before the documents are there");
        policy.after_rename(&database, rename, &Ok(Reply::raw("{}"))).await;
        assert_eq!(query(&policy, &database, "to").await, own);
        let event = Event::json(events::COLLECTION_RENAMED, "s", &json!({"collection": "from", "to": "to"})).unwrap();
        policy.on_event(&database, &event).await.unwrap();
        assert_eq!(query(&policy, &database, "to").await, own);
        assert_eq!(text(&policy, &database, "to").await, PRIVATE, "as it was written");
        assert_eq!(query(&policy, &database, "from").await, all);
    }

    #[tokio::test]
    async fn nothing_is_opened_by_a_rename() {
        let (policy, database) = policy();
        policy.set(&database, "s", "open", OPEN).await.unwrap();
        policy.set(&database, "s", "private", PRIVATE).await.unwrap();
        for (from, to) in [("open", "private"), ("none", "private"), ("none", "other"), ("open", "none"), ("open", "a$b"), ("open", "")] {
            let before = text(&policy, &database, to).await;
            let call = rename(CallerKind::Admin, from, to);
            assert!(policy.before_rename(&database, &call).await.unwrap().is_none(), "{from} {to}");
            assert_eq!(text(&policy, &database, to).await, before);
        }
    }

    #[tokio::test]
    async fn a_refused_rename_changes_no_rule() {
        let (policy, database) = policy();
        policy.set(&database, "s", "from", PRIVATE).await.unwrap();
        policy.set(&database, "s", "ruled", OPEN).await.unwrap();
        for to in ["ruled", "none"] {
            let before = text(&policy, &database, to).await;
            for code in [NAMESPACE_NOT_FOUND, NAMESPACE_EXISTS, codes::INVALID_PARAMS] {
                let call = rename(CallerKind::System, "from", to);
                let rename = policy.before_rename(&database, &call).await.unwrap().unwrap();
                assert_ne!(text(&policy, &database, to).await, before);
                policy.after_rename(&database, rename, &Err(Error::new(code, "refused"))).await;
                assert_eq!(text(&policy, &database, to).await, before, "{code}");
            }
        }
        for code in [codes::TIMEOUT, codes::INTERNAL] {
            let call = rename(CallerKind::Admin, "from", "none");
            if let Some(rename) = policy.before_rename(&database, &call).await.unwrap() {
                policy.after_rename(&database, rename, &Err(Error::new(code, "who knows"))).await;
            }
            let rule = policy.rule(&database, "s", Some("none")).await.unwrap().rule;
            assert_eq!(rule, Rule { read: Access::Owner, write: Access::Nobody }, "{code}");
        }
    }

    #[tokio::test]
    async fn what_was_set_meanwhile_stays() {
        let (policy, database) = policy();
        policy.set(&database, "s", "from", PRIVATE).await.unwrap();
        let call = rename(CallerKind::Admin, "from", "to");
        let refused = Err(Error::new(NAMESPACE_EXISTS, "refused"));
        let under_way = policy.before_rename(&database, &call).await.unwrap().unwrap();
        policy.set(&database, "s", "to", OPEN).await.unwrap();
        policy.after_rename(&database, under_way, &refused).await;
        assert_eq!(text(&policy, &database, "to").await, OPEN);
    }

    #[tokio::test]
    async fn only_who_may_rename_changes_rules() {
        let (policy, database) = policy();
        policy.set(&database, "s", "from", PRIVATE).await.unwrap();
        for kind in [CallerKind::Client, CallerKind::Server, CallerKind::Function, CallerKind::Timer, CallerKind::Http] {
            assert!(policy.before_rename(&database, &rename(kind, "from", "to")).await.unwrap().is_none());
        }
        database.fail(true);
        assert!(policy.before_rename(&database, &rename(CallerKind::Admin, "from", "to")).await.is_err());
    }
}
