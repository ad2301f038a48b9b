//! The commands of whoever operates a database: [`sdk_plugin::contract::db::operations`].

use std::ops::Bound;
use std::sync::Arc;

use bson::{Bson, Document};
use bytes::{Buf, Bytes, BytesMut};
use mql::index::IndexSpec;
use mql::json;
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::contract::db::operations::{
    COLL_STATS, CREATE, CREATE_INDEX, CREATE_INDEXES, DROP, DROP_INDEX, DROP_INDEXES, DUMP, DUPLICATE_KEY_NUMBER, Dumped, INDEX_NOT_FOUND,
    LIST_COLLECTIONS, LIST_INDEXES, LOAD, LOAD_BYTES, Loaded, NAMESPACE_EXISTS, NAMESPACE_NOT_FOUND, PAGE_BYTES, RENAME_COLLECTION, Stats,
    WriteError,
};
use sdk_plugin::{Body, Error, Event, Reply, Result, events};
use serde::Serialize;
use serde_json::json;

use crate::change::Target;
use crate::command::{Command, Options};
use crate::database::Database;
use crate::error::language;
use crate::index::{self, Index};
use crate::insert::{self, New};
use crate::layout::{self, Part, Range};
use crate::locks::Locks;
use crate::records::Records;
use crate::scan::decode;

/// How many documents a page of a dump has unless it is said.
const DEFAULT_PAGE: u64 = 1000;
/// How many documents are read at once.
const AT_ONCE: u64 = 256;
/// How long the key of a stored document may be in a dump's `after`.
const MAX_AFTER: usize = 64 * 1024;

/// Whether a command is one of these.
pub fn knows(command: &str) -> bool {
    matches!(
        command,
        CREATE
            | DROP
            | RENAME_COLLECTION
            | LIST_COLLECTIONS
            | COLL_STATS
            | CREATE_INDEX
            | CREATE_INDEXES
            | LIST_INDEXES
            | DROP_INDEX
            | DROP_INDEXES
            | DUMP
            | LOAD
    )
}

/// A space's database, to be operated.
pub struct Operator {
    /// The database.
    pub database: Arc<Database>,
    /// Who changes what.
    pub locks: Locks,
}

impl Operator {
    /// Runs a command. Answers also what has happened to a collection, for whoever keeps something by its name.
    ///
    /// # Errors
    /// Those of [`sdk_plugin::contract::db::operations`].
    pub async fn run(
        &self,
        command: &mut Command,
        collection: Option<&str>,
        options: &Options,
        body: Option<Body>,
    ) -> Result<(Reply, Option<Event>)> {
        let name = command.command.clone();
        if name == LIST_COLLECTIONS {
            return Ok((self.list_collections().await?, None));
        }
        let collection = collection.ok_or_else(|| Error::invalid_params("collection is missing"))?;
        layout::collection(collection)?;
        let reply = match name.as_str() {
            CREATE => self.create(collection).await?,
            DROP => {
                let event = self.event(events::COLLECTION_DROPPED, &json!({"collection": collection}))?;
                return Ok((self.drop_collection(collection).await?, Some(event)));
            }
            RENAME_COLLECTION => {
                let to = command.to()?;
                let event = self.event(events::COLLECTION_RENAMED, &json!({"collection": collection, "to": to}))?;
                return Ok((self.rename(collection, &to, options.flag("dropTarget", false)?).await?, Some(event)));
            }
            COLL_STATS => self.stats(collection).await?,
            CREATE_INDEX => self.create_index(collection, command.one_index(options)?).await?,
            CREATE_INDEXES => self.create_indexes(collection, &command.indexes()?).await?,
            LIST_INDEXES => self.list_indexes(collection).await?,
            DROP_INDEX | DROP_INDEXES => self.drop_indexes(collection, command.index()?).await?,
            DUMP => self.dump(collection, options).await?,
            LOAD => self.load(collection, options.flag("ordered", true)?, body).await?,
            other => return Err(Error::invalid_params(format!("unknown command `{other}`"))),
        };
        Ok((reply, None))
    }

    fn event(&self, name: &str, payload: &impl Serialize) -> Result<Event> {
        Event::json(name, &*self.database.space, payload)
    }

    async fn exists(&self, collection: &str) -> Result<()> {
        if self.database.exists(collection).await? {
            return Ok(());
        }
        Err(Error::new(NAMESPACE_NOT_FOUND, format!("ns not found: the collection {collection} does not exist")))
    }

    async fn create(&self, collection: &str) -> Result<Reply> {
        if self.database.exists(collection).await? {
            return Err(Error::new(NAMESPACE_EXISTS, format!("a collection '{collection}' already exists")));
        }
        self.database.make(collection).await?;
        done(json!({"ok": 1}))
    }

