//! A space's database and its collections.
//!
//! A collection is a table of its name, unless a record of [`CATALOG`] says otherwise: renaming a
//! collection changes that record and moves no document. The record holds the collection's indexes
//! too. Readers and writers keep the [`Collection`] that they began with; a change of it waits until
//! none is left that began with the one before.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use bytes::Bytes;
use sdk_plugin::{Error, Result, codes};

use crate::index::{Index, MultikeyFields};
use crate::scan::decode;
use crate::session::{Session, Snapshot};
use crate::write::{Expect, Then, Write, Written};

/// The table of the collections that are not as their name says. No collection can be called so.
const CATALOG: &str = "$collections";
/// What the names of collections begin with that are not shown. None can be called so by a user.
const HIDDEN: char = '$';
/// How long what a shared database said of a collection is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// How many collections are remembered for a space.
const MAX_REMEMBERED: usize = 4096;
/// How long a change of a collection waits for those who use it as it was.
const PATIENCE: Duration = Duration::from_secs(30);

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
    /// Counts the changes, so that nobody remembers what was read before one.
    changes: u64,
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
        if let Some((before, at)) = known.collections.get_mut(name)
            && *before == collection
        {
            // Whoever waits for the users of this one has to see all of them.
            *at = Instant::now();
            return Ok(before.clone());
        }
        if known.changes == changes {
            if known.collections.len() >= MAX_REMEMBERED {
                known.collections.retain(|_, (collection, _)| Arc::strong_count(collection) > 1);
            }
            known.collections.insert(name.to_owned(), (collection.clone(), Instant::now()));
        }
        Ok(collection)
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
        let mut known = self.known();
        known.changes += 1;
        known.collections.remove(name);
    }

    /// A name for a collection that nobody sees and that is gone once it is renamed or removed.
    pub fn temporary() -> String {
        format!("{HIDDEN}{}", ObjectId::new().to_hex())
    }

    /// Changes what a collection is, and waits until nobody uses it any more as it was. `change`
    /// says whether there is anything to change.
    ///
    /// # Errors
    /// What `change` says; `Conflict` when others changed it at the same time, or when somebody
    /// keeps using it as it was.
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
    pub async fn drop_collection(&self, name: &str) -> Result<Collection> {
        let _turn = self.changing.lock().await;
        let removed = self.load(name, None).await?;
        // Whoever still writes to the old table must not write to what is called so from now on.
        let empty = Collection { table: removed.new_table().into(), record: removed.record.clone(), ..Collection::plain(name) };
        self.store(vec![empty]).await?;
        self.remove_tables(&removed).await?;
        Ok(removed)
    }

    async fn remove_tables(&self, collection: &Collection) -> Result<()> {
        self.session.remove_table(&collection.table).await?;
        for index in &collection.indexes {
            self.session.remove_table(&index.table).await?;
            self.multikey.forget(&index.table);
        }
        Ok(())
    }

    /// Removes some indexes of a collection.
    ///
    /// # Errors
    /// As [`redefine`](Self::redefine).
    pub async fn drop_indexes(&self, name: &str, which: impl Fn(&Index) -> bool) -> Result<()> {
        let mut removed = Vec::new();
        let change = |collection: &mut Collection| {
            let (gone, kept) = std::mem::take(&mut collection.indexes).into_iter().partition(|index| which(index));
            (removed, collection.indexes) = (gone, kept);
            Ok(!removed.is_empty())
        };
        self.redefine(name, change).await?;
        for index in removed {
            self.session.remove_table(&index.table).await?;
            self.multikey.forget(&index.table);
        }
        Ok(())
    }

    /// Gives a collection another name, whose own documents and indexes are gone then. No document
    /// is copied.
    ///
    /// # Errors
    /// As [`redefine`](Self::redefine).
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let _turn = self.changing.lock().await;
        let (mut moved, replaced) = (self.load(from, None).await?, self.load(to, None).await?);
        // What is called `from` later must not find these documents.
        let empty = Collection { table: moved.new_table().into(), record: moved.record.take(), ..Collection::plain(from) };
        moved.name = to.to_owned();
        moved.record = replaced.record.clone();
        self.store(vec![empty, moved]).await?;
        self.remove_tables(&replaced).await
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
        let before: Vec<_> = {
            let mut known = self.known();
            known.changes += 1;
            collections.iter().filter_map(|collection| known.collections.remove(&collection.name)).collect()
        };
        self.unused(before.into_iter().map(|(collection, _)| collection).collect()).await
    }

    /// Waits until nobody uses these any more.
    async fn unused(&self, collections: Vec<Arc<Collection>>) -> Result<()> {
        if self.session.is_shared() {
            // Other nodes believe in what was for a while.
            tokio::time::sleep(BELIEVED * 2).await;
        }
        let deadline = Instant::now() + PATIENCE;
        while collections.iter().any(|collection| Arc::strong_count(collection) > 1) {
            if Instant::now() > deadline {
                return Err(Error::new(codes::CONFLICT, "the collection is in use").retryable());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
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
        let mut start = std::ops::Bound::Unbounded;
        let mut elsewhere = Vec::new();
        loop {
            let range = crate::layout::Range { start, end: std::ops::Bound::Unbounded };
            let part = crate::layout::Part { range: &range, reverse: false, skip: 0, limit: 512 };
            let page = self.session.entries(CATALOG, &part, None).await?;
            let Some((last, _)) = page.last() else { break };
            start = std::ops::Bound::Excluded(last.clone());
            for (name, record) in page {
                let collection = Collection::read(&name, record, &self.multikey)?;
                if *collection.table != *name {
                    elsewhere.push(name.clone());
                }
                renamed.insert(collection.table, name);
            }
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
}
