//! The management actions: what an operator does with a space's collections.
//!
//! | action | parameters | reply |
//! | --- | --- | --- |
//! | `CreateDBExportTask` | `Collection`, `FileType` (`JSON`, `CSV`), `Fields` | `TaskId` |
//! | `QueryDBExportTaskStatus` | `TaskId` | `Status`, `ExportedCount`, `DownloadUrl`, `DetailMessage` |
//! | `CreateDBImportTask` | `Collection`, `FileType`, `Mode` (`INSERT`, `UPSERT`) | `TaskId`, and what the upload needs |
//! | `QueryDBImportTaskStatus` | `TaskId` | `Status`, `SuccessCount`, `FailedCount`, `DetailMessage` |
//! | `QueryDBBackupDumpTimes` | | `BackupDumpTimes`, newest first |
//! | `QueryDBBackupCollections` | `BackupId` | `Collections`: names |
//! | `CreateDBRestoreTask` | `BackupId`, `OriginCollections`, `NewCollections` | `TaskId` |
//! | `QueryDBRestoreTaskStatus` | `TaskId` | `Status`, `SuccessCount`, `FailedCount`, `DetailMessage` |
//! | `RenameDBCollection` | `OriginCollection`, `NewCollection` | |
//! | `DeleteDBCollection` | `Body`: `{"collection": NAME}`, or the name | |
//!
//! `CreateDBBackupTask` (→ `TaskId`, `BackupId`) and `QueryDBBackupTaskStatus` are ours: the vendor
//! makes backups at night only. Replies about a task have `Percent` too, where it is known.
//!
//! `Status` is `NEW` (an import without its file), `WAITING`, `RUNNING`, `SUCCESS` or `FAILED`.
//! `DetailMessage` says why a task failed, and begins with one of the codes of
//! [`code`](crate::code). Too many tasks are refused with `SERVER_BUSY` at once.

mod backups;
mod collections;
mod export;
mod import;
mod restore;

pub use backups::BackupParams;
pub use collections::{DeleteParams, RenameParams};
pub use export::ExportParams;
pub use import::ImportParams;
pub use restore::RestoreParams;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::operations::{NAMESPACE_EXISTS, NAMESPACE_NOT_FOUND};
use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::{Call, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::backup::manifest::COLLECTION_NOT_FOUND;
use crate::record::Task;
use crate::service::Service;

/// The code for a collection whose name is taken.
pub const COLLECTION_EXISTS: &str = "InvalidCollection.AlreadyExists";

/// The parameters of actions that name a task.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskParams {
    /// The task.
    #[serde(default)]
    task_id: String,
}

/// The parameters of actions that name nothing.
#[derive(Debug, Deserialize)]
pub struct NoParams {}

fn required<'a>(name: &str, value: &'a str) -> Result<&'a str> {
    if value.is_empty() { Err(Error::new(MISSING_PARAMETER, format!("the parameter {name} is missing"))) } else { Ok(value) }
}

fn no_collection(name: &str) -> Error {
    Error::new(COLLECTION_NOT_FOUND, format!("the collection `{name}` does not exist"))
}

fn collection_exists(name: &str) -> Error {
    Error::new(COLLECTION_EXISTS, format!("the collection `{name}` exists already"))
}

/// An error of the database in the words of this API.
fn as_management(error: Error, name: &str) -> Error {
    match error.code() {
        NAMESPACE_NOT_FOUND => no_collection(name).with_source(error),
        NAMESPACE_EXISTS => collection_exists(name).with_source(error),
        codes::INVALID_PARAMS => Error::new(INVALID_PARAMETER, error.message().to_owned()).with_source(error),
        _ => error,
    }
}

/// What every reply about a task has.
fn described(task: &Task) -> Value {
    let mut reply = json!({"Status": task.status.name(), "DetailMessage": task.message});
    if let Some(percent) = task.percent {
        reply["Percent"] = percent.into();
    }
    reply
}

impl<C: Calls> Service<C> {
    /// The URL that clients reach the server by, without a trailing slash.
    async fn endpoint(&self) -> Result<String> {
        #[derive(Deserialize)]
        struct Endpoint {
            http: String,
        }
        let reply = self.calls.make(Call::json("", "core.endpoint", &json!({}))?).await?;
        Ok(reply.decode::<Endpoint>()?.http.trim_end_matches('/').to_owned())
    }
}
