//! The few things that are asked of SurrealDB, one statement each.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sdk_plugin::{Error, Result, codes};
use surrealdb::Surreal;
use surrealdb::engine::any::Any;
use surrealdb::types::{Object, RecordId, RecordIdKey, RecordIdKeyRange, Table, Value, Variables};

use crate::error::{database, is_conflict, is_duplicate, is_missing};
use crate::layout::FIELD;

/// How often a statement is run again after a conflict with others.
const MAX_CONFLICTS: u32 = 64;

/// The records of one collection.
pub struct Records {
    session: Arc<Surreal<Any>>,
    table: String,
}

impl Records {
    /// The records of a table.
    pub fn new(session: Arc<Surreal<Any>>, table: &str) -> Self {
        Self { session, table: table.to_owned() }
    }

    fn record(&self, key: impl Into<RecordIdKey>) -> Value {
        Value::RecordId(RecordId::new(self.table.as_str(), key))
    }

    /// The document of a record.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let mut found = self.read("RETURN $r.d", [("r", self.record(key))]).await?;
        Ok(found.pop())
    }

    /// The documents of several records, in the order of the keys; those that are not there are left out.
    pub async fn get_all(&self, keys: &[String]) -> Result<Vec<Bytes>> {
        let records: Vec<Value> = keys.iter().map(|key| self.record(key.as_str())).collect();
        self.read("SELECT VALUE d FROM $r", [("r", Value::Array(records.into()))]).await
    }

    /// Up to `limit` documents of a range of keys, in the order of their keys, without the first `skip`.
    pub async fn page(&self, range: RecordIdKeyRange, skip: u64, limit: usize) -> Result<Vec<Bytes>> {
        let number = |n: u64| Value::Number(i64::try_from(n).unwrap_or(i64::MAX).into());
        let variables = [("r", self.record(range)), ("n", number(limit as u64)), ("s", number(skip))];
        // SurrealDB 3.3 reads all of a range before it applies LIMIT, unless a function gives the range.
        self.read("SELECT VALUE d FROM array::first([$r]) LIMIT $n START $s", variables).await
    }

    /// Up to `limit` documents in the reverse order of their keys, without the first `skip`.
    pub async fn last(&self, skip: u64, limit: u64) -> Result<Vec<Bytes>> {
        let number = |n: u64| Value::Number(i64::try_from(n).unwrap_or(i64::MAX).into());
        let variables = [("t", Value::Table(Table::new(self.table.as_str()))), ("n", number(limit)), ("s", number(skip))];
        // What is ordered by must be selected.
        let rows = match self.run("SELECT id, d FROM $t ORDER BY id DESC LIMIT $n START $s", variables).await {
            Ok(Value::Array(rows)) => rows,
            Ok(_) => return Err(Error::internal("a selection is no array")),
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(database(error)),
        };
        let field = |row| match row {
            Value::Object(mut row) => document(row.remove(FIELD).unwrap_or_default()),
            other => document(other),
        };
        rows.into_iter().map(field).collect()
    }

    /// How many records there are.
    pub async fn count(&self) -> Result<u64> {
        let table = [("t", Value::Table(Table::new(self.table.as_str())))];
        let counted = match self.run("SELECT count() FROM $t GROUP ALL", table).await {
            Ok(counted) => counted,
            Err(error) if is_missing(&error) => return Ok(0),
            Err(error) => return Err(database(error)),
        };
        let row = match counted {
            Value::Array(rows) => rows.into_iter().next(),
            other => Some(other),
        };
        match row {
            None => Ok(0),
            Some(Value::Object(row)) => match row.get("count") {
                Some(Value::Number(n)) => {
                    n.to_int().and_then(|n| u64::try_from(n).ok()).ok_or_else(|| Error::internal("a count is no number"))
                }
                _ => Err(Error::internal("a count without a number")),
            },
            Some(_) => Err(Error::internal("a count is no object")),
        }
    }

    /// Makes a record; false when there is one already.
    pub async fn insert(&self, key: &str, document: &Bytes) -> Result<bool> {
        let made = self.write("CREATE ONLY $r CONTENT { d: $d } RETURN NONE", || [("r", self.record(key)), ("d", bytes(document))].into());
        match made.await {
            Ok(_) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(written(error)),
        }
    }

    /// Makes all records, or none when one of them is there already, and says which.
    pub async fn insert_all(&self, documents: &[(String, Bytes)]) -> Result<bool> {
        let row = |(key, document): &(String, Bytes)| {
            let mut row = Object::new();
            row.insert("id", self.record(key.as_str()));
            row.insert(FIELD, bytes(document));
            Value::Object(row)
        };
        let made = self.write("INSERT INTO $t $rows RETURN NONE", || {
            let rows: Vec<Value> = documents.iter().map(row).collect();
            [("t", Value::Table(Table::new(self.table.as_str()))), ("rows", Value::Array(rows.into()))].into()
        });
        match made.await {
            Ok(_) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(written(error)),
        }
    }

    /// Replaces a document that is still `old`; false when it is not.
    pub async fn replace(&self, key: &str, old: &Bytes, new: &Bytes) -> Result<bool> {
        let changed = self.write("UPDATE $r SET d = $d WHERE d = $o RETURN VALUE 1", || {
            [("r", self.record(key)), ("d", bytes(new)), ("o", bytes(old))].into()
        });
        done(changed.await)
    }

    /// Removes a document that is still `old`; false when it is not.
    pub async fn remove(&self, key: &str, old: &Bytes) -> Result<bool> {
        let removed = self.write("DELETE $r WHERE d = $o RETURN BEFORE", || [("r", self.record(key)), ("o", bytes(old))].into());
        done(removed.await)
    }

    async fn read<const N: usize>(&self, statement: &'static str, variables: [(&'static str, Value); N]) -> Result<Vec<Bytes>> {
        match self.run(statement, variables).await {
            Ok(Value::Array(rows)) => rows.into_iter().map(document).collect(),
            Ok(Value::None | Value::Null) => Ok(Vec::new()),
            Ok(row) => Ok(vec![document(row)?]),
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            Err(error) => Err(database(error)),
        }
    }

    async fn run<const N: usize>(&self, statement: &'static str, variables: [(&'static str, Value); N]) -> surrealdb::Result<Value> {
        self.statement(statement, variables.into()).await
    }

    async fn statement(&self, statement: &'static str, variables: NamedValues) -> surrealdb::Result<Value> {
        let variables: Variables = variables.0.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut answer = self.session.query(statement).bind(variables).await?;
        answer.take::<Value>(0)
    }

    /// Runs a writing statement, again when it lost against others. Each is a transaction.
    async fn write(&self, statement: &'static str, variables: impl Fn() -> NamedValues) -> surrealdb::Result<Value> {
        let mut conflicts = 0;
        loop {
            match self.statement(statement, variables()).await {
                Err(error) if is_conflict(&error) && conflicts < MAX_CONFLICTS => {
                    conflicts += 1;
                    tokio::time::sleep(Duration::from_micros(200 * u64::from(conflicts.min(20)))).await;
                }
                outcome => return outcome,
            }
        }
    }
}

struct NamedValues(Vec<(&'static str, Value)>);

impl<const N: usize> From<[(&'static str, Value); N]> for NamedValues {
    fn from(values: [(&'static str, Value); N]) -> Self {
        Self(values.into())
    }
}

fn bytes(document: &Bytes) -> Value {
    Value::Bytes(document.clone().into())
}

fn document(row: Value) -> Result<Bytes> {
    match row {
        Value::Bytes(document) => Ok(document.into_inner()),
        other => Err(Error::internal(format!("a record holds no document but {:?}", other.kind()))),
    }
}

/// Whether a statement that answers with what it changed changed anything.
fn done(outcome: surrealdb::Result<Value>) -> Result<bool> {
    match outcome {
        Ok(Value::Array(rows)) => Ok(!rows.is_empty()),
        Ok(Value::None | Value::Null) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(written(error)),
    }
}

/// A space's database that went away under a write comes back with the next session.
fn written(error: surrealdb::Error) -> Error {
    if is_missing(&error) {
        return Error::new(codes::UNAVAILABLE, "the space's database is not there").retryable().with_source(error);
    }
    database(error)
}
