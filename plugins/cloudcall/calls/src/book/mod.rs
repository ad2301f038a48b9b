//! The order book: what was asked of platforms, and what is known to have become of it.
//!
//! An entry is written before the platform is asked and again when it has answered. Whoever asks
//! holds the entry's lease meanwhile, so that no two ask at once; a lease ends by itself, so that
//! a crash leaves nothing locked, and an entry that is open then tells that something was asked
//! whose outcome has to be found out.

mod entry;

use std::sync::Arc;

use sdk_plugin::contract::cloudcall::Answer;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub use entry::{Entry, Key, NEVER, subject_name};

use crate::clock::{Clock, MINUTE};
use seal::Seal;

/// How long whoever works on an entry may take, in milliseconds. Then it is taken for dead. Clocks
/// of nodes must agree to within seconds. Longer than any call of an adapter may last.
pub const LEASE: u64 = MINUTE;
/// How many are found at once.
pub const AT_ONCE: u64 = 100;
/// How often a write is tried when others write at the same time.
const ATTEMPTS: usize = 32;
/// The collection.
const RECORDS: &str = "cloudcallOrders";

/// What the platform was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The arguments.
    pub arguments: Map<String, Value>,
    /// The merchant's authorization.
    pub app_auth_token: String,
    /// Where the platform tells what becomes of it.
    pub notify_url: String,
}

/// The right to work on an entry, until [`LEASE`] has passed.
#[derive(Clone, Debug)]
pub struct Lease {
    holder: String,
    fence: u64,
}

impl Lease {
    fn holds(&self, entry: &Entry) -> bool {
        entry.fence == self.fence && entry.holder == self.holder
    }
}

/// The ids of records that are due and that nobody works on, the longest due first, [`AT_ONCE`] at
/// most.
///
/// # Errors
/// What the database answers.
pub async fn due<C: Calls>(records: &Collection<C>, now: u64) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Due {
        #[serde(rename = "_id")]
        id: String,
    }
    let query = json!({"next": {"$lte": now}, "until": {"$lte": now}});
    let options = json!({"sort": {"next": 1}, "limit": AT_ONCE, "projection": {"_id": 1}});
    let due: Vec<Due> = records.find(query, options).await?;
    Ok(due.into_iter().map(|record| record.id).collect())
}

/// The order book of all spaces.
pub struct Book<C> {
    records: Collection<C>,
    /// The time.
    pub clock: Clock,
    /// What seals questions and answers.
    pub seal: Arc<Seal>,
}

impl<C: Calls> Book<C> {
    /// The book.
    pub fn new(calls: C, clock: Clock, seal: Arc<Seal>) -> Self {
        Self { records: Collection::new(calls, SYSTEM_SPACE, RECORDS), clock, seal }
    }

    /// Prepares the database for many entries: they are looked for by when they are due, and listed
    /// by space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn prepare(&self) -> Result<()> {
        self.records.index("next").await?;
        self.records.index("space").await
    }

    /// An entry.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get(&self, id: &str) -> Result<Option<Entry>> {
        self.records.get(id).await
    }

    /// Entries of a space that a filter matches, the newest first.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn list(&self, space: &str, mut filter: Value, limit: u64) -> Result<Vec<Entry>> {
        filter["space"] = space.into();
        let unseen = json!({"question": 0, "answer": 0});
        self.records.find(filter, json!({"sort": {"created": -1}, "limit": limit, "projection": unseen})).await
    }

    /// The ids of entries that are due, the longest first, [`AT_ONCE`] at most.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn due(&self) -> Result<Vec<String>> {
        due(&self.records, self.clock.now()).await
    }

    /// Makes an entry, unless there is one.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn make(&self, entry: &Entry) -> Result<bool> {
        self.records.insert(serde_json::to_value(entry).map_err(Error::internal)?).await
    }

    /// Takes the right to work on an entry; none when another has it. Whoever takes it writes in
    /// the same step what it is about to do.
    ///
    /// # Errors
    /// What `begin` answers, and then nothing is taken, or the database.
    pub async fn take(&self, id: &str, begin: impl Fn(&mut Entry) -> Result<()>) -> Result<Option<(Lease, Entry)>> {
        let now = self.clock.now();
        let holder = Uuid::new_v4().to_string();
        let taken = self
            .write(id, |entry| {
                if entry.until > now {
                    return Ok(false);
                }
                begin(entry)?;
                entry.holder.clone_from(&holder);
                entry.fence += 1;
                entry.until = now + LEASE;
                Ok(true)
            })
            .await?;
        Ok(taken.map(|entry| (Lease { holder, fence: entry.fence }, entry)))
    }

    /// Writes while the right to work on an entry is held, and keeps it; false when it was lost.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn hold(&self, id: &str, lease: &Lease, change: impl Fn(&mut Entry)) -> Result<bool> {
        let now = self.clock.now();
        let written = self.write(id, |entry| {
            let holds = lease.holds(entry);
            if holds {
                change(entry);
                entry.until = now + LEASE;
            }
            Ok(holds)
        });
        Ok(written.await?.is_some())
    }

    /// Gives the right up. `change` records what was learned, and is told whether the right was
    /// still held: what is known is known, but only who holds the right can say that nothing more
    /// is open.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn release(&self, id: &str, lease: &Lease, change: impl Fn(&mut Entry, bool)) -> Result<Option<Entry>> {
        self.change(id, |entry| {
            let holds = lease.holds(entry);
            change(entry, holds);
            if holds {
                entry.holder.clear();
                entry.until = 0;
            }
        })
        .await
    }

    /// Changes an entry whoever works on it; none when there is no such entry.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn change(&self, id: &str, change: impl Fn(&mut Entry)) -> Result<Option<Entry>> {
        self.write(id, |entry| {
            change(entry);
            Ok(true)
        })
        .await
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await.map(drop)
    }

    /// Reads, changes and writes; from the start when somebody else has written in between.
    async fn write(&self, id: &str, change: impl Fn(&mut Entry) -> Result<bool>) -> Result<Option<Entry>> {
        for _ in 0..ATTEMPTS {
            let Some(mut entry) = self.get(id).await? else { return Ok(None) };
            let version = entry.version;
            if !change(&mut entry)? {
                return Ok(None);
            }
            entry.version = version + 1;
            entry.modified = self.clock.now();
            let mut set = serde_json::to_value(&entry).map_err(Error::internal)?;
            if let Some(fields) = set.as_object_mut() {
                fields.remove("_id");
            }
            if self.records.update(json!({"_id": id, "version": version}), json!({"$set": set})).await? > 0 {
                return Ok(Some(entry));
            }
        }
        Err(Error::new(codes::UNAVAILABLE, "the order book is busy").retryable().with_context("entry", id))
    }

    /// What was asked.
    ///
    /// # Errors
    /// `InternalError` when it cannot be opened.
    pub fn question(&self, entry: &Entry) -> Result<Asked> {
        if entry.question.is_empty() { Ok(Asked::default()) } else { self.seal.open_json(&entry.id, &entry.question) }
    }

    /// What was answered; none when nothing was.
    ///
    /// # Errors
    /// `InternalError` when it cannot be opened.
    pub fn answer(&self, entry: &Entry) -> Result<Option<Answer>> {
        if entry.answer.is_empty() { Ok(None) } else { self.seal.open_json(&entry.id, &entry.answer).map(Some) }
    }
}
