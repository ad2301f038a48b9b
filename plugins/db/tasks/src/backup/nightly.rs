//! The nightly backup of every space.
//!
//! A record in the system space says which night is done and which node works on the next, so that
//! nodes which share a database and a storage make each backup once. A backup that was missed is
//! made as soon as a server runs again. After a failure it is tried again a quarter of an hour
//! later, for the spaces that have none yet.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, Result};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::calendar::now;
use crate::record::{Status, Work};
use crate::service::Service;

use super::{begun, id};

/// The name of the schedule.
pub const SCHEDULE: &str = "nightly backup";
/// Every minute the clock is looked at: time zones have their hours at different minutes of UTC.
pub const CRON: &str = "0 * * * * *";

/// How long a node has the night for itself unless it says so again, in milliseconds.
const LEASE: u64 = 60_000;
const RENEW: Duration = Duration::from_secs(15);
/// How long after a failure the night is tried again, in milliseconds.
const AGAIN: u64 = 15 * 60_000;
const DAY: u64 = 24 * 3600 * 1000;
const NIGHT: &str = "nightly";

#[derive(Deserialize)]
struct Night {
    /// The time that the last complete backup was due at, in milliseconds since 1970.
    done: u64,
    /// Until when it is somebody's.
    until: u64,
}

impl<C: Calls> Service<C> {
    /// Makes the nightly backups in the background, if they are due.
    pub fn look_at_the_clock(self: &Arc<Self>) {
        if self.nightly.is_none() || self.stopping.is_cancelled() || self.at_night.try_lock().is_err() {
            return;
        }
        let service = self.clone();
        self.tracker.spawn(async move {
            let Ok(_one_at_a_time) = service.at_night.try_lock() else { return };
            if let Err(error) = service.make_nightly(now()).await {
                tracing::error!(?error, "the nightly backup could not be made; it is tried again");
            }
        });
    }

    /// Makes the nightly backups if they are due and no other node makes them.
    ///
    /// # Errors
    /// What the database or the storage answers.
    pub async fn make_nightly(&self, now: u64) -> Result<()> {
        let Some(nightly) = self.nightly else { return Ok(()) };
        let due = nightly.last_due(now);
        let nights = Collection::new(self.calls.clone(), SYSTEM_SPACE, "db_schedules");
        let Some(night) = nights.get::<Night>(NIGHT).await? else {
            // Nothing was missed before the first start.
            return nights.insert(json!({"_id": NIGHT, "done": due, "owner": "", "until": 0})).await.map(drop);
        };
        if night.done >= due || night.until > now {
            return Ok(());
        }
        let owner = Uuid::new_v4().to_string();
        let free = json!({"_id": NIGHT, "done": night.done, "until": night.until});
        if nights.update(free, json!({"$set": {"owner": owner, "until": now + LEASE}})).await? == 0 {
            return Ok(());
        }
        tracing::info!(due, "the nightly backup begins");
        let made = tokio::select! {
            made = self.every_space(due) => made,
            () = renew(&nights, &owner) => {
                tracing::warn!("the nightly backup goes on on another node");
                return Ok(());
            }
        };
        let set = match &made {
            Ok(true) => json!({"done": due, "until": 0}),
            _ => json!({"until": crate::calendar::now() + AGAIN}),
        };
        nights.update(json!({"_id": NIGHT, "owner": owner}), json!({"$set": set})).await?;
        made.map(drop)
    }

    /// Backs up every space that has no backup since `due`; says whether all have one now.
    async fn every_space(&self, due: u64) -> Result<bool> {
        #[derive(Deserialize)]
        struct Spaces {
            spaces: Vec<String>,
        }
        let (mut all, mut after) = (true, String::new());
        loop {
            let reply = self.calls.make(Call::json("", "core.spaces", &json!({"after": after}))?).await?;
            let Spaces { spaces } = reply.decode()?;
            let Some(last) = spaces.last() else { return Ok(all) };
            after = last.clone();
            for space in &spaces {
                if self.stopping.is_cancelled() {
                    return Ok(false);
                }
                if let Err(error) = self.one_space(space, due).await {
                    tracing::error!(space, ?error, "a space could not be backed up");
                    all = false;
                }
            }
        }
    }

    async fn one_space(&self, space: &str, due: u64) -> Result<()> {
        let newest = self.backups(space).list().await?.first().and_then(|id| begun(id));
        if newest.is_none_or(|newest| newest < due) {
            let mut task = self.tasks.make(space, Work::Backup { backup_id: String::new() }, Status::Waiting);
            task.work = Work::Backup { backup_id: id(task.created, &task.id) };
            self.tasks.insert(&task).await?;
            if !self.run(task, None).await {
                return Err(sdk_plugin::Error::internal("the task failed"));
            }
        }
        self.prune(space, now()).await
    }

    /// Removes backups that are too old, and what backups left that were never completed.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn prune(&self, space: &str, now: u64) -> Result<()> {
        let backups = self.backups(space);
        let kept = self.config.keep_days.saturating_mul(DAY);
        let mut complete = HashSet::new();
        for id in backups.list().await? {
            if begun(&id).is_some_and(|begun| begun.saturating_add(kept) <= now) {
                backups.remove(&id).await?;
            } else {
                complete.insert(id);
            }
        }
        for id in backups.with_data().await? {
            if !complete.contains(&id) && !self.is_being_made(&id).await? {
                backups.remove_data(&id).await?;
            }
        }
        Ok(())
    }

    async fn is_being_made(&self, id: &str) -> Result<bool> {
        let Some((_, task)) = id.split_once('_') else { return Ok(false) };
        let task = self.tasks.find(task).await?;
        Ok(task.is_some_and(|task| matches!(task.status, Status::Waiting | Status::Running)))
    }
}

/// Keeps the night for its owner; ends when it has lost it.
async fn renew<C: Calls>(nights: &Collection<C>, owner: &str) {
    loop {
        tokio::time::sleep(RENEW).await;
        let set = json!({"$set": {"until": now() + LEASE}});
        match nights.update(json!({"_id": NIGHT, "owner": owner}), set).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => tracing::warn!(?error, "the nightly backup could not be kept for this node"),
        }
    }
}
