//! Files of a site, one by one.

use std::collections::{BTreeMap, HashSet};

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::management::{list, optional};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{invalid, required};
use crate::clock::now;
use crate::contents::etag;
use crate::manifest::File;
use crate::path::check;
use crate::serve::encoding::Encoding;
use crate::service::Service;
use crate::signature::{self, ACCESS_KEY, UPLOAD_PATH};
use crate::transfer::address;

/// The largest page, and that of who does not say.
const MAX_PAGE: usize = 1000;
const PAGE: usize = 100;
/// How many paths may be deleted at once.
const MAX_PATHS: usize = 1000;

/// The parameters of actions that name a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FileParams {
    #[serde(default)]
    file_path: String,
}

/// The parameters of `BatchDeleteWebHostingFiles`. The SDK sends `FilePaths.1`, `FilePaths.2` and so
/// on; one text with commas is taken as well.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FilesParams {
    #[serde(default, deserialize_with = "list")]
    file_paths: Vec<String>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl FilesParams {
    fn paths(&self) -> Vec<&str> {
        let numbered = self.others.iter().filter(|(name, _)| name.strip_prefix("FilePaths.").is_some_and(|n| n.parse::<u32>().is_ok()));
        let numbered = numbered.filter_map(|(_, path)| path.as_str()).filter(|path| !path.is_empty());
        self.file_paths.iter().map(String::as_str).chain(numbered).collect()
    }
}

/// The parameters of `ListWebHostingFiles`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListParams {
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    marker: String,
    #[serde(default, deserialize_with = "optional")]
    page_size: Option<usize>,
}

impl<C: Calls> Service<C> {
    fn described(&self, endpoint: &str, space: &str, file: &File) -> Result<Value> {
        let url = if file.is_folder() { String::new() } else { format!("{endpoint}{}", address(&self.secret, space, &file.path, now())?) };
        Ok(json!({
            "FilePath": file.path,
            "Size": file.size,
            "ContentType": file.content_type.to_str().unwrap_or_default(),
            "ETag": etag(&file.hash, Encoding::Identity).to_str().unwrap_or_default().trim_matches('"'),
            "LastModifiedTime": file.modified,
            "SignedUrl": url,
        }))
    }

    /// `GetWebHostingUploadCredential`: what a form needs to upload a file, or, with a path that
    /// ends in a slash, to make a folder. Valid for an hour.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidWebHosting.NotOpened`, or what the database answers.
    pub async fn upload_credential(&self, space: &str, params: FileParams) -> Result<Value> {
        let path = check(required("FilePath", &params.file_path)?)?;
        self.records.require(space).await?;
        let form = signature::form(&self.secret, space, path, self.config.quota_bytes, now())?;
        Ok(json!({"Data": {
            "AccessKeyId": ACCESS_KEY,
            "Endpoint": format!("{}{UPLOAD_PATH}", self.endpoint().await?.http),
            "ExpiredTime": form.expires,
            "FilePath": path,
            "Policy": form.policy,
            "SecurityToken": "",
            "Signature": form.signature,
        }}))
    }

    /// `DescribeWebHostingFile`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidWebHosting.NotOpened`, or what the database answers.
    pub async fn describe_file(&self, space: &str, params: FileParams) -> Result<Value> {
        let path = check(required("FilePath", &params.file_path)?)?;
        let site = self.records.require(space).await?;
        let manifest = self.manifest_of(&site).await?;
        let mut data = match manifest.get(path) {
            Some(file) => self.described(&self.endpoint().await?.http, space, file)?,
            None => json!({"FilePath": path}),
        };
        data["Exists"] = manifest.get(path).is_some().into();
        Ok(json!({"Data": data}))
    }

    /// `ListWebHostingFiles`, in the order of the paths' bytes.
    ///
    /// # Errors
    /// `InvalidParameter`, `InvalidWebHosting.NotOpened`, or what the database answers.
    pub async fn list_files(&self, space: &str, params: ListParams) -> Result<Value> {
        let size = params.page_size.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&size) {
            return Err(invalid("PageSize", &format!("it is {size}, and may be 1 to {MAX_PAGE}")));
        }
        let site = self.records.require(space).await?;
        let manifest = self.manifest_of(&site).await?;
        let endpoint = self.endpoint().await?.http;
        let prefix = params.prefix.strip_prefix('/').unwrap_or(&params.prefix);
        let after = Some(params.marker.as_str()).filter(|marker| !marker.is_empty());
        let mut found = manifest.after(prefix, after);
        let page: Vec<&File> = found.by_ref().take(size).collect();
        let next = if found.next().is_some() { page.last().map_or("", |last| &*last.path) } else { "" };
        let files = page.iter().map(|file| self.described(&endpoint, space, file)).collect::<Result<Vec<_>>>()?;
        Ok(json!({"Data": {"Count": files.len(), "NextMarker": next, "WebHostingFiles": files}}))
    }

    /// `DeleteWebHostingFile`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidWebHosting.NotOpened`, `Conflict`, or what
    /// database and storage answer.
    pub async fn delete_file(&self, space: &str, params: FileParams) -> Result<Value> {
        let path = required("FilePath", &params.file_path)?;
        self.delete_paths(space, &[path]).await
    }

    /// `BatchDeleteWebHostingFiles`: all of them at once.
    ///
    /// # Errors
    /// As [`delete_file`](Self::delete_file).
    pub async fn delete_files(&self, space: &str, params: FilesParams) -> Result<Value> {
        let paths = params.paths();
        required("FilePaths", paths.first().copied().unwrap_or_default())?;
        if paths.len() > MAX_PATHS {
            return Err(invalid("FilePaths", &format!("it has {} paths, and may have {MAX_PATHS}", paths.len())));
        }
        self.delete_paths(space, &paths).await
    }

    async fn delete_paths(&self, space: &str, paths: &[&str]) -> Result<Value> {
        let checked = paths.iter().map(|path| check(path)).collect::<Result<HashSet<&str>>>()?;
        // A file goes by its own path, or by that of a folder above it.
        let is_gone = |path: &str| {
            checked.contains(path)
                || path.match_indices('/').any(|(end, _)| path.get(..=end).is_some_and(|folder| checked.contains(folder)))
        };
        self.change_files(space, |old| Ok(old.without(is_gone))).await?;
        Ok(json!({"Data": true}))
    }
}
