//! The rules of all collections, each of which has one of its own or the common one.

use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use serde_json::json;

use super::records::{Kept, Records};
use super::rule::Rule;
use crate::identity::now_ms;

/// How many bytes of rules are kept.
const MAX_CACHED: u64 = 8_000_000;

/// The rules of collections.
pub struct Rules {
    default: Rule,
    records: Records<Rule>,
}

/// What [`Rules::narrow`] has done to a rule.
pub struct Narrowed {
    before: Option<String>,
    text: String,
}

impl Kept for Rule {
    const WHAT: &'static str = "the rules of the collection";

    fn parse(text: &str) -> Result<Self> {
        Self::parse(text)
    }

    fn weight(&self) -> u32 {
        0
    }
}

/// The `_id` of a rule. No space's id has a slash.
fn id(space: &str, collection: &str) -> String {
    format!("{space}/{collection}")
}

impl Rules {
    /// No rule but the one of all collections that have none of their own.
    pub fn new(default: Rule) -> Self {
        Self { default, records: Records::new("rules", MAX_CACHED) }
    }

    /// The rule of collections that have none of their own.
    pub fn default(&self) -> Rule {
        self.default
    }

    /// The rule of a collection. However many ask at the same time, it is read once.
    ///
    /// # Errors
    /// `ServiceUnavailable` when it cannot be read, which may pass.
    pub async fn get<C: Calls>(&self, calls: &C, space: &str, collection: &str) -> Result<Rule> {
        Ok(self.records.get(calls, id(space, collection)).await?.unwrap_or(self.default))
    }

