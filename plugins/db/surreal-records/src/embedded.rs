//! The embedded SurrealDB, used below its query language.
//!
//! A record read through SurrealQL is parsed, planned and executed at several times the cost of
//! the read itself. Here the same records are read and written as the storage keys they are, within
//! SurrealDB's own transactions, so that SurrealQL and a server see what it would have written.
//! This module is the only one that knows `surrealdb-core` and its parts, whose interfaces may
//! change with any release.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use sdk_plugin::{Error, Result, codes};
use surrealdb::types::NotFoundError;
use surrealdb_cnf::ConfigMap;
use surrealdb_core::dbs::Session;
use surrealdb_core::err::anyhow_to_types_error as raised;
use surrealdb_core::kvs::Datastore;
use surrealdb_datastore::catalog::providers::{DatabaseProvider, TableProvider};
use surrealdb_datastore::catalog::{DatabaseId, NamespaceId, Record};
use surrealdb_datastore::key::schema::{RecordKey, RecordPrefix};
use surrealdb_datastore::val::{Object, RecordId, RecordIdKey, Strand, TableName, Value};
use surrealdb_datastore::{Key, KeyRange, Transaction, TransactionType, Transactor};
use surrealdb_kvs::Direction;
use surrealdb_kvs::key::{KVKey, KVKeyDecode, KVSubspace};
use surrealdb_kvs::value::KVValue;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::config::Config;
use crate::error::database;
use crate::range::{FIELD, PAGE_BYTES, Part, Range};
use crate::retry::again;
use crate::write::{Expect, Then, Write, Written};

/// How long to wait for a database that another instance is about to let go of.
const OPEN_PATIENCE: Duration = Duration::from_secs(20);
/// How long a database may take to write out what it holds in memory.
const CLOSE_PATIENCE: Duration = Duration::from_secs(20);
/// How many records are passed over without leaving the caller's thread for it.
const SKIPPED_AT_ONCE: u64 = 1024;

/// Runs what an embedded database does in the background. A database outlives the plugin instance
/// that opened it when the next one takes it over, so an instance's runtime will not do.
static RUNTIME: LazyLock<Option<Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).thread_name("surrealdb").enable_all().build().ok());

/// How long a flush waits for more writers once a dozen wait for it, in nanoseconds. The default
/// of 5 ms is longer than many disks take for the flush itself.
const FLUSH_PATIENCE: &str = "200000";

/// Embedded databases by path: two in one process would fight for the file lock.
static OPEN: Mutex<BTreeMap<PathBuf, Weak<Embedded>>> = Mutex::new(BTreeMap::new());
/// One opens at a time.
static OPENING: Semaphore = Semaphore::const_new(1);

type Answer<T> = surrealdb::Result<T>;

/// An embedded database, which is closed when nobody holds it any more.
pub struct Embedded {
    datastore: Arc<Datastore>,
    closed: AtomicBool,
}

impl Embedded {
    /// Makes a database that forgets everything with the process.
    ///
    /// # Errors
    /// `ServiceUnavailable` when it cannot be made.
    pub async fn in_memory() -> Result<Arc<Self>> {
        Self::build("mem://".to_owned(), ConfigMap::empty()).await
    }

