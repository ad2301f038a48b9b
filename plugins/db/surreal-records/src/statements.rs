//! What is asked of a SurrealDB server, one statement each.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use surrealdb::Surreal;
use surrealdb::engine::any::Any;
use surrealdb::method::Transaction;
use surrealdb::types::{Object, RecordId, RecordIdKey, RecordIdKeyRange, Table, Value, Variables};

use crate::error::{is_conflict, is_missing};
use crate::range::{FIELD, Part, Range};
use crate::write::{Expect, Then, Write, Written};

/// How many names of tables are remembered.
const MAX_DEFINED: usize = 10_000;

type Answer<T> = surrealdb::Result<T>;

/// A session on a space's database.
pub struct Statements {
    session: Surreal<Any>,
    /// The tables that are known to be there; a transaction reads and writes only such.
    defined: Mutex<HashSet<String>>,
}

/// What a database held at one moment: a transaction on the server that only reads.
#[derive(Clone)]
pub struct Snapshot(Arc<Transaction<Any>>);

/// What `THROW` says before the number of the change that found something else than it expects.
const UNEXPECTED: &str = "mpcloud-unexpected-";

/// Makes changes, each only if the record is as expected: `e` says whether it must be absent (0)
/// or `o` (1), `t` whether it becomes `n` (1), is removed (2), or is removed if it is `n` (3).
const WRITE: &str = "BEGIN;
FOR $w IN $writes {
    LET $current = $w.r.d;
    IF $w.e = 0 AND $current != NONE { THROW $w.i };
    IF $w.e = 1 AND $current != $w.o { THROW $w.i };
    IF $w.t = 1 { UPSERT ONLY $w.r CONTENT { d: $w.n } RETURN NONE };
    IF $w.t = 2 OR $w.t = 3 AND $current = $w.n { DELETE $w.r RETURN NONE };
};
COMMIT;";

impl Statements {
    /// The statements of a session.
    pub fn new(session: Surreal<Any>) -> Self {
        Self { session, defined: Mutex::default() }
    }

    /// What the database holds now, to be read from later.
    pub async fn snapshot(&self) -> Answer<Snapshot> {
        let transaction = self.session.clone().begin().await?;
        let snapshot = Snapshot(Arc::new(transaction));
        // A server takes its snapshot with the first statement.
        snapshot.0.query("RETURN 1").await?.check()?;
        Ok(snapshot)
    }

    /// The documents with these keys, in their order; those that are not there are left out.
    pub async fn get(&self, table: &str, keys: &[&str], snapshot: Option<&Snapshot>) -> Answer<Vec<Bytes>> {
        match keys {
            [key] => self.read("RETURN $r.d", [("r", record(table, *key))], snapshot).await,
            _ => {
                let records: Vec<Value> = keys.iter().map(|key| record(table, *key)).collect();
                self.read("SELECT VALUE d FROM $r", [("r", Value::Array(records.into()))], snapshot).await
            }
        }
    }

    /// The documents of a part of a table, in the order of their keys or in the reverse order.
    pub async fn scan(&self, table: &str, part: &Part<'_>, snapshot: Option<&Snapshot>) -> Answer<Vec<Bytes>> {
        if part.reverse {
            return Ok(self.entries(table, part, snapshot).await?.into_iter().map(|(_, document)| document).collect());
        }
        // SurrealDB 3.3 reads all of a range before it applies LIMIT, unless a function gives the range.
        self.read("SELECT VALUE d FROM array::first([$r]) LIMIT $n START $s", bounded(table, part), snapshot).await
    }

