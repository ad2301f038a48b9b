//! A space's database and its collections.
//!
//! A collection is a table of its name, unless a record of [`CATALOG`] says otherwise: renaming a
//! collection changes that record and moves no document. The record holds the collection's indexes
//! too. Readers and writers keep the [`Collection`] that they began with. Tables are removed, and
//! indexes filled, once none is left that began with the one before: see [`Database::settle`].

use std::collections::{HashMap, HashSet};
use std::ops::{Bound, Deref};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use bytes::Bytes;
use mql::index::IndexSpec;
use sdk_plugin::{Error, Result, codes};
use surreal_records::{Expect, Part, Range, Session, Snapshot, Then, Write, Written};

use crate::index::{Index, MultikeyFields};
use crate::scan::decode;

/// The table of the collections that are not as their name says. No collection can be called so.
const CATALOG: &str = "$collections";
/// What the names of collections begin with that are not shown. None can be called so by a user.
const HIDDEN: char = '$';
/// How long what a shared database said of a collection is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// How old a table must be that nobody seems to use before it is removed.
const LEFT: Duration = Duration::from_secs(3600);
/// How many collections are remembered for a space.
const MAX_REMEMBERED: usize = 4096;
/// How long indexes are not filled because somebody uses the collection as it was before.
const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(30) };
/// How long a command waits before it leaves the removal of tables to the background.
const REMOVAL_PATIENCE: Duration = Duration::from_millis(200);
/// How long to wait before looking again whether somebody uses a collection as it was.
const MOMENT: Duration = Duration::from_millis(2);

/// A collection as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// The table of its documents.
    pub table: Arc<str>,
    /// Its indexes, without that of `_id`.
    pub indexes: Vec<Arc<Index>>,
    /// The catalog's record, if there is one.
    record: Option<Bytes>,
}

impl Collection {
    fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), table: name.into(), ..Self::default() }
    }

    fn read(name: &str, record: Bytes, multikey: &MultikeyFields) -> Result<Self> {
        let broken = || Error::internal("a record of the catalog is broken");
        let fields = decode(&record)?;
        let indexes = fields.get_array("indexes").map_err(Error::internal)?;
        let index = |value: &Bson| value.as_document().ok_or_else(broken).and_then(|fields| Index::read(fields, multikey)).map(Arc::new);
        Ok(Self {
            name: name.to_owned(),
            table: fields.get_str("table").map_err(Error::internal)?.into(),
            indexes: indexes.iter().map(index).collect::<Result<_>>()?,
            record: Some(record),
        })
    }

    fn encode(&self) -> Result<Bytes> {
        let indexes: Vec<Bson> = self.indexes.iter().map(|index| Bson::Document(index.to_document())).collect();
        let record: Document = doc! {"_id": &self.name, "table": &*self.table, "indexes": indexes};
        record.to_vec().map(Bytes::from).map_err(Error::internal)
    }

    /// A name for another table of this collection, which no other has.
    pub fn new_table(&self) -> String {
        let base = self.table.split_once('$').map_or(&*self.table, |(base, _)| base);
        format!("{base}${}", ObjectId::new().to_hex())
    }

    /// Whether it has neither the table of its name nor indexes: what is left of a removed one.
    fn is_left(&self) -> bool {
        *self.table != *self.name && self.indexes.is_empty()
    }

    /// Its tables.
    fn tables(&self) -> Vec<Arc<str>> {
        std::iter::once(&self.table).chain(self.indexes.iter().map(|index| &index.table)).cloned().collect()
    }

    /// That the catalog says of the collection what this does.
    pub fn guard(&self) -> Write {
        let expect = self.record.clone().map_or(Expect::Absent, Expect::Is);
        Write { table: CATALOG.into(), key: self.name.clone(), expect, then: Then::Keep }
    }
}

/// A space's database.
pub struct Database {
    /// The space.
    pub space: Arc<str>,
    session: Session,
    known: Mutex<Known>,
    changing: tokio::sync::Mutex<()>,
    multikey: MultikeyFields,
    /// The collections of which somebody makes indexes.
    building: Mutex<HashSet<String>>,
    /// The tables that are removed once nobody uses them.
    removing: Mutex<HashSet<Arc<str>>>,
}

/// Says that somebody makes indexes of a collection, as long as it is kept.
pub struct Building<'a> {
    database: &'a Database,
    collection: String,
}

impl Drop for Building<'_> {
    fn drop(&mut self) {
        self.database.building.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.collection);
    }
}