    /// Opens the database in a folder, or joins whoever has it open in this process.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the path cannot be one; `ServiceUnavailable` when it cannot be opened.
    pub async fn on_disk(path: &Path, config: &Config) -> Result<Arc<Self>> {
        let _turn = OPENING.acquire().await.map_err(Error::internal)?;
        let path = std::path::absolute(path).map_err(Error::internal)?;
        let Some(text) = path.to_str().filter(|text| !text.contains('?')) else {
            return Err(Error::new(codes::CONFIG, "the database's path must be UTF-8 without `?`"));
        };
        let open = || OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(embedded) = open().get(&path).and_then(Weak::upgrade) {
            return Ok(embedded);
        }
        // An instance that has just ended may still hold the lock, because it closes in the background.
        let patience = Instant::now() + OPEN_PATIENCE;
        let embedded = loop {
            let settings = ConfigMap::empty()
                .with_key_value("surrealkv_block_cache_capacity", config.cache.0.to_string())
                .with_key_value("surrealkv_max_memtable_size", config.memtable.0.to_string())
                .with_key_value("surrealkv_grouped_commit_timeout", FLUSH_PATIENCE);
            match Self::build(format!("surrealkv://{text}?sync={}", config.sync), settings).await {
                Ok(embedded) => break embedded,
                Err(error) if Instant::now() >= patience => return Err(error.with_context("path", text)),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        };
        open().retain(|_, held| held.strong_count() > 0);
        open().insert(path, Arc::downgrade(&embedded));
        Ok(embedded)
    }

    async fn build(path: String, settings: ConfigMap) -> Result<Arc<Self>> {
        let opened = aside(async move {
            // The tasks write, which nothing may do before the version of the storage is known.
            let builder = Datastore::builder().with_config(settings).without_maintenance_tasks();
            let datastore = builder.build_with_path(&path).await.map_err(raised)?;
            datastore.check_version().await.map_err(raised)?;
            datastore.bootstrap().await.map_err(raised)?;
            datastore.start_maintenance_tasks();
            Ok(Arc::new(Self { datastore, closed: AtomicBool::new(false) }))
        });
        opened.await.map_err(|error| Error::new(codes::UNAVAILABLE, "the database cannot be opened").with_source(error))
    }

    /// Writes out what is in memory and closes the database, if nobody else holds it.
    ///
    /// # Errors
    /// `ServiceUnavailable` when that takes longer than 20 seconds; it goes on, and what is not
    /// written out is in the log.
    pub async fn close(self: &Arc<Self>) -> Result<()> {
        {
            let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
            if Arc::strong_count(self) > 1 {
                return Ok(());
            }
            // Whoever opens it from now on waits until it is closed.
            open.retain(|_, held| !std::ptr::eq(held.as_ptr(), Arc::as_ptr(self)));
        }
        let closed = timeout(CLOSE_PATIENCE, aside(self.shutdown())).await;
        closed.map_err(|_| Error::new(codes::UNAVAILABLE, "the database did not close in time"))?.map_err(database)
    }

    /// Closes the database the first time.
    fn shutdown(&self) -> impl Future<Output = Answer<()>> + Send + use<> {
        let (datastore, closed) = (self.datastore.clone(), self.closed.swap(true, Ordering::AcqRel));
        async move { if closed { Ok(()) } else { datastore.shutdown().await.map_err(raised) } }
    }

    /// A space's database, which is made if it is not there.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn space(&self, namespace: &str, database: &str) -> Answer<Space> {
        again(|| self.find_or_make(namespace, database)).await
    }

    async fn find_or_make(&self, namespace: &str, database: &str) -> Answer<Space> {
        let opened = Open::begin(&self.datastore, TransactionType::Read).await?;
        let mut found = opened.get_db_by_name(namespace, database, None).await.map_err(raised)?;
        opened.cancel().await;
        if found.is_none() {
            let opened = Open::begin(&self.datastore, TransactionType::Write).await?;
            found = Some(opened.get_or_add_db_upwards(None, namespace, database, true).await.map_err(raised)?);
            opened.commit().await?;
        }
        let definition = found.ok_or_else(|| surrealdb::Error::internal("no database was made".to_owned()))?;
        Ok(Space {
            namespace: namespace.to_owned(),
            name: database.to_owned(),
            ids: (definition.namespace_id, definition.database_id),
            datastore: self.datastore.clone(),
        })
    }

    /// Runs a statement of SurrealQL in a namespace.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn run(&self, namespace: &str, statement: &str) -> Answer<()> {
        let session = Session::owner().with_ns(namespace);
        self.datastore.execute(statement, &session, None).await?.into_iter().try_for_each(|answer| answer.result.map(drop))
    }

    /// Whether the storage answers.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn health(&self) -> Answer<()> {
        self.datastore.health_check().await.map_err(raised)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(runtime) = RUNTIME.as_ref() {
            // What was acknowledged is as safe without this as `sync` says.
            runtime.spawn(self.shutdown());
        }
    }
}

