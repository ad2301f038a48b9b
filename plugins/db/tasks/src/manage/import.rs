//! Imports.

use std::sync::Arc;

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TaskParams, as_management, described, required};
use crate::calendar::{now, seconds};
use crate::record::{FileType, Mode, Status, Work};
use crate::service::Service;
use crate::signature::{self, ACCESS_KEY, Named, UPLOAD_PATH};

/// The parameters of `CreateDBImportTask`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImportParams {
    #[serde(default)]
    collection: String,
    #[serde(default)]
    file_type: String,
    #[serde(default)]
    mode: String,
}

impl<C: Calls> Service<C> {
    /// `CreateDBImportTask`: a task that begins as soon as its file is uploaded, and what the
    /// upload needs.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `SERVER_BUSY`, or what the database answers.
    pub async fn create_import(self: &Arc<Self>, space: &str, params: ImportParams) -> Result<Value> {
        let collection = required("Collection", &params.collection)?.to_owned();
        let file_type = FileType::parse(required("FileType", &params.file_type)?)?;
        let mode = Mode::parse(&params.mode)?;
        // The collection need not exist, but its name must be possible.
        self.database(space).count(&collection).await.map_err(|error| as_management(error, &collection))?;
        self.place(space)?;
        let task = self.tasks.make(space, Work::Import { collection, file_type, mode, file: String::new() }, Status::New);
        let named = Named { space: space.to_owned(), task: task.id.clone() };
        let form = signature::form(&self.secret, &named, file_type, self.config.max_import_bytes, now())?;
        let host = format!("{}{UPLOAD_PATH}", self.endpoint().await?);
        self.tasks.insert(&task).await?;
        Ok(json!({
            "TaskId": task.id,
            "Host": host,
            "FileKey": form.key,
            "Policy": form.policy,
            "Signature": form.signature,
            "AccessKeyId": ACCESS_KEY,
            "ExpireTime": seconds(form.expires),
        }))
    }

    /// `QueryDBImportTaskStatus`.
    ///
    /// # Errors
    /// `TaskId.NotFound`, or what the database answers.
    pub async fn query_import(&self, space: &str, params: TaskParams) -> Result<Value> {
        let task = self.task(space, &params, |work| matches!(work, Work::Import { .. })).await?;
        let mut reply = described(&task);
        reply["SuccessCount"] = task.succeeded.to_string().into();
        reply["FailedCount"] = task.failed.to_string().into();
        Ok(reply)
    }
}