#[derive(Default)]
struct Known {
    collections: HashMap<String, (Arc<Collection>, Instant)>,
    /// What collections were before, as long as somebody uses them so.
    earlier: Vec<Weak<Collection>>,
    /// Counts the changes, so that nobody remembers what was read before one.
    changes: u64,
}

impl Known {
    /// Takes notice that a collection is no longer what it was.
    fn retire(&mut self, collection: &Arc<Collection>) {
        if Arc::strong_count(collection) == 1 {
            return;
        }
        self.earlier.retain(|used| used.strong_count() > 0);
        self.earlier.push(Arc::downgrade(collection));
    }

    /// Forgets a collection.
    fn forget(&mut self, name: &str) {
        self.changes += 1;
        if let Some((collection, _)) = self.collections.remove(name) {
            self.retire(&collection);
        }
    }

    /// Whether somebody uses one of these tables for a collection as it was before, whatever it is
    /// called now.
    fn is_used(&mut self, tables: &[Arc<str>]) -> bool {
        self.earlier.retain(|used| used.strong_count() > 0);
        let uses = |collection: Arc<Collection>| collection.tables().iter().any(|table| tables.contains(table));
        self.earlier.iter().filter_map(Weak::upgrade).any(uses)
    }
}

impl Deref for Database {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Database {
    /// The database behind a session.
    pub fn new(space: &str, session: Session) -> Self {
        Self {
            space: space.into(),
            session,
            known: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            multikey: MultikeyFields::default(),
            building: Mutex::default(),
            removing: Mutex::default(),
        }
    }

    /// Takes the turn to make indexes of a collection; `None` while somebody else has it.
    pub fn build(&self, collection: &str) -> Option<Building<'_>> {
        let new = self.building.lock().unwrap_or_else(PoisonError::into_inner).insert(collection.to_owned());
        new.then(|| Building { database: self, collection: collection.to_owned() })
    }

    /// Which fields of the indexes are arrays somewhere.
    pub fn multikey(&self) -> &MultikeyFields {
        &self.multikey
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A collection as it is now; one that nobody made is empty and has no indexes.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn collection(&self, name: &str) -> Result<Arc<Collection>> {
        loop {
            let changes = {
                let known = self.known();
                if let Some((collection, at)) = known.collections.get(name)
                    && (!self.session.is_shared() || at.elapsed() < BELIEVED)
                {
                    return Ok(collection.clone());
                }
                known.changes
            };
            let collection = Arc::new(self.load(name, None).await?);
            let mut known = self.known();
            if known.changes != changes {
                // It may have been read before the change, and nobody would wait for its users.
                continue;
            }
            if let Some((before, at)) = known.collections.get_mut(name)
                && *before == collection
            {
                *at = Instant::now();
                return Ok(before.clone());
            }
            if known.collections.len() >= MAX_REMEMBERED {
                known.collections.retain(|_, (collection, _)| Arc::strong_count(collection) > 1);
            }
            if let Some((before, _)) = known.collections.insert(name.to_owned(), (collection.clone(), Instant::now())) {
                known.retire(&before);
            }
            return Ok(collection);
        }
    }

    /// A collection as it was at some moment, to be read only.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn collection_at(&self, name: &str, snapshot: &Snapshot) -> Result<Arc<Collection>> {
        self.load(name, Some(snapshot)).await.map(Arc::new)
    }

    async fn load(&self, name: &str, snapshot: Option<&Snapshot>) -> Result<Collection> {
        match self.session.get(CATALOG, &[name], snapshot).await?.pop() {
            Some(record) => Collection::read(name, record, &self.multikey),
            None => Ok(Collection::plain(name)),
        }
    }

    /// Forgets what is known of a collection, because the database says that it has changed.
    pub fn forget(&self, name: &str) {
        self.known().forget(name);
    }

    /// A name for a collection that nobody sees and that is gone once it is renamed or removed.
    pub fn temporary() -> String {
        format!("{HIDDEN}{}", ObjectId::new().to_hex())
    }

    /// Changes what a collection is. `change` says whether there is anything to change. Whoever
    /// began with what it was goes on with that: [`settle`](Self::settle) waits for them.
    ///
    /// # Errors
    /// What `change` says; `Conflict` when others changed it at the same time.
    pub async fn redefine(&self, name: &str, change: impl FnOnce(&mut Collection) -> Result<bool>) -> Result<Arc<Collection>> {
        let _turn = self.changing.lock().await;
        let mut collection = self.load(name, None).await?;
        if change(&mut collection)? {
            self.store(vec![collection]).await?;
        }
        self.collection(name).await
    }

