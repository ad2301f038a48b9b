//! Uploads by address, and the end of files.

use std::sync::Arc;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::management::{self, INVALID_PARAMETER};
use sdk_plugin::{Call, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FileParams, required};
use crate::code::FILE_NOT_FOUND;
use crate::name;
use crate::resource::Wanted;
use crate::service::{PREFIX, Service};

/// How many files may be deleted at once.
const MAX_IDS: usize = 1000;

/// The parameters of `DescribeFileUploadSignedUrl`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SignedUrlParams {
    #[serde(default)]
    content_type: String,
    /// The path, where it is not the file's name.
    #[serde(default)]
    file_id: String,
    #[serde(default)]
    filename: String,
    #[serde(default, deserialize_with = "management::optional")]
    size: Option<u64>,
}

fn no_file(named: &str) -> Error {
    Error::new(FILE_NOT_FOUND, format!("the file `{named}` does not exist"))
}

/// A wrong parameter in the words of this API.
fn as_management(error: Error) -> Error {
    match error.code() {
        codes::PARAM_INVALID => Error::new(INVALID_PARAMETER, error.message().to_owned()).with_source(error),
        _ => error,
    }
}

impl<C: Calls> Service<C> {
    /// `DescribeFileUploadSignedUrl`: an address for one `PUT`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `EntityTooLarge`, `QuotaExceeded`, or what the
    /// database answers.
    pub async fn describe_upload_url(&self, call: &Call, params: SignedUrlParams) -> Result<Value> {
        let named = if params.file_id.is_empty() { &params.filename } else { &params.file_id };
        let path = required("Filename", named)?;
        name::check(path).map_err(as_management)?;
        let wanted =
            Wanted { filename: &params.filename, size: params.size, private: None, replaces: None, content_type: &params.content_type };
        let grant = self.grant(call, path, &wanted).await.map_err(as_management)?;
        let id = name::id(&call.space, path);
        let there = self.library.get(&call.space, &id).await?;
        if let Some(file) = &there {
            self.library.change(file, json!({"expects": grant.upload})).await?;
        }
        let (endpoint, query) = (self.endpoint().await?, grant.query(&self.secret)?);
        Ok(json!({
            "Id": id,
            "OssCallbackUrl": "",
            "Overwrite": there.is_some(),
            "SignUrl": format!("{endpoint}{PREFIX}{}/{}?{query}", call.space, name::escape_to_ascii(path)),
        }))
    }

    /// `RegisterFile`: says whether an upload has arrived.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidFile.NotFound`, or what the database answers.
    pub async fn register_file(&self, space: &str, params: FileParams) -> Result<Value> {
        let named = required("Id", &params.id)?;
        self.arrived(space, named).await.map_err(|error| if error.code() == codes::PARAM_INVALID { no_file(named) } else { error })?;
        Ok(json!({}))
    }

    /// `DeleteFile`. A list of ids may have commas between them.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidFile.NotFound`, or what the database or the storage answers.
    pub async fn delete_file(self: &Arc<Self>, space: &str, params: FileParams) -> Result<Value> {
        let named = required("Id", &params.id)?;
        if named.split(',').filter(|id| !id.trim().is_empty()).count() > MAX_IDS {
            return Err(Error::new(INVALID_PARAMETER, format!("at most {MAX_IDS} files can be deleted at once")));
        }
        let files = self.library.get_all(space, &self.ids(space, named)).await?;
        if files.is_empty() {
            return Err(no_file(named));
        }
        for file in &files {
            self.remove(file).await?;
        }
        Ok(json!({}))
    }
}