    async fn drop_collection(&self, collection: &str) -> Result<Reply> {
        self.exists(collection).await?;
        let removed = self.database.drop_collection(collection).await?;
        done(json!({"nIndexesWas": removed.indexes.len() + 1, "ok": 1}))
    }

    async fn rename(&self, collection: &str, to: &str, drop_target: bool) -> Result<Reply> {
        layout::collection(to)?;
        self.exists(collection).await?;
        if collection == to {
            return Err(Error::invalid_params("Can't rename a collection to itself"));
        }
        if !drop_target && self.database.exists(to).await? {
            return Err(Error::new(NAMESPACE_EXISTS, format!("target namespace exists: the collection {to}")));
        }
        self.database.rename(collection, to, None).await?;
        done(json!({"ok": 1}))
    }

    async fn list_collections(&self) -> Result<Reply> {
        let names = self.database.collections().await?;
        let listed: Vec<_> = names.iter().map(|name| json!({"name": name, "type": "collection"})).collect();
        answer(listed.len() as u64, &listed)
    }

    async fn stats(&self, collection: &str) -> Result<Reply> {
        self.exists(collection).await?;
        let records = Records::open(self.database.clone(), collection).await?;
        let mut stats = Stats { ns: collection.to_owned(), nindexes: records.collection.indexes.len() as u64 + 1, ..Stats::default() };
        let mut range = Range::ALL;
        loop {
            let page = records.page(&Part { range: &range, reverse: false, skip: 0, limit: AT_ONCE }).await?;
            let Some(last) = page.last() else { break };
            range.start = Bound::Excluded(layout::key_of(last)?);
            stats.count += page.len() as u64;
            stats.size += page.iter().map(|document| document.len() as u64).sum::<u64>();
            tokio::task::yield_now().await;
        }
        stats.avg_obj_size = stats.size.checked_div(stats.count).unwrap_or(0);
        done(stats)
    }

    async fn create_indexes(&self, collection: &str, indexes: &[Document]) -> Result<Reply> {
        let existed = self.database.exists(collection).await?;
        let ready = |spec: &Document| spec.get_str("name").is_ok_and(|name| name == mql::index::ID_INDEX);
        let specs = indexes.iter().filter(|spec| !ready(spec)).map(IndexSpec::parse).collect::<Result<Vec<_>, _>>().map_err(language)?;
        if indexes.iter().any(|spec| spec.contains_key("expireAfterSeconds")) {
            let message = "expireAfterSeconds is not supported: remove old documents with a timer of a function";
            return Err(Error::invalid_params(message).with_context("mongodb", "CommandNotSupported (115)"));
        }
        self.database.make(collection).await?;
        let (before, after) = index::create(&self.database, &self.locks, collection, specs).await?;
        done(json!({"createdCollectionAutomatically": !existed, "numIndexesBefore": before, "numIndexesAfter": after, "ok": 1}))
    }

    async fn create_index(&self, collection: &str, spec: Document) -> Result<Reply> {
        let name = IndexSpec::parse(&spec).map_err(language)?.name().to_owned();
        self.create_indexes(collection, &[spec]).await?;
        done(name)
    }

