//! A space's database, by the commands of the contract for operators.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::contract::db::operations::{
    CREATE, CREATE_INDEXES, DROP, DUMP, Dumped, LIST_COLLECTIONS, LIST_INDEXES, LOAD, Loaded, NAMESPACE_NOT_FOUND, RENAME_COLLECTION,
};
use sdk_plugin::{Body, Call, Caller, CallerKind, Error, Reply, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long making indexes over a collection may take.
const INDEX_PATIENCE: Duration = Duration::from_secs(3600);
/// How often a command that only reads is tried.
const TRIES: u32 = 5;
/// More than a page of a dump can have.
const MAX_PAGE: usize = 64 << 20;

/// The database of one space.
#[derive(Clone, Debug)]
pub struct Database<C> {
    calls: C,
    space: String,
}

#[derive(Default, Serialize)]
struct Params<'a> {
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doc: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    indexes: Option<&'a [Box<RawValue>]>,
    options: Options<'a>,
}

#[derive(Default, Serialize)]
struct Options<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upsert: Option<bool>,
}

#[derive(Deserialize)]
struct Answer<T> {
    #[serde(rename = "affectedDocs", default)]
    affected: u64,
    result: T,
}

/// A page of a collection.
pub struct Page {
    /// Documents in BSON, one after another.
    pub documents: Bytes,
    /// What to ask the next page with; none on the last.
    pub next: Option<String>,
}

impl<C: Calls> Database<C> {
    /// The database of a space.
    pub fn new(calls: C, space: impl Into<String>) -> Self {
        Self { calls, space: space.into() }
    }

    async fn once(&self, params: &Params<'_>, body: Option<Bytes>, patience: Duration) -> Result<Reply> {
        let mut call = Call::json(&*self.space, EXECUTE, params)?;
        call.caller = Caller::of(CallerKind::System);
        call.body = body.map(Body::full);
        call.deadline = Instant::now() + patience;
        self.calls.make(call).await
    }

    /// Makes a call that changes nothing, again when that may help.
    async fn read(&self, params: &Params<'_>) -> Result<Reply> {
        let mut tries = 1;
        loop {
            match self.once(params, None, PATIENCE).await {
                Err(error) if error.is_retryable() && tries < TRIES => {
                    tokio::time::sleep(Duration::from_millis(100 << tries)).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// The names of the collections.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn collections(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Listed {
            name: String,
        }
        let listed = self.read(&Params { command: LIST_COLLECTIONS, ..Params::default() }).await?;
        Ok(answer::<Vec<Listed>>(&listed)?.result.into_iter().map(|listed| listed.name).collect())
    }

    /// Makes a collection.
    ///
    /// # Errors
    /// `NamespaceExists`, `InvalidParams.Format` for a name that cannot be, or what the database answers.
    pub async fn create(&self, collection: &str) -> Result<()> {
        self.once(&Params { command: CREATE, collection: Some(collection), ..Params::default() }, None, PATIENCE).await.map(drop)
    }

    /// Removes a collection.
    ///
    /// # Errors
    /// `NamespaceNotFound`, or what the database answers.
    pub async fn drop_collection(&self, collection: &str) -> Result<()> {
        self.once(&Params { command: DROP, collection: Some(collection), ..Params::default() }, None, PATIENCE).await.map(drop)
    }

    /// Removes a collection that may not be there.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove(&self, collection: &str) -> Result<()> {
        match self.drop_collection(collection).await {
            Err(error) if error.code() == NAMESPACE_NOT_FOUND => Ok(()),
            done => done,
        }
    }

    /// Renames a collection.
    ///
    /// # Errors
    /// `NamespaceNotFound`, `NamespaceExists`, or what the database answers.
    pub async fn rename(&self, collection: &str, to: &str) -> Result<()> {
        let params = Params { command: RENAME_COLLECTION, collection: Some(collection), to: Some(to), ..Params::default() };
        self.once(&params, None, PATIENCE).await.map(drop)
    }

    /// The indexes of a collection, as they can be made again: the order of fields in a key counts,
    /// so they stay texts.
    ///
    /// # Errors
    /// `NamespaceNotFound`, or what the database answers.
    pub async fn indexes(&self, collection: &str) -> Result<Vec<Box<RawValue>>> {
        let listed = self.read(&Params { command: LIST_INDEXES, collection: Some(collection), ..Params::default() }).await?;
        Ok(answer(&listed)?.result)
    }

    /// Makes indexes.
    ///
    /// # Errors
    /// `DuplicateKey`, or what the database answers.
    pub async fn create_indexes(&self, collection: &str, indexes: &[Box<RawValue>]) -> Result<()> {
        let params = Params { command: CREATE_INDEXES, collection: Some(collection), indexes: Some(indexes), ..Params::default() };
        self.once(&params, None, INDEX_PATIENCE).await.map(drop)
    }

    /// How many documents a collection has.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn count(&self, collection: &str) -> Result<u64> {
        let all: Box<RawValue> = RawValue::from_string("{}".to_owned()).map_err(Error::internal)?;
        let params = Params { command: "count", collection: Some(collection), query: Some(&all), ..Params::default() };
        Ok(answer(&self.read(&params).await?)?.result)
    }