/// Runs something on the database's own threads.
async fn aside<T: Send + 'static>(work: impl Future<Output = Answer<T>> + Send + 'static) -> Answer<T> {
    let failed = |error: String| surrealdb::Error::internal(error);
    let runtime = RUNTIME.as_ref().ok_or_else(|| failed("no runtime for the embedded database".to_owned()))?;
    runtime.spawn(work).await.map_err(|error| failed(error.to_string()))?
}

/// A transaction that is rolled back if it is dropped, as when a caller stops waiting.
struct Open(Option<Transaction>);

impl Open {
    async fn begin(datastore: &Datastore, kind: TransactionType) -> Answer<Self> {
        Ok(Self(Some(datastore.transaction(kind).await.map_err(raised)?)))
    }

    async fn cancel(mut self) {
        if let Some(transaction) = self.0.take() {
            // A transaction that ended by itself has nothing to roll back.
            let _ = transaction.cancel().await;
        }
    }

    async fn commit(mut self) -> Answer<()> {
        let Some(transaction) = self.0.take() else { return Ok(()) };
        transaction.commit().await.map_err(raised)
    }
}

impl std::ops::Deref for Open {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        self.0.as_ref().unwrap_or_else(|| unreachable!("only `cancel` and `commit` take it, and they consume"))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(transaction) = self.0.take().filter(|transaction| transaction.writeable() && !transaction.closed())
            && let Some(runtime) = RUNTIME.as_ref()
        {
            runtime.spawn(async move { transaction.cancel().await.map_err(raised) });
        }
    }
}

/// What a database held at one moment, to read from as long as it is kept.
#[derive(Clone)]
pub struct Snapshot(Arc<Open>);

/// A space's database, as long as somebody holds the embedded database.
pub struct Space {
    datastore: Arc<Datastore>,
    namespace: String,
    name: String,
    ids: (NamespaceId, DatabaseId),
}

