//! Where tasks are recorded, so that they survive a restart, and who works on which.
//!
//! Whoever works on a task writes its record every few seconds. A task whose record was not written
//! for [`LAPSE`] has lost its owner: its node was killed, or cannot reach the database. Any node may
//! then take it over; the old owner learns of it when it writes the next time. Clocks of nodes must
//! agree to within a few seconds.

use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::calendar::now;
use crate::record::{Status, Task, Work};

/// The code for a task that does not exist: the vendor's.
pub const NOT_FOUND: &str = "TaskId.NotFound";
/// How long an owner may be silent, in milliseconds.
pub const LAPSE: u64 = 20_000;
/// How long a finished task and its files are kept, in milliseconds.
pub const KEPT: u64 = 24 * 3600 * 1000;
/// How many records are looked at in one go.
const AT_ONCE: u64 = 100;

/// The records of all tasks.
pub struct Tasks<C> {
    records: Collection<C>,
    owner: String,
}

impl<C: Calls> Tasks<C> {
    /// Records whose owner is a new one.
    pub fn new(calls: C) -> Self {
        Self { records: Collection::new(calls, SYSTEM_SPACE, "db_tasks"), owner: Uuid::new_v4().to_string() }
    }

    /// A task that this instance is going to work on.
    pub fn make(&self, space: &str, work: Work, status: Status) -> Task {
        let created = now();
        Task {
            id: Uuid::new_v4().to_string(),
            space_id: space.to_owned(),
            work,
            status,
            succeeded: 0,
            failed: 0,
            percent: None,
            message: String::new(),
            owner: if status == Status::New { String::new() } else { self.owner.clone() },
            created,
            modified: created,
        }
    }

    /// Records a task.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn insert(&self, task: &Task) -> Result<()> {
        self.records.insert(serde_json::to_value(task).map_err(Error::internal)?).await.map(drop)
    }

    /// A task, whosever it is.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn find(&self, id: &str) -> Result<Option<Task>> {
        self.records.get(id).await
    }

    /// A task of a space.
    ///
    /// # Errors
    /// `TaskId.NotFound`, or what the database answers.
    pub async fn get(&self, space: &str, id: &str) -> Result<Task> {
        let found = self.find(id).await?.filter(|task| task.space_id == space);
        found.ok_or_else(|| Error::new(NOT_FOUND, format!("the task `{id}` does not exist")))
    }

    /// Changes a task that is this instance's and has not ended; says whether it is.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn change(&self, id: &str, mut set: Value) -> Result<bool> {
        set["modified"] = now().into();
        let mine = json!({"_id": id, "owner": self.owner, "status": {"$in": [Status::Waiting, Status::Running]}});
        Ok(self.records.update(mine, json!({"$set": set})).await? > 0)
    }

    /// Takes an import whose file has arrived; false when it had one already.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn uploaded(&self, id: &str, file: &str) -> Result<bool> {
        let set = json!({"work.file": file, "status": Status::Waiting, "owner": self.owner, "modified": now()});
        Ok(self.records.update(json!({"_id": id, "status": Status::New}), json!({"$set": set})).await? > 0)
    }

    /// Ends an import whose file has not arrived in time.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn expire(&self, id: &str, message: &str) -> Result<()> {
        let set = json!({"status": Status::Failed, "message": message, "modified": now()});
        self.records.update(json!({"_id": id, "status": Status::New}), json!({"$set": set})).await.map(drop)
    }

    /// Takes over a task from an owner that is silent; false when another node was faster.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn take_over(&self, task: &Task) -> Result<bool> {
        let seen = json!({"_id": task.id, "owner": task.owner, "modified": task.modified, "status": task.status});
        let set = json!({"owner": self.owner, "modified": now(), "status": Status::Running});
        Ok(self.records.update(seen, json!({"$set": set})).await? > 0)
    }

    /// Tasks whose owner has been silent for too long.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn lapsed(&self) -> Result<Vec<Task>> {
        let query = json!({"status": {"$in": [Status::Waiting, Status::Running]}, "modified": {"$lt": now().saturating_sub(LAPSE)}});
        self.records.find(query, json!({"limit": AT_ONCE})).await
    }

    /// Imports that have waited for a file since before a time.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn without_file(&self, before: u64) -> Result<Vec<Task>> {
        self.records.find(json!({"status": Status::New, "created": {"$lt": before}}), json!({"limit": AT_ONCE})).await
    }

    /// Tasks that ended before a time.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn ended(&self, before: u64) -> Result<Vec<Task>> {
        let query = json!({"status": {"$in": [Status::Success, Status::Failed]}, "modified": {"$lt": before}});
        self.records.find(query, json!({"limit": AT_ONCE})).await
    }

    /// Forgets a task.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget(&self, id: &str) -> Result<()> {
        self.records.delete(json!({"_id": id})).await.map(drop)
    }

    /// Forgets the tasks of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"spaceId": space})).await.map(drop)
    }
}
