//! The document database: one method with the commands of the client SDK.
//!
//! A database plugin provides [`EXECUTE`]. Its params are
//! `{"collection", "command", "options", …}` and its reply is `{"affectedDocs", "result"}`, as
//! the mini-program SDK sends and expects them. Every space has a database of its own, which
//! goes with [`SPACE_DELETED`](crate::events::SPACE_DELETED). [`operations`] has the commands for
//! whoever operates a database.

pub mod operations;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Calls;
use crate::{Call, Caller, CallerKind, Error, Result, codes};

/// The method that every command goes through.
pub const EXECUTE: &str = "serverless.db.default.execute";

/// The code for a document whose `_id` or unique field exists already. MongoDB calls it 11000.
pub const DUPLICATE_KEY: &str = "DuplicateKey";
/// The code for a transaction that met another writer and has ended with that. Starting again may
/// help. MongoDB's number is 112.
pub const WRITE_CONFLICT: &str = "WriteConflict";
/// The code for a transaction that has ended, or never was. MongoDB's number is 251.
pub const NO_SUCH_TRANSACTION: &str = "NoSuchTransaction";

#[derive(Deserialize)]
struct Answer<T> {
    #[serde(rename = "affectedDocs", default)]
    affected: u64,
    #[serde(default = "Option::default")]
    result: Option<T>,
}

/// A collection, as plugins and the core use it for records of their own.
#[derive(Clone, Debug)]
pub struct Collection<C> {
    calls: C,
    space: String,
    name: &'static str,
}

impl<C: Calls> Collection<C> {
    /// A collection of a space; [`SYSTEM_SPACE`](super::SYSTEM_SPACE) for records of mpcloud.
    pub fn new(calls: C, space: impl Into<String>, name: &'static str) -> Self {
        Self { calls, space: space.into(), name }
    }

    async fn execute<T: DeserializeOwned>(&self, command: &str, mut params: Value) -> Result<Answer<T>> {
        params["collection"] = self.name.into();
        params["command"] = command.into();
        if params.get("options").is_none() {
            params["options"] = json!({});
        }
        let mut call = Call::json(&*self.space, EXECUTE, &params)?;
        call.caller = Caller::of(CallerKind::System);
        self.calls.make(call).await?.decode()
    }

    /// Inserts a document; false when its `_id` exists already.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn insert(&self, doc: Value) -> Result<bool> {
        match self.execute::<Value>("insertOne", json!({"doc": doc})).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == DUPLICATE_KEY => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The document with an `_id`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>> {
        self.find_one(json!({"_id": id})).await
    }

    /// The first document that a query matches.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn find_one<T: DeserializeOwned>(&self, query: Value) -> Result<Option<T>> {
        Ok(self.execute("findOne", json!({"query": query})).await?.result)
    }

    /// Documents that a query matches; `options` are those of `find`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn find<T: DeserializeOwned>(&self, query: Value, options: Value) -> Result<Vec<T>> {
        let answer = self.execute("find", json!({"query": query, "options": options})).await?;
        Ok(answer.result.unwrap_or_default())
    }

    /// How many documents a query matches.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn count(&self, query: Value) -> Result<u64> {
        Ok(self.execute("count", json!({"query": query})).await?.result.unwrap_or_default())
    }

    /// Updates the first document that a filter matches; says how many were updated.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn update(&self, filter: Value, update: Value) -> Result<u64> {
        Ok(self.execute::<Value>("updateOne", json!({"filter": filter, "update": update})).await?.affected)
    }

    /// As [`update`](Self::update), and inserts a document when none matches.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn upsert(&self, filter: Value, update: Value) -> Result<()> {
        let params = json!({"filter": filter, "update": update, "options": {"upsert": true}});
        self.execute::<Value>("updateOne", params).await.map(drop)
    }

    /// Deletes every document that a filter matches; says how many there were.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn delete(&self, filter: Value) -> Result<u64> {
        Ok(self.execute::<Value>("deleteMany", json!({"filter": filter})).await?.affected)
    }

    /// Makes an index over a field, unless there is one: for records that grow in number, and are
    /// looked for by that field.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn index(&self, field: &str) -> Result<()> {
        let indexes = json!([{"key": {field: 1}}]);
        self.execute::<Value>(operations::CREATE_INDEXES, json!({"indexes": indexes})).await.map(drop)
    }

    /// Like [`get`](Self::get), and an error when there is none.
    ///
    /// # Errors
    /// `NotFound`, or what the database answers.
    pub async fn require<T: DeserializeOwned>(&self, id: &str) -> Result<T> {
        self.get(id).await?.ok_or_else(|| Error::new(codes::NOT_FOUND, format!("no `{id}` in {}", self.name)))
    }
}
