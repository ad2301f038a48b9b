//! Exports.

use std::sync::Arc;

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TaskParams, as_management, described, required};
use crate::calendar::now;
use crate::export::fields;
use crate::record::{FileType, Status, Work};
use crate::service::Service;
use crate::signature::{self, Named};

/// The parameters of `CreateDBExportTask`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExportParams {
    #[serde(default)]
    collection: String,
    #[serde(default)]
    file_type: String,
    #[serde(default)]
    fields: String,
}

impl<C: Calls> Service<C> {
    /// `CreateDBExportTask`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidCollection.NotFound`, `SERVER_BUSY`, or what
    /// the database answers.
    pub async fn create_export(self: &Arc<Self>, space: &str, params: ExportParams) -> Result<Value> {
        let collection = required("Collection", &params.collection)?;
        let file_type = FileType::parse(required("FileType", &params.file_type)?)?;
        let fields = fields::parse(&params.fields, file_type)?;
        self.database(space).indexes(collection).await.map_err(|error| as_management(error, collection))?;
        let task = self.begin(space, Work::Export { collection: collection.to_owned(), file_type, fields }).await?;
        Ok(json!({"TaskId": task.id}))
    }

    /// `QueryDBExportTaskStatus`. The address is valid for an hour; each answer has a new one.
    ///
    /// # Errors
    /// `TaskId.NotFound`, or what the database answers.
    pub async fn query_export(&self, space: &str, params: TaskParams) -> Result<Value> {
        let task = self.task(space, &params, |work| matches!(work, Work::Export { .. })).await?;
        let mut reply = described(&task);
        reply["ExportedCount"] = task.succeeded.to_string().into();
        reply["DownloadUrl"] = match task.status {
            Status::Success => {
                let named = Named { space: space.to_owned(), task: task.id };
                format!("{}{}", self.endpoint().await?, signature::download(&self.secret, &named, now())?).into()
            }
            _ => "".into(),
        };
        Ok(reply)
    }
}