    /// A page of a collection.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn dump(&self, collection: &str, after: Option<&str>) -> Result<Page> {
        let options = Options { after, ..Options::default() };
        let reply = self.read(&Params { command: DUMP, collection: Some(collection), options, ..Params::default() }).await?;
        let next = answer::<Dumped>(&reply)?.result.next;
        let documents = match reply.body {
            Some(body) => body.collect(MAX_PAGE).await?,
            None => Bytes::new(),
        };
        Ok(Page { documents, next })
    }

    /// Inserts documents in BSON; says how many were, and why others were not.
    ///
    /// # Errors
    /// What the database answers that is not about one document.
    pub async fn load(&self, collection: &str, documents: Bytes, ordered: bool) -> Result<(u64, Loaded)> {
        let options = Options { ordered: Some(ordered), ..Options::default() };
        let params = Params { command: LOAD, collection: Some(collection), options, ..Params::default() };
        let reply = self.once(&params, Some(documents), PATIENCE).await?;
        let Answer { affected, result } = answer(&reply)?;
        Ok((affected, result))
    }

    /// Replaces the document that a filter matches, or inserts it when there is none; says whether
    /// it was inserted.
    ///
    /// # Errors
    /// `DuplicateKey`, or what the database answers.
    pub async fn upsert(&self, collection: &str, filter: &RawValue, doc: &RawValue) -> Result<bool> {
        #[derive(Deserialize)]
        struct Replaced {
            #[serde(default)]
            upserted: Option<Box<RawValue>>,
        }
        let options = Options { upsert: Some(true), ..Options::default() };
        let params = Params {
            command: "replaceOne",
            collection: Some(collection),
            filter: Some(filter),
            doc: Some(doc),
            options,
            ..Params::default()
        };
        let mut tries = 1;
        loop {
            // Doing it twice makes no difference but for what is answered.
            match self.once(&params, None, PATIENCE).await {
                Err(error) if error.is_retryable() && tries < TRIES => {
                    tokio::time::sleep(Duration::from_millis(100 << tries)).await;
                    tries += 1;
                }
                done => return Ok(answer::<Replaced>(&done?)?.result.upserted.is_some()),
            }
        }
    }
}

fn answer<T: DeserializeOwned>(reply: &Reply) -> Result<Answer<T>> {
    reply.decode()
}

/// The lengths of documents in BSON, one after another.
///
/// # Errors
/// `InternalError` when the bytes are something else.
pub fn lengths(documents: &[u8]) -> Result<Vec<usize>> {
    let broken = || Error::internal("the dump of a collection is not BSON");
    let (mut lengths, mut rest) = (Vec::new(), documents);
    while !rest.is_empty() {
        let length = rest.first_chunk::<4>().and_then(|length| usize::try_from(i32::from_le_bytes(*length)).ok()).ok_or_else(broken)?;
        if length < 5 {
            return Err(broken());
        }
        rest = rest.get(length..).ok_or_else(broken)?;
        lengths.push(length);
    }
    Ok(lengths)
}
