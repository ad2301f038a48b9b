//! What is asked of a SurrealDB server, one statement each.

use bytes::Bytes;
use surrealdb::Surreal;
use surrealdb::engine::any::Any;
use surrealdb::types::{Object, RecordId, RecordIdKey, RecordIdKeyRange, Table, Value, Variables};

use crate::error::{is_duplicate, is_missing};
use crate::layout::{FIELD, Range};

type Answer<T> = surrealdb::Result<T>;

/// A session on a space's database.
pub struct Statements(Surreal<Any>);

impl Statements {
    /// The statements of a session.
    pub fn new(session: Surreal<Any>) -> Self {
        Self(session)
    }

    /// The document of a record.
    pub async fn get(&self, table: &str, key: &str) -> Answer<Option<Bytes>> {
        let mut found = self.read("RETURN $r.d", [("r", record(table, key))]).await?;
        Ok(found.pop())
    }

    /// The documents of several records, in the order of the keys; those that are not there are left out.
    pub async fn get_all(&self, table: &str, keys: &[&str]) -> Answer<Vec<Bytes>> {
        let records: Vec<Value> = keys.iter().map(|key| record(table, *key)).collect();
        self.read("SELECT VALUE d FROM $r", [("r", Value::Array(records.into()))]).await
    }

    /// Up to `limit` documents of a range of keys, in the order of their keys, without the first `skip`.
    pub async fn page(&self, table: &str, range: &Range, skip: u64, limit: u64) -> Answer<Vec<Bytes>> {
        let bound = |bound: &std::ops::Bound<String>| bound.as_ref().map(|key| RecordIdKey::from(key.as_str()));
        let range = RecordIdKeyRange { start: bound(&range.start), end: bound(&range.end) };
        let variables = [("r", record(table, range)), ("n", number(limit)), ("s", number(skip))];
        // SurrealDB 3.3 reads all of a range before it applies LIMIT, unless a function gives the range.
        self.read("SELECT VALUE d FROM array::first([$r]) LIMIT $n START $s", variables).await
    }

    /// Up to `limit` documents in the reverse order of their keys, without the first `skip`.
    pub async fn last(&self, table: &str, skip: u64, limit: u64) -> Answer<Vec<Bytes>> {
        let variables = [("t", Value::Table(Table::new(table))), ("n", number(limit)), ("s", number(skip))];
        // What is ordered by must be selected.
        let rows = match self.run("SELECT id, d FROM $t ORDER BY id DESC LIMIT $n START $s", variables).await {
            Ok(Value::Array(rows)) => rows,
            Ok(_) => return Err(unexpected("a selection is no array")),
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let field = |row| match row {
            Value::Object(mut row) => document(row.remove(FIELD).unwrap_or_default()),
            other => document(other),
        };
        rows.into_iter().map(field).collect()
    }

    /// How many records there are.
    pub async fn count(&self, table: &str) -> Answer<u64> {
        let counted = match self.run("SELECT count() FROM $t GROUP ALL", [("t", Value::Table(Table::new(table)))]).await {
            Ok(counted) => counted,
            Err(error) if is_missing(&error) => return Ok(0),
            Err(error) => return Err(error),
        };
        let row = match counted {
            Value::Array(rows) => rows.into_iter().next(),
            other => Some(other),
        };
        let Some(row) = row else { return Ok(0) };
        let count = match &row {
            Value::Object(row) => row.get("count"),
            _ => None,
        };
        match count {
            Some(Value::Number(n)) => n.to_int().and_then(|n| u64::try_from(n).ok()).ok_or_else(|| unexpected("a count is no number")),
            _ => Err(unexpected("a count without a number")),
        }
    }

    /// Makes a record; false when there is one already.
    pub async fn insert(&self, table: &str, key: &str, document: &Bytes) -> Answer<bool> {
        let variables = [("r", record(table, key)), ("d", bytes(document))];
        made(self.run("CREATE ONLY $r CONTENT { d: $d } RETURN NONE", variables).await)
    }

    /// Makes all records, or none when one of them is there already.
    pub async fn insert_all(&self, table: &str, documents: &[(String, Bytes)]) -> Answer<bool> {
        let row = |(key, document): &(String, Bytes)| {
            let mut row = Object::new();
            row.insert("id", record(table, key.as_str()));
            row.insert(FIELD, bytes(document));
            Value::Object(row)
        };
        let rows: Vec<Value> = documents.iter().map(row).collect();
        let variables = [("t", Value::Table(Table::new(table))), ("rows", Value::Array(rows.into()))];
        made(self.run("INSERT INTO $t $rows RETURN NONE", variables).await)
    }

    /// Replaces a document that is still `old`; false when it is not.
    pub async fn replace(&self, table: &str, key: &str, old: &Bytes, new: &Bytes) -> Answer<bool> {
        let variables = [("r", record(table, key)), ("d", bytes(new)), ("o", bytes(old))];
        done(self.run("UPDATE $r SET d = $d WHERE d = $o RETURN VALUE 1", variables).await)
    }

    /// Removes a document that is still `old`; false when it is not.
    pub async fn remove(&self, table: &str, key: &str, old: &Bytes) -> Answer<bool> {
        done(self.run("DELETE $r WHERE d = $o RETURN BEFORE", [("r", record(table, key)), ("o", bytes(old))]).await)
    }

    async fn read<const N: usize>(&self, statement: &'static str, variables: [(&'static str, Value); N]) -> Answer<Vec<Bytes>> {
        match self.run(statement, variables).await {
            Ok(Value::Array(rows)) => rows.into_iter().map(document).collect(),
            Ok(Value::None | Value::Null) => Ok(Vec::new()),
            Ok(row) => Ok(vec![document(row)?]),
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn run<const N: usize>(&self, statement: &'static str, variables: [(&'static str, Value); N]) -> Answer<Value> {
        let variables: Variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.0.query(statement).bind(variables).await?.take::<Value>(0)
    }
}

fn record(table: &str, key: impl Into<RecordIdKey>) -> Value {
    Value::RecordId(RecordId::new(table, key))
}

fn number(n: u64) -> Value {
    Value::Number(i64::try_from(n).unwrap_or(i64::MAX).into())
}

fn bytes(document: &Bytes) -> Value {
    Value::Bytes(document.clone().into())
}

fn document(row: Value) -> Answer<Bytes> {
    match row {
        Value::Bytes(document) => Ok(document.into_inner()),
        other => Err(unexpected(&format!("a record holds no document but {:?}", other.kind()))),
    }
}

fn unexpected(what: &str) -> surrealdb::Error {
    surrealdb::Error::internal(what.to_owned())
}

/// Whether a statement made what it was to make.
fn made(outcome: Answer<Value>) -> Answer<bool> {
    match outcome {
        Ok(_) => Ok(true),
        Err(error) if is_duplicate(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a statement that answers with what it changed changed anything.
fn done(outcome: Answer<Value>) -> Answer<bool> {
    match outcome {
        Ok(Value::Array(rows)) => Ok(!rows.is_empty()),
        Ok(Value::None | Value::Null) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