    async fn list_indexes(&self, collection: &str) -> Result<Reply> {
        self.exists(collection).await?;
        let definition = self.database.collection(collection).await?;
        let mut listed = vec![Bson::Document(IndexSpec::id().document())];
        for index in &definition.indexes {
            let mut shown = index.spec.document();
            if !index.ready {
                shown.insert("building", true);
            }
            listed.push(Bson::Document(shown));
        }
        let (count, listed) = (listed.len(), json::to_string(&Bson::Array(listed)));
        Ok(Reply::raw(format!(r#"{{"affectedDocs":{count},"result":{listed}}}"#)))
    }

    async fn drop_indexes(&self, collection: &str, which: Bson) -> Result<Reply> {
        self.exists(collection).await?;
        let definition = self.database.collection(collection).await?;
        let was = definition.indexes.len() + 1;
        let named = |index: &Index, which: &Bson| match which {
            Bson::String(name) => index.name() == name,
            Bson::Document(key) => mql::equal(&Bson::Document(key.clone()), &Bson::Document(index.spec.key().clone())),
            _ => false,
        };
        let is_id = |which: &Bson| match which {
            Bson::String(name) => name == mql::index::ID_INDEX,
            Bson::Document(key) => key.len() == 1 && key.contains_key("_id"),
            _ => false,
        };
        let all = matches!(&which, Bson::String(star) if star == "*");
        let wanted: Vec<Bson> = match which {
            Bson::Array(names) => names,
            one => vec![one],
        };
        if !all {
            for one in &wanted {
                if is_id(one) {
                    return Err(Error::invalid_params("cannot drop _id index").with_context("mongodb", "InvalidOptions (72)"));
                }
                if !definition.indexes.iter().any(|index| named(index, one)) {
                    let shown = one.as_str().map_or_else(|| json::to_string(one), str::to_owned);
                    return Err(Error::new(INDEX_NOT_FOUND, format!("index not found with name [{shown}]")));
                }
            }
        }
        drop(definition);
        self.database.drop_indexes(collection, |index| all || wanted.iter().any(|one| named(index, one))).await?;
        done(json!({"nIndexesWas": was, "ok": 1}))
    }

    async fn dump(&self, collection: &str, options: &Options) -> Result<Reply> {
        let limit = options.count("limit")?.filter(|limit| *limit > 0).unwrap_or(DEFAULT_PAGE);
        let mut range = Range::ALL;
        if let Some(after) = options.text("after") {
            if after.len() > MAX_AFTER {
                return Err(Error::invalid_params("after is not what the page before said"));
            }
            range.start = Bound::Excluded(after.to_owned());
        }
        let records = Records::open(self.database.clone(), collection).await?;
        let (mut documents, mut count, mut more) = (BytesMut::new(), 0, true);
        let mut last = None;
        while more && count < limit && documents.len() < PAGE_BYTES {
            let wanted = AT_ONCE.min(limit - count);
            let part = Part { range: &range, reverse: false, skip: 0, limit: wanted };
            let page = records.page(&part).await?;
            more = !part.is_over(&page);
            for document in page {
                if documents.len() >= PAGE_BYTES {
                    more = true;
                    break;
                }
                last = Some(layout::key_of(&document)?);
                documents.extend_from_slice(&document);
                count += 1;
            }
            if let Some(last) = &last {
                range.start = Bound::Excluded(last.clone());
            }
        }
        let next = last.filter(|_| more);
        Ok(answer(0, &Dumped { next })?.with_body(Body::full(documents.freeze())))
    }

    async fn load(&self, collection: &str, ordered: bool, body: Option<Body>) -> Result<Reply> {
        let bytes = match body {
            Some(body) => body.collect(LOAD_BYTES).await?,
            None => Bytes::new(),
        };
        let documents = split(bytes)?;
        let records = Records::open(self.database.clone(), collection).await?;
        self.database.make(collection).await?;
        let target = Target { records, locks: self.locks.clone() };
        let mut loaded = Loaded::default();
        let mut ready = Vec::new();
        for (number, bytes) in documents.iter().enumerate() {
            match decode(bytes).and_then(New::of) {
                Ok(new) => ready.push((number, new)),
                Err(error) => {
                    loaded.write_errors.push(failure(number, &error));
                    if ordered {
                        break;
                    }
                }
            }
        }
        let news: Vec<&New> = ready.iter().map(|(_, new)| new).collect();
        let (inserted, errors) = insert::each(&target, &news, ordered).await?;
        loaded.write_errors.extend(errors.iter().filter_map(|(place, error)| Some(failure(ready.get(*place)?.0, error))));
        loaded.write_errors.sort_by_key(|error| error.index);
        if ordered {
            loaded.write_errors.truncate(1);
        }
        answer(inserted, &loaded)
    }
}

fn failure(number: usize, error: &Error) -> WriteError {
    let code = if error.code() == DUPLICATE_KEY { DUPLICATE_KEY_NUMBER } else { 2 };
    WriteError { index: number as u64, code, errmsg: error.message().to_owned() }
}

/// The documents of a body, one after another.
fn split(mut bytes: Bytes) -> Result<Vec<Bytes>> {
    let broken = || Error::invalid_params("the body is not BSON documents, one after another");
    let mut documents = Vec::new();
    while bytes.has_remaining() {
        let length = bytes.first_chunk::<4>().map(|length| i32::from_le_bytes(*length)).ok_or_else(broken)?;
        let length = usize::try_from(length).ok().filter(|length| (5..=bytes.len()).contains(length)).ok_or_else(broken)?;
        let document = bytes.split_to(length);
        bson::RawDocument::from_bytes(&document).map_err(|_| broken())?;
        documents.push(document);
    }
    Ok(documents)
}

fn done(result: impl Serialize) -> Result<Reply> {
    answer(0, &result)
}

fn answer(affected: u64, result: &impl Serialize) -> Result<Reply> {
    Reply::json(&json!({"affectedDocs": affected, "result": result}))
}
