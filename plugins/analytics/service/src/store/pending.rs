//! Batches that were acknowledged and are not folded yet: a document each.

use std::ops::Range;
use std::time::{Duration, Instant};

use bson::doc;
use bytes::Bytes;
use sdk_plugin::contract::db::operations::{DUPLICATE_KEY_NUMBER, LOAD, Loaded, WriteError};
use sdk_plugin::contract::db::{Collection, EXECUTE};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Body, Call, Caller, CallerKind, Error, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::large;

const RECORDS: &str = "analyticsPending";
/// How long storing batches may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many documents are read, and how many ids. A document has at most some 90 KB, and the
/// database answers at most 64 MiB.
const PAGE: usize = 250;
const IDS: usize = 500;
/// How many batches the mean size of a batch is taken of.
const SAMPLE: usize = 200;

/// An event, as it is stored: start, time in front, and channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told(pub i64, pub u32, pub String);

/// A batch: what of it was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Batch {
    /// The application's key and the batch's id.
    #[serde(rename = "_id")]
    pub id: String,
    /// When it was received, in milliseconds since 1970.
    pub received: i64,
    /// The device, as the client names it.
    pub device: String,
    /// The platform.
    pub platform: String,
    /// The version of the client package.
    pub sdk: String,
    /// The events.
    #[serde(deserialize_with = "events")]
    pub events: Vec<Told>,
}

/// The `_id` of a batch.
pub fn id(app: &str, batch: &str) -> String {
    format!("{app}:{batch}")
}

fn all_of(app: &str) -> Range<String> {
    // `;` follows `:`.
    format!("{app}:")..format!("{app};")
}

impl Batch {
    /// Its document, in BSON.
    ///
    /// # Errors
    /// `InternalError`, never for what was checked.
    pub fn encode(&self, app: &str) -> Result<Vec<u8>> {
        let events = serde_json::to_string(&self.events).map_err(Error::internal)?;
        let count = i32::try_from(self.events.len()).map_err(Error::internal)?;
        let document = doc! {
            "_id": &self.id, "app": app, "received": self.received, "device": &self.device,
            "platform": &self.platform, "sdk": &self.sdk, "n": count, "events": events,
        };
        document.to_vec().map_err(Error::internal)
    }
}

/// Events are stored as one text.
fn events<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<Told>, D::Error> {
    serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// What names a batch, and how many events it has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Id {
    /// Its `_id`.
    #[serde(rename = "_id")]
    pub id: String,
    /// How many events it has.
    #[serde(default)]
    pub n: u64,
}

/// The batches of all applications.
#[derive(Clone, Debug)]
pub struct Pending<C> {
    calls: C,
    records: Collection<C>,
}

impl<C: Calls> Pending<C> {
    /// The batches behind these calls.
    pub fn new(calls: C) -> Self {
        Self { records: Collection::new(calls.clone(), SYSTEM_SPACE, RECORDS), calls }
    }

    /// Stores documents in BSON with one call. Says which were not stored, by their place and why;
    /// those that are there already are.
    ///
    /// # Errors
    /// What the database answers, as with all below; then any of them may be stored, or none.
    pub async fn store(&self, documents: Bytes) -> Result<Vec<WriteError>> {
        #[derive(Deserialize)]
        struct Answer {
            result: Loaded,
        }
        let params = json!({"command": LOAD, "collection": RECORDS, "options": {"ordered": false}});
        let mut call = Call::json(SYSTEM_SPACE, EXECUTE, &params)?;
        call.caller = Caller::of(CallerKind::System);
        call.body = Some(Body::full(documents));
        call.deadline = Instant::now() + PATIENCE;
        let answer: Answer = self.calls.make(call).await?.decode()?;
        Ok(answer.result.write_errors.into_iter().filter(|error| error.code != DUPLICATE_KEY_NUMBER).collect())
    }

    /// The first application after another that has batches.
    pub async fn next_app(&self, after: Option<&str>) -> Result<Option<String>> {
        let query = json!({"_id": {"$gt": after.map_or(String::new(), |after| all_of(after).end)}});
        let first: Vec<Id> = self.records.find(query, json!({"sort": {"_id": 1}, "limit": 1, "projection": {"_id": 1}})).await?;
        Ok(first.first().and_then(|first| first.id.split_once(':')).map(|(app, _)| app.to_owned()))
    }

    /// The ids of an application's batches that follow one, and whether these are the last.
    pub async fn ids(&self, app: &str, after: Option<&str>) -> Result<(Vec<Id>, bool)> {
        let ids = self.some(app, after, IDS, json!({"n": 1})).await?;
        let last = ids.len() < IDS;
        Ok((ids, last))
    }

    async fn some(&self, app: &str, after: Option<&str>, limit: usize, projection: Value) -> Result<Vec<Id>> {
        let Range { start, end } = all_of(app);
        let query = json!({"_id": {"$gt": after.unwrap_or(&start), "$lt": end}});
        self.records.find(query, json!({"sort": {"_id": 1}, "limit": limit, "projection": projection})).await
    }

    /// Those of the batches with these ids that are there.
    pub async fn fetch(&self, ids: &[String]) -> Result<Vec<Batch>> {
        let mut batches = Vec::with_capacity(ids.len());
        for ids in ids.chunks(PAGE) {
            let params = json!({"query": {"_id": {"$in": ids}}, "options": {"limit": PAGE}});
            let answer = large::execute::<_, Vec<Batch>>(&self.calls, RECORDS, "find", || Ok(params)).await?;
            batches.extend(answer.result.unwrap_or_default());
        }
        Ok(batches)
    }

    /// About how many events of an application wait.
    pub async fn events(&self, app: &str) -> Result<u64> {
        let Range { start, end } = all_of(app);
        let batches = self.records.count(json!({"_id": {"$gt": start, "$lt": end}})).await?;
        let sample = self.some(app, None, SAMPLE, json!({"n": 1})).await?;
        let sum: u64 = sample.iter().map(|id| id.n).sum();
        Ok(if batches <= sample.len() as u64 { sum } else { batches.saturating_mul(sum) / sample.len().max(1) as u64 })
    }

    /// Deletes batches.
    pub async fn delete(&self, ids: &[String]) -> Result<()> {
        for ids in ids.chunks(IDS) {
            self.records.delete(json!({"_id": {"$in": ids}})).await?;
        }
        Ok(())
    }

    /// Deletes all batches of an application.
    pub async fn clear(&self, app: &str) -> Result<()> {
        loop {
            let (ids, last) = self.ids(app, None).await?;
            let ids: Vec<String> = ids.into_iter().map(|id| id.id).collect();
            self.delete(&ids).await?;
            if last {
                return Ok(());
            }
        }
    }
}