    /// The text of a collection's rule as it was set; none when it has none of its own.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn text<C: Calls>(&self, calls: &C, space: &str, collection: &str) -> Result<Option<String>> {
        self.records.text(calls, &id(space, collection)).await
    }

    /// Sets the rule of a collection. On this node it holds when this ends.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn set<C: Calls>(&self, calls: &C, space: &str, collection: &str, text: &str) -> Result<()> {
        let set = json!({"space": space, "collection": collection, "policy": text, "updatedAt": now_ms()});
        self.records.set(calls, &id(space, collection), set).await
    }

    /// Removes the rule of a collection.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove<C: Calls>(&self, calls: &C, space: &str, collection: &str) -> Result<()> {
        self.records.remove(calls, json!({"_id": id(space, collection)})).await
    }

    /// Moves the rule of a collection that has another name now. One without a rule of its own
    /// leaves alone what was set for that name, so that to put other documents into a collection
    /// by a rename, or to hear of a rename twice, opens nothing.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn rename<C: Calls>(&self, calls: &C, space: &str, collection: &str, to: &str) -> Result<()> {
        if let Some(text) = self.text(calls, space, collection).await? {
            self.set(calls, space, to, &text).await?;
            self.remove(calls, space, collection).await?;
        }
        Ok(())
    }

    /// Has the stricter of two collections' rules hold for the second, which is to get what is in
    /// the first. None when its own is that already, or stays because the first has none.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn narrow<C: Calls>(&self, calls: &C, space: &str, from: &str, to: &str) -> Result<Option<Narrowed>> {
        let Some(moves) = self.text(calls, space, from).await? else { return Ok(None) };
        let before = self.text(calls, space, to).await?;
        let known = |text: &str| Rule::parse(text).map_err(Error::internal);
        let now = before.as_deref().map(known).transpose()?.unwrap_or(self.default);
        let stricter = known(&moves)?.stricter(now);
        if stricter == now {
            return Ok(None);
        }
        let text = stricter.to_string();
        self.set(calls, space, to, &text).await?;
        Ok(Some(Narrowed { before, text }))
    }

    /// Gives a collection back the rule that it had before [`narrow`](Self::narrow), unless another
    /// was set meanwhile or the first collection's has moved.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn widen<C: Calls>(&self, calls: &C, space: &str, from: &str, to: &str, narrowed: Narrowed) -> Result<()> {
        if self.text(calls, space, from).await?.is_none() {
            return Ok(());
        }
        let set_there = json!({"_id": id(space, to), "policy": narrowed.text});
        match narrowed.before {
            Some(text) => self.records.update(calls, set_there, json!({"policy": text, "updatedAt": now_ms()})).await,
            None => self.records.remove(calls, set_there).await,
        }
    }

    /// Removes all rules of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space<C: Calls>(&self, calls: &C, space: &str) -> Result<()> {
        self.records.remove(calls, json!({"space": space})).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use sdk_plugin::codes;
    use tokio::sync::Notify;

    use super::super::rule::Access;
    use super::super::testing::{Database, PRIVATE};
    use super::*;

    fn rules() -> Rules {
        Rules::new(Rule { read: Access::All, write: Access::Nobody })
    }

    async fn name(rules: &Rules, database: &Database, space: &str, collection: &str) -> &'static str {
        rules.get(database, space, collection).await.unwrap().name()
    }

    #[tokio::test]
    async fn a_rule_is_read_once_and_a_change_holds_at_once() {
        let (rules, database) = (rules(), Database::default());
        let asked = futures_util::future::join_all((0..20).map(|_| name(&rules, &database, "s", "c"))).await;
        assert!(asked.iter().all(|name| *name == "ADMINWRITEONLY"));
        assert_eq!(database.reads(), 1, "and however many ask at once");
        rules.set(&database, "s", "c", PRIVATE).await.unwrap();
        assert_eq!(name(&rules, &database, "s", "c").await, "PRIVATE");
        assert_eq!(name(&rules, &database, "s", "c").await, "PRIVATE");
        assert_eq!(database.reads(), 2);
        assert_eq!(name(&rules, &database, "other", "c").await, "ADMINWRITEONLY");
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept() {
        let (rules, database) = (Arc::new(rules()), Database::default());
        let hold = Arc::new(Notify::new());
        database.hold(Some(hold.clone()));
        let reading = tokio::spawn({
            let (rules, database) = (rules.clone(), database.clone());
            async move { name(&rules, &database, "s", "c").await }
        });
        while database.reads() == 0 {
            tokio::task::yield_now().await;
        }
        rules.set(&database, "s", "c", PRIVATE).await.unwrap();
        database.hold(None);
        hold.notify_one();
        assert_eq!(reading.await.unwrap(), "ADMINWRITEONLY", "it was asked before");
        assert_eq!(name(&rules, &database, "s", "c").await, "PRIVATE");
    }

    #[tokio::test]
    async fn a_rule_that_cannot_be_read_lets_nothing_through() {
        let (rules, database) = (rules(), Database::default());
        database.fail(true);
        let error = rules.get(&database, "s", "c").await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (codes::UNAVAILABLE, true));
        database.fail(false);
        assert_eq!(name(&rules, &database, "s", "c").await, "ADMINWRITEONLY", "a failure is not kept");
        rules.set(&database, "s", "c", "of a later version").await.unwrap();
        assert_eq!(rules.get(&database, "s", "c").await.unwrap_err().code(), codes::UNAVAILABLE);
    }

    #[tokio::test]
    async fn rules_go_with_their_collections_and_spaces() {
        let (rules, database) = (rules(), Database::default());
        rules.set(&database, "s", "a", PRIVATE).await.unwrap();
        rules.rename(&database, "s", "a", "b").await.unwrap();
        assert_eq!(name(&rules, &database, "s", "a").await, "ADMINWRITEONLY");
        assert_eq!(name(&rules, &database, "s", "b").await, "PRIVATE");
        for without in ["a", "c"] {
            rules.rename(&database, "s", without, "b").await.unwrap();
            assert_eq!(name(&rules, &database, "s", "b").await, "PRIVATE");
        }
        rules.remove(&database, "s", "b").await.unwrap();
        assert_eq!(name(&rules, &database, "s", "b").await, "ADMINWRITEONLY");
        rules.set(&database, "s", "b", PRIVATE).await.unwrap();
        rules.set(&database, "t", "b", PRIVATE).await.unwrap();
        rules.forget_space(&database, "s").await.unwrap();
        assert_eq!(name(&rules, &database, "s", "b").await, "ADMINWRITEONLY");
        assert_eq!(name(&rules, &database, "t", "b").await, "PRIVATE");
    }
}