    /// Whether a collection was made, by [`make`](Self::make) or its first document or index.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn exists(&self, name: &str) -> Result<bool> {
        let table = self.load(name, None).await?.table;
        Ok(self.session.tables().await?.iter().any(|other| **other == *table))
    }

    /// Makes a collection without documents.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn make(&self, name: &str) -> Result<()> {
        let table = self.collection(name).await?.table.clone();
        self.session.make_table(&table).await
    }

    /// Removes a collection with its documents and indexes. Answers what it was.
    ///
    /// # Errors
    /// As [`redefine`](Self::redefine).
    pub async fn drop_collection(self: &Arc<Self>, name: &str) -> Result<Collection> {
        let _turn = self.changing.lock().await;
        let removed = self.load(name, None).await?;
        if name.starts_with(HIDDEN) && self.catalog(None).await?.iter().any(|other| other.name != name && other.table == removed.table) {
            return Err(Error::new(codes::CONFLICT, "the documents have become another collection's"));
        }
        // Whoever still writes to the old table must not write to what is called so from now on.
        let empty = Collection { table: removed.new_table().into(), record: removed.record.clone(), ..Collection::plain(name) };
        self.store(vec![empty]).await?;
        self.remove_tables(name, removed.tables()).await;
        Ok(removed)
    }

    /// Removes tables that are a collection's no longer, once nobody uses them: in the background
    /// when that takes long. What the command changed holds whether or not they could be removed.
    async fn remove_tables(self: &Arc<Self>, name: &str, tables: Vec<Arc<str>>) {
        let (database, name) = (self.clone(), name.to_owned());
        self.removing().extend(tables.iter().cloned());
        let removal = tokio::spawn(async move {
            while let Err(error) = database.settle(&tables).await {
                tracing::info!(space = &*database.space, collection = name, %error, "tables are kept for who uses them");
            }
            for table in tables {
                if let Err(error) = database.session.remove_table(&table).await {
                    tracing::warn!(space = &*database.space, collection = name, %error, "a table is left until the space is opened again");
                }
                database.multikey.forget(&table);
                database.removing().remove(&table);
            }
        });
        if !self.session.is_shared() {
            // Mostly nobody uses them. Who does not wait any longer leaves it to the task.
            let _ = tokio::time::timeout(REMOVAL_PATIENCE, removal).await;
        }
    }

    fn removing(&self) -> std::sync::MutexGuard<'_, HashSet<Arc<str>>> {
        self.removing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long other nodes may go on with what a collection was.
    fn belief(&self) -> Duration {
        if self.session.is_shared() { BELIEVED * 2 } else { Duration::ZERO }
    }

    /// Removes some indexes of a collection.
    ///
    /// # Errors
    /// As [`redefine`](Self::redefine).
    pub async fn drop_indexes(self: &Arc<Self>, name: &str, which: impl Fn(&Index) -> bool) -> Result<()> {
        let mut removed = Vec::new();
        let change = |collection: &mut Collection| {
            let (gone, kept) = std::mem::take(&mut collection.indexes).into_iter().partition(|index| which(index));
            (removed, collection.indexes) = (gone, kept);
            Ok(!removed.is_empty())
        };
        self.redefine(name, change).await?;
        self.remove_tables(name, removed.into_iter().map(|index| index.table.clone()).collect()).await;
        Ok(())
    }

    /// Gives a collection another name, whose own documents and indexes are gone then. No document
    /// is copied. With `indexes`, that other one must have these and no others still.
    ///
    /// # Errors
    /// As [`redefine`](Self::redefine); `Conflict` when the other one has different indexes.
    pub async fn rename(self: &Arc<Self>, from: &str, to: &str, indexes: Option<&[IndexSpec]>) -> Result<()> {
        let _turn = self.changing.lock().await;
        let (mut moved, replaced) = (self.load(from, None).await?, self.load(to, None).await?);
        if let Some(indexes) = indexes
            && !replaced.indexes.iter().map(|index| index.spec.document()).eq(indexes.iter().map(IndexSpec::document))
        {
            let message = format!("indexes of target collection {to} changed while processing $out");
            return Err(Error::new(codes::CONFLICT, message).with_context("mongodb", "CommandFailed (125)"));
        }
        // What is called `from` later must not find these documents.
        let empty = Collection { table: moved.new_table().into(), record: moved.record.take(), ..Collection::plain(from) };
        moved.name = to.to_owned();
        moved.record = replaced.record.clone();
        self.store(vec![empty, moved]).await?;
        self.remove_tables(to, replaced.tables()).await;
        Ok(())
    }

    /// Stores collections, whose `record` says what is replaced.
    async fn store(&self, collections: Vec<Collection>) -> Result<()> {
        let mut writes = Vec::with_capacity(collections.len());
        for collection in &collections {
            let then =
                if collection.name.starts_with(HIDDEN) && collection.is_left() { Then::Remove } else { Then::Put(collection.encode()?) };
            writes.push(Write { then, ..collection.guard() });
        }
        if self.session.write(&writes).await? != Written::All {
            let message = "the collection was changed by others at the same time";
            return Err(Error::new(codes::CONFLICT, message).retryable());
        }
        let mut known = self.known();
        collections.iter().for_each(|collection| known.forget(&collection.name));
        Ok(())
    }

    /// Waits until nobody uses these tables any more for a collection as it was before a change.
    ///
    /// # Errors
    /// `Conflict` after 30 seconds.
    pub async fn settle(&self, tables: &[Arc<str>]) -> Result<()> {
        tokio::time::sleep(self.belief()).await;
        let deadline = Instant::now() + PATIENCE;
        while self.known().is_used(tables) {
            if Instant::now() > deadline {
                return Err(Error::new(codes::CONFLICT, "the collection is in use").retryable());
            }
            tokio::time::sleep(MOMENT).await;
        }
        Ok(())
    }

    /// The names of the collections, in their order.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn collections(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut renamed: HashMap<Arc<str>, String> = HashMap::new();
        let mut elsewhere = Vec::new();
        for collection in self.catalog(None).await? {
            if *collection.table != *collection.name {
                elsewhere.push(collection.name.clone());
            }
            renamed.insert(collection.table, collection.name);
        }
        for table in self.session.tables().await? {
            match renamed.get(&*table) {
                Some(name) => names.push(name.clone()),
                None if table.contains('$') || elsewhere.contains(&table) => {}
                None => names.push(table),
            }
        }
        names.retain(|name| !name.starts_with(HIDDEN));
        names.sort();
        Ok(names)
    }

    /// All collections that are not as their name says.
    async fn catalog(&self, snapshot: Option<&Snapshot>) -> Result<Vec<Collection>> {
        let (mut all, mut start) = (Vec::new(), Bound::Unbounded);
        loop {
            let range = Range { start, end: Bound::Unbounded };
            let page = self.session.entries(CATALOG, &Part { range: &range, reverse: false, skip: 0, limit: 512 }, snapshot).await?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            start = Bound::Excluded(last.clone());
            for (name, record) in page {
                all.push(Collection::read(&name, record, &self.multikey)?);
            }
        }
    }

    /// Removes what commands left behind that a crash or a time limit cut off: tables that no
    /// collection has any more, and the hidden collections of `$out` that are more than an hour
    /// old, as their names say. Where other nodes may use a table still, it has to be nobody's for
    /// an hour.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn sweep(self: &Arc<Self>) -> Result<()> {
        let mut left = self.left_behind().await?;
        if self.session.is_shared() && !left.is_empty() {
            tokio::time::sleep(LEFT).await;
            let still = self.left_behind().await?;
            left.retain(|table| still.contains(table));
        }
        for collection in self.catalog(None).await?.into_iter().filter(|collection| is_old(&collection.name)) {
            self.drop_collection(&collection.name).await?;
        }
        if !left.is_empty() {
            tracing::info!(space = &*self.space, tables = ?left, "tables that were left behind are removed");
            self.remove_tables("", left.into_iter().collect()).await;
        }
        Ok(())
    }

    /// The tables that nobody has. None of them is ever somebody's again.
    async fn left_behind(&self) -> Result<HashSet<Arc<str>>> {
        let tables = self.session.tables().await?;
        let snapshot = self.session.snapshot().await?;
        let catalog = self.catalog(Some(&snapshot)).await?;
        let kept: HashSet<Arc<str>> = catalog.iter().flat_map(Collection::tables).collect();
        // A collection without a record has the table of its name.
        let moved: HashSet<&str> = catalog.iter().filter(|collection| *collection.table != *collection.name).map(|c| &*c.name).collect();
        let is_left = |table: &Arc<str>| {
            let is_first = !table.contains(HIDDEN);
            !kept.contains(table) && if is_first { moved.contains(&**table) } else { is_old(table) }
        };
        let removing = self.removing();
        Ok(tables.into_iter().map(Arc::<str>::from).filter(|table| is_left(table) && !removing.contains(table)).collect())
    }
}

/// Whether a table or hidden collection was made more than [`LEFT`] ago, as its name says.
fn is_old(name: &str) -> bool {
    let made = name.rsplit_once(HIDDEN).and_then(|(_, id)| ObjectId::parse_str(id).ok());
    made.and_then(|id| id.timestamp().to_system_time().elapsed().ok()).is_some_and(|age| age > LEFT)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