impl Space {
    fn key(&self, table: &TableName, key: &str) -> Answer<Key<'static>> {
        let (ns, db) = self.ids;
        let id = RecordIdKey::String(Strand::new(key));
        RecordKey { ns, db, tb: Cow::Borrowed(table), id: Cow::Borrowed(&id) }.encode_key().map_err(raised)
    }

    fn range(&self, table: &TableName, range: &Range) -> Answer<KeyRange<'static>> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let (ns, db) = self.ids;
        let all = RecordPrefix { ns, db, tb: Cow::Borrowed(table) }.encode_bound().map_err(raised)?.prefix_expect();
        let start = match &range.start {
            Included(key) => self.key(table, key)?,
            Excluded(key) => self.key(table, key)?.next(),
            Unbounded => all.start,
        };
        let end = match &range.end {
            Included(key) => self.key(table, key)?.next(),
            Excluded(key) => self.key(table, key)?,
            Unbounded => all.end,
        };
        Ok(KeyRange { start, end })
    }

    async fn begin(&self, kind: TransactionType) -> Answer<Open> {
        Open::begin(&self.datastore, kind).await
    }

    /// What the database holds now, to be read from later.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn snapshot(&self) -> Answer<Snapshot> {
        Ok(Snapshot(Arc::new(self.begin(TransactionType::Read).await?)))
    }

    async fn reading(&self, snapshot: Option<&Snapshot>) -> Answer<Snapshot> {
        match snapshot {
            Some(snapshot) => Ok(snapshot.clone()),
            None => self.snapshot().await,
        }
    }

    /// The documents with these keys, in their order; those that are not there are left out.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn get(&self, table: &str, keys: &[&str], snapshot: Option<&Snapshot>) -> Answer<Vec<Bytes>> {
        self.read(table, keys, usize::MAX, snapshot).await.map(|(documents, _)| documents)
    }

    /// As [`get`](Self::get), until the documents have [`PAGE_BYTES`] together; and how many keys
    /// were looked up.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn get_some(&self, table: &str, keys: &[&str], snapshot: Option<&Snapshot>) -> Answer<(Vec<Bytes>, usize)> {
        self.read(table, keys, PAGE_BYTES, snapshot).await
    }

    async fn read(&self, table: &str, keys: &[&str], most: usize, snapshot: Option<&Snapshot>) -> Answer<(Vec<Bytes>, usize)> {
        let table = TableName::new(table);
        let Snapshot(transaction) = self.reading(snapshot).await?;
        let (mut documents, mut size, mut taken) = (Vec::with_capacity(keys.len()), 0, 0);
        while let Some(key) = keys.get(taken)
            && size < most
        {
            if let Some(record) = transaction.get(self.key(&table, key)?, None).await.map_err(raised)? {
                let document = document(&record)?;
                size += document.len();
                documents.push(document);
            }
            taken += 1;
        }
        Ok((documents, taken))
    }

    /// The documents of a part of a table, in the order of their keys or in the reverse order.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn scan(&self, table: &str, part: &Part<'_>, snapshot: Option<&Snapshot>) -> Answer<Vec<Bytes>> {
        self.page(table, part, snapshot, |_, record| document(record), Bytes::len).await
    }

    /// As [`scan`](Self::scan), with the records' keys.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn entries(&self, table: &str, part: &Part<'_>, snapshot: Option<&Snapshot>) -> Answer<Vec<(String, Bytes)>> {
        let entry = |key: &[u8], record: &[u8]| match RecordKey::decode_key(key).map_err(raised)?.id.into_owned() {
            RecordIdKey::String(id) => Ok((id.as_str().to_owned(), document(record)?)),
            _ => Err(surrealdb::Error::internal("a record's key is no text".to_owned())),
        };
        self.page(table, part, snapshot, entry, |(_, document)| document.len()).await
    }

    /// What `read` makes of the records of a part, until their `size` reaches [`PAGE_BYTES`].
    async fn page<T: Send + 'static>(
        &self,
        table: &str,
        part: &Part<'_>,
        snapshot: Option<&Snapshot>,
        read: fn(&[u8], &[u8]) -> Answer<T>,
        size: fn(&T) -> usize,
    ) -> Answer<Vec<T>> {
        let range = self.range(&TableName::new(table), part.range)?;
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let counted = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let (skip, limit) = (counted(part.skip), counted(part.limit));
        let direction = if part.reverse { Direction::Backward } else { Direction::Forward };
        let Snapshot(transaction) = self.reading(snapshot).await?;
        let work = async move {
            let (mut found, mut bytes, mut failed) = (Vec::new(), 0, None);
            let mut take = |key: &[u8], record: &[u8]| match read(key, record) {
                Ok(one) => {
                    bytes += size(&one);
                    found.push(one);
                    Ok(if bytes < PAGE_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
                }
                Err(error) => {
                    failed = Some(error);
                    Ok(ControlFlow::Break(()))
                }
            };
            let opened = Transactor::open_vals_cursor(&transaction, range, direction, skip, None).await;
            let mut cursor = opened.map_err(|error| raised(error.into()))?;
            cursor.for_each(limit, &mut take).await.map_err(|error| raised(error.into()))?;
            drop(cursor);
            failed.map_or(Ok(found), Err)
        };
        if part.skip > SKIPPED_AT_ONCE { aside(work).await } else { work.await }
    }

    /// How many records there are.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn count(&self, table: &str, range: &Range, snapshot: Option<&Snapshot>) -> Answer<u64> {
        let range = self.range(&TableName::new(table), range)?;
        let Snapshot(transaction) = self.reading(snapshot).await?;
        aside(async move {
            let counted = Transactor::count(&transaction, range, None).await;
            counted.map(|n| n as u64).map_err(|error| raised(error.into()))
        })
        .await
    }

    /// The names of all tables.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn tables(&self) -> Answer<Vec<String>> {
        let Snapshot(transaction) = self.snapshot().await?;
        let tables = transaction.all_tb(self.ids.0, self.ids.1, None).await.map_err(raised)?;
        Ok(tables.iter().map(|table| table.name.as_str().to_owned()).collect())
    }

    /// Makes a table, if it is not there.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn make_table(&self, table: &str) -> Answer<()> {
        let transaction = self.begin(TransactionType::Write).await?;
        self.defined(&transaction, &TableName::new(table)).await?;
        transaction.commit().await
    }

    /// Removes a table with all that is in it. Does nothing when it is not there.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn remove_table(&self, table: &str) -> Answer<()> {
        let session = Session::owner().with_ns(&self.namespace).with_db(&self.name);
        let answers = self.datastore.execute(&crate::statements::remove_table(table), &session, None).await?;
        answers.into_iter().try_for_each(|answer| answer.result.map(drop))
    }

    /// Makes all changes, or none when a record is not as one of them expects.
    ///
    /// # Errors
    /// A conflict when others changed one of the records meanwhile; that the database is not there
    /// any more; otherwise what the storage answers.
    pub async fn write(&self, writes: &[Write]) -> Answer<Written> {
        let transaction = self.begin(TransactionType::Write).await?;
        match self.changed(&transaction, writes).await {
            Ok(Written::All) => transaction.commit().await.map(|()| Written::All),
            outcome => {
                transaction.cancel().await;
                outcome
            }
        }
    }

    async fn defined(&self, transaction: &Transaction, table: &TableName) -> Answer<()> {
        // A database that was removed and made again has another number.
        let definition = transaction.get_or_add_tb(None, &self.namespace, &self.name, table, None).await.map_err(raised)?;
        if (definition.namespace_id, definition.database_id) == self.ids {
            return Ok(());
        }
        let gone = NotFoundError::Database { name: self.name.clone() };
        Err(surrealdb::Error::not_found("the space's database was removed".to_owned(), gone))
    }

    async fn changed(&self, transaction: &Transaction, writes: &[Write]) -> Answer<Written> {
        let mut tables: BTreeMap<&str, TableName> = BTreeMap::new();
        for (number, write) in writes.iter().enumerate() {
            if !tables.contains_key(&*write.table) {
                let table = TableName::new(&*write.table);
                self.defined(transaction, &table).await?;
                tables.insert(&write.table, table);
            }
            let Some(table) = tables.get(&*write.table) else { continue };
            let key = self.key(table, &write.key)?;
            if write.expect != Expect::Anything {
                let current = transaction.get(key.clone(), None).await.map_err(raised)?;
                let expected = match (&write.expect, current.as_deref().map(document).transpose()?) {
                    (Expect::Is(expected), Some(current)) => *expected == current,
                    (Expect::Is(_), None) => false,
                    (_, current) => current.is_none(),
                };
                if !expected {
                    return Ok(Written::Unexpected(number));
                }
            }
            match &write.then {
                Then::Put(new) => transaction.set(key, record(table, &write.key, new)?).await.map_err(raised)?,
                Then::Remove => transaction.del(key).await.map_err(raised)?,
                Then::RemoveIf(content) => {
                    let current = transaction.get(key.clone(), None).await.map_err(raised)?;
                    if current.as_deref().map(document).transpose()?.as_ref() == Some(content) {
                        transaction.del(key).await.map_err(raised)?;
                    }
                }
                Then::Keep => {}
            }
        }
        Ok(Written::All)
    }
}

/// A record's storage value, as SurrealQL writes it.
fn record(table: &TableName, key: &str, document: &Bytes) -> Answer<Vec<u8>> {
    let id = RecordId { table: table.clone(), key: RecordIdKey::String(Strand::new(key)) };
    let mut fields = Object::default();
    fields.insert(Strand::new_static(FIELD), Value::Bytes(document.clone().into()));
    fields.insert(Strand::new_static("id"), Value::RecordId(id));
    Record::new(Value::Object(fields)).kv_encode_value().map_err(raised)
}

/// The document that a record's storage value holds.
fn document(record: &[u8]) -> Answer<Bytes> {
    // A decoded record gets its key's identity, which nobody looks at here.
    let nobody = RecordId { table: TableName::new(Strand::new_static("")), key: RecordIdKey::Number(0) };
    let decoded = Record::kv_decode_value(record, nobody).map_err(raised)?;
    let field = match decoded.data {
        Value::Object(mut fields) => fields.remove(FIELD),
        _ => None,
    };
    match field {
        Some(Value::Bytes(document)) => Ok(document.into_inner()),
        _ => Err(surrealdb::Error::internal("a record holds no document".to_owned())),
    }
}
