//! Backups.

use std::sync::Arc;

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TaskParams, described, required};
use crate::backup;
use crate::calendar::seconds;
use crate::record::{Status, Task, Work};
use crate::service::Service;
use crate::tasks;

/// The parameters of `QueryDBBackupCollections`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BackupParams {
    #[serde(default)]
    backup_id: String,
}

impl<C: Calls> Service<C> {
    /// A task of a kind.
    ///
    /// # Errors
    /// `MissingParameter`, `TaskId.NotFound`, or what the database answers.
    pub(super) async fn task(&self, space: &str, params: &TaskParams, kind: impl Fn(&Work) -> bool) -> Result<Task> {
        let id = required("TaskId", &params.task_id)?;
        let task = self.tasks.get(space, id).await?;
        if kind(&task.work) {
            return Ok(task);
        }
        Err(sdk_plugin::Error::new(tasks::NOT_FOUND, format!("the task `{id}` is of another kind")))
    }

    /// `CreateDBBackupTask`: a backup beside the nightly ones.
    ///
    /// # Errors
    /// `SERVER_BUSY`, or what the database answers.
    pub async fn create_backup(self: &Arc<Self>, space: &str) -> Result<Value> {
        let place = self.place(space)?;
        let mut task = self.tasks.make(space, Work::Backup { backup_id: String::new() }, Status::Waiting);
        let backup_id = backup::id(task.created, &task.id);
        task.work = Work::Backup { backup_id: backup_id.clone() };
        self.tasks.insert(&task).await?;
        let id = task.id.clone();
        self.start(task, place);
        Ok(json!({"TaskId": id, "BackupId": backup_id}))
    }

    /// `QueryDBBackupTaskStatus`.
    ///
    /// # Errors
    /// `TaskId.NotFound`, or what the database answers.
    pub async fn query_backup(&self, space: &str, params: TaskParams) -> Result<Value> {
        let task = self.task(space, &params, |work| matches!(work, Work::Backup { .. })).await?;
        let mut reply = described(&task);
        reply["SuccessCount"] = task.succeeded.into();
        Ok(reply)
    }

    /// `QueryDBBackupDumpTimes`: when the backups that are complete began.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn list_backups(&self, space: &str) -> Result<Value> {
        let ids = self.backups(space).list().await?;
        let times = ids.iter().filter_map(|id| Some(json!({"BackupId": id, "DumpTime": seconds(backup::begun(id)?)})));
        Ok(json!({"BackupDumpTimes": times.collect::<Vec<_>>()}))
    }

    /// `QueryDBBackupCollections`.
    ///
    /// # Errors
    /// `InvalidBackup.NotFound`, or what the storage answers.
    pub async fn list_backup_collections(&self, space: &str, params: BackupParams) -> Result<Value> {
        let manifest = self.backups(space).manifest(required("BackupId", &params.backup_id)?).await?;
        let names: Vec<String> = manifest.collections.into_iter().map(|saved| saved.name).collect();
        Ok(json!({"Collections": names}))
    }
}
