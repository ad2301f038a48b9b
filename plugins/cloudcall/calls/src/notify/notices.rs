//! What functions are to be told of orders. It is stored until they have been told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::book::{AT_ONCE, Entry, NEVER, due, subject_name};
use crate::clock::{Clock, DAY, HOUR, SECOND};
use seal::Seal;

/// The method that calls functions.
pub const RUN: &str = "serverless.function.runtime.invoke";
/// How long a function may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long whoever calls it may be silent. Longer than the function may take.
const LEASE: u64 = 90 * SECOND;
/// How often a function is called before nobody calls it any more: for two days.
const ATTEMPTS: u32 = 60;
/// How long a notification is remembered, so that it is not told twice. Platforms repeat one for a
/// day and an hour at most.
const REMEMBERED: u64 = 30 * DAY;
/// How many functions are called at once.
const CALLS: usize = 16;

/// A notice as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(rename = "_id")]
    id: String,
    space: String,
    /// The function; empty for the one that is bound.
    function: String,
    /// The sealed arguments; empty when they are not needed any more.
    told: String,
    tries: u32,
    created: u64,
    next: u64,
    until: u64,
    holder: String,
}

#[derive(Deserialize)]
struct Bound {
    function: String,
}

/// The notices of all spaces.
pub struct Notices<C> {
    calls: C,
    records: Collection<C>,
    settings: Collection<C>,
    clock: Clock,
    seal: Arc<Seal>,
}

impl<C: Calls> Notices<C> {
    /// The notices.
    pub fn new(calls: C, clock: Clock, seal: Arc<Seal>) -> Self {
        let records = |name| Collection::new(calls.clone(), SYSTEM_SPACE, name);
        Self { records: records("cloudcallNotices"), settings: records("cloudcallSettings"), calls, clock, seal }
    }

    /// Prepares the database for many notices.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn prepare(&self) -> Result<()> {
        self.records.index("next").await?;
        self.records.index("space").await
    }

    /// Stores what is to be told of an entry. The same news is stored once, however it was learned
    /// and how often. `fields` are the platform's own.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn add(&self, entry: &Entry, fields: Map<String, Value>) -> Result<()> {
        let name = &format!("{}/{:?}/{}", entry.id, entry.state, entry.refunded);
        let told = json!({
            "id": name,
            "event": "cloudcall.notify",
            "platform": entry.platform,
            "appId": entry.app,
            "subject": subject_name(entry.subject),
            "number": entry.number,
            "orderNumber": entry.order,
            "platformNumber": entry.their_number,
            "state": entry.state,
            "amount": entry.amount,
            "refunded": entry.refunded,
            "userId": entry.owner,
            "platformUserId": entry.user,
            "fields": fields,
        });
        let now = self.clock.now();
        let record = Record {
            id: name.clone(),
            space: entry.space.clone(),
            function: entry.function.clone(),
            told: self.seal.close_json(name, &told)?,
            tries: 0,
            created: now,
            next: now,
            until: 0,
            holder: String::new(),
        };
        self.records.insert(serde_json::to_value(record).map_err(Error::internal)?).await.map(drop)
    }

    /// Binds a function of a space, or none.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn bind(&self, space: &str, function: &str) -> Result<()> {
        self.settings.upsert(json!({"_id": space}), json!({"$set": {"space": space, "function": function}})).await
    }

    /// The function that a space has bound; empty for none.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn bound(&self, space: &str) -> Result<String> {
        Ok(self.settings.get::<Bound>(space).await?.map(|bound| bound.function).unwrap_or_default())
    }

    /// Calls the functions of notices that are due; says whether there may be more of them.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn tell(&self) -> Result<bool> {
        let due = due(&self.records, self.clock.now()).await?;
        let full = due.len() as u64 == AT_ONCE;
        futures_util::stream::iter(due)
            .for_each_concurrent(CALLS, |id| async move {
                if let Err(error) = self.tell_one(&id).await {
                    tracing::warn!(notice = id, ?error, "a function could not be told of an order");
                }
            })
            .await;
        Ok(full)
    }

    async fn tell_one(&self, id: &str) -> Result<()> {
        let Some(record) = self.records.get::<Record>(id).await? else { return Ok(()) };
        let now = self.clock.now();
        let holder = Uuid::new_v4().to_string();
        let free = json!({"_id": id, "next": {"$lte": now}, "until": {"$lte": now}});
        let take = json!({"$set": {"holder": holder, "until": now + LEASE}, "$inc": {"tries": 1}});
        if self.records.update(free, take).await? == 0 {
            return Ok(());
        }
        let called = self.run(&record).await;
        let tries = record.tries + 1;
        let mut set = json!({"until": 0, "holder": "", "next": NEVER});
        match &called {
            Ok(()) => set["told"] = "".into(),
            Err(error) if tries < ATTEMPTS => {
                tracing::warn!(notice = record.id, tries, ?error, "a function failed to take a notice");
                set["next"] = (self.clock.now() + (SECOND << tries.min(20)).min(HOUR)).into();
            }
            Err(_) => tracing::error!(notice = record.id, "a notice is given up: its function always failed"),
        }
        self.records.update(json!({"_id": record.id, "holder": holder}), json!({"$set": set})).await.map(drop)
    }

    async fn run(&self, record: &Record) -> Result<()> {
        let bound;
        let function = if record.function.is_empty() {
            bound = self.bound(&record.space).await?;
            &bound
        } else {
            &record.function
        };
        if function.is_empty() {
            return Ok(());
        }
        let told: Value = self.seal.open_json(&record.id, &record.told)?;
        let mut call = Call::json(&*record.space, RUN, &json!({"functionTarget": function, "functionArgs": told}))?;
        call.deadline = Instant::now() + PATIENCE;
        self.calls.make(call).await.map(drop)
    }

    /// Forgets notices that are old enough.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_old(&self) -> Result<()> {
        let before = self.clock.now().saturating_sub(REMEMBERED);
        self.records.delete(json!({"next": NEVER, "created": {"$lt": before}})).await.map(drop)
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await?;
        self.settings.delete(json!({"_id": space})).await.map(drop)
    }
}