    /// As [`scan`](Self::scan), with the records' keys.
    pub async fn entries(&self, table: &str, part: &Part<'_>, snapshot: Option<&Snapshot>) -> Answer<Vec<(String, Bytes)>> {
        let all = matches!((&part.range.start, &part.range.end), (Bound::Unbounded, Bound::Unbounded));
        // What is ordered by must be selected.
        let statement = match (part.reverse, all) {
            (true, true) => "SELECT id, d FROM $t ORDER BY id DESC LIMIT $n START $s",
            (true, false) => "SELECT id, d FROM $r ORDER BY id DESC LIMIT $n START $s",
            (false, _) => "SELECT id, d FROM array::first([$r]) LIMIT $n START $s",
        };
        let rows = match self.run(statement, bounded(table, part), snapshot).await {
            Ok(Value::Array(rows)) => rows,
            Ok(_) => return Err(unexpected("a selection is no array")),
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let entry = |row| {
            let Value::Object(mut row) = row else { return Err(unexpected("a row is no object")) };
            let Some(Value::RecordId(RecordId { key: RecordIdKey::String(key), .. })) = row.remove("id") else {
                return Err(unexpected("a record's key is no text"));
            };
            Ok((key, document(row.remove(FIELD).unwrap_or_default())?))
        };
        rows.into_iter().map(entry).collect()
    }

    /// How many records there are.
    pub async fn count(&self, table: &str, range: &Range, snapshot: Option<&Snapshot>) -> Answer<u64> {
        let all = matches!((&range.start, &range.end), (Bound::Unbounded, Bound::Unbounded));
        let counted = match all {
            true => self.run("SELECT count() FROM $t GROUP ALL", [("t", Value::Table(Table::new(table)))], snapshot).await,
            false => self.run("SELECT count() FROM $r GROUP ALL", [("r", ranged(table, range))], snapshot).await,
        };
        let counted = match counted {
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

    /// The names of all tables.
    pub async fn tables(&self) -> Answer<Vec<String>> {
        match self.run("RETURN object::keys((INFO FOR DB).tables)", [], None).await? {
            Value::Array(names) => Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect()),
            _ => Err(unexpected("the tables are no array")),
        }
    }

    /// Makes a table, if it is not there.
    pub async fn make_table(&self, table: &str) -> Answer<()> {
        let defined = || self.defined.lock().unwrap_or_else(PoisonError::into_inner);
        if defined().contains(table) {
            return Ok(());
        }
        let statement = format!("DEFINE TABLE IF NOT EXISTS {} SCHEMALESS", quoted(table));
        self.session.query(statement).await?.check()?;
        let mut defined = defined();
        if defined.len() >= MAX_DEFINED {
            defined.clear();
        }
        defined.insert(table.to_owned());
        Ok(())
    }

    /// Removes a table with all that is in it. Does nothing when it is not there.
    pub async fn remove_table(&self, table: &str) -> Answer<()> {
        self.defined.lock().unwrap_or_else(PoisonError::into_inner).remove(table);
        self.session.query(remove_table(table)).await?.check().map(drop)
    }

    /// Makes all changes, or none when a record is not as one of them expects.
    pub async fn write(&self, writes: &[Write]) -> Answer<Written> {
        for write in writes {
            self.make_table(&write.table).await?;
        }
        let row = |(number, write): (usize, &Write)| {
            let mut row = Object::new();
            row.insert("i", Value::String(format!("{UNEXPECTED}{number}")));
            row.insert("r", record(&write.table, write.key.as_str()));
            let expected = match &write.expect {
                Expect::Absent => 0,
                Expect::Is(old) => {
                    row.insert("o", bytes(old));
                    1
                }
                Expect::Anything => 2,
            };
            row.insert("e", number_of(expected));
            let then = match &write.then {
                Then::Keep => 0,
                Then::Put(new) => {
                    row.insert("n", bytes(new));
                    1
                }
                Then::Remove => 2,
                Then::RemoveIf(content) => {
                    row.insert("n", bytes(content));
                    3
                }
            };
            row.insert("t", number_of(then));
            Value::Object(row)
        };
        let rows: Vec<Value> = writes.iter().enumerate().map(row).collect();
        let variables: Variables = [("writes".to_owned(), Value::Array(rows.into()))].into_iter().collect();
        let mut answer = self.session.query(WRITE).bind(variables).await?;
        let mut failed = None;
        for error in answer.take_errors().into_values() {
            let text = error.to_string();
            if let Some((_, rest)) = text.split_once(UNEXPECTED) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                return Ok(Written::Unexpected(digits.parse().unwrap_or(0)));
            }
            if is_missing(&error) {
                self.defined.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            // The other statements say no more than that the transaction failed.
            if failed.is_none() || is_conflict(&error) || is_missing(&error) {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(Written::All), Err)
    }

    async fn read<const N: usize>(
        &self,
        statement: &'static str,
        variables: [(&'static str, Value); N],
        snapshot: Option<&Snapshot>,
    ) -> Answer<Vec<Bytes>> {
        match self.run(statement, variables, snapshot).await {
            Ok(Value::Array(rows)) => rows.into_iter().filter(|row| !matches!(row, Value::None | Value::Null)).map(document).collect(),
            Ok(Value::None | Value::Null) => Ok(Vec::new()),
            Ok(row) => Ok(vec![document(row)?]),
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn run<const N: usize>(
        &self,
        statement: &'static str,
        variables: [(&'static str, Value); N],
        snapshot: Option<&Snapshot>,
    ) -> Answer<Value> {
        let variables: Variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let query = match snapshot {
            Some(Snapshot(transaction)) => transaction.query(statement),
            None => self.session.query(statement),
        };
        query.bind(variables).await?.take::<Value>(0)
    }
}

/// The statement that removes a database, if it is there.
pub fn remove_database(database: &str) -> String {
    format!("REMOVE DATABASE IF EXISTS {}", quoted(database))
}

/// The statement that removes a table, if it is there.
pub fn remove_table(table: &str) -> String {
    format!("REMOVE TABLE IF EXISTS {}", quoted(table))
}

/// A name as SurrealQL takes any.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

fn ranged(table: &str, range: &Range) -> Value {
    let bound = |bound: &Bound<String>| bound.as_ref().map(|key| RecordIdKey::from(key.as_str()));
    record(table, RecordIdKeyRange { start: bound(&range.start), end: bound(&range.end) })
}

fn bounded(table: &str, part: &Part<'_>) -> [(&'static str, Value); 4] {
    [("t", Value::Table(Table::new(table))), ("r", ranged(table, part.range)), ("n", number_of(part.limit)), ("s", number_of(part.skip))]
}

fn record(table: &str, key: impl Into<RecordIdKey>) -> Value {
    Value::RecordId(RecordId::new(table, key))
}

fn number_of(n: u64) -> Value {
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
