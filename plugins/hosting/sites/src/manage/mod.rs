//! The management actions: what an operator does with a space's site.
//!
//! | action | parameters | reply |
//! | --- | --- | --- |
//! | `OpenWebHostingService` | | `Data`: true |
//! | `GetWebHostingStatus` | | `Status`: `Opened` or `NotOpened` |
//! | `GetWebHostingConfig` | | `IndexPath`, `ErrorPath`, `ErrorHttpStatus`, `AllowedIps`, `DefaultDomain` |
//! | `ModifyWebHostingConfig` | those that change | `Data`: true |
//! | `GetWebHostingUploadCredential` | `FilePath` | what a form needs |
//! | `ListWebHostingFiles` | `Prefix`, `Marker`, `PageSize` | `WebHostingFiles`, `Count`, `NextMarker` |
//! | `DescribeWebHostingFile` | `FilePath` | `Exists`, and what is known of the file |
//! | `DeleteWebHostingFile` | `FilePath` | `Data`: true |
//! | `BatchDeleteWebHostingFiles` | `FilePaths` | `Data`: true |
//! | `RefreshWebHostingCustomDomainCache` | `DomainName` | |
//!
//! A path that ends in a slash names a folder; deleting it deletes all that is below it. Deleting
//! what is not there succeeds.
//!
//! Ours: `CreateWebHostingDeployment` (→ `DeploymentId`, `ListUrl`, `ExpiredTime`),
//! `CommitWebHostingDeployment` (`DeploymentId`), `ListWebHostingReleases`, and `RollbackWebHosting`
//! (`Release`, a number).

mod deployments;
mod files;
mod settings;

pub use deployments::{DeploymentParams, RollbackParams};
pub use files::{FileParams, FilesParams, ListParams};
pub use settings::{RefreshParams, SettingsParams};

use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::{Error, Result};
use serde::Deserialize;

/// The parameters of actions that take none.
#[derive(Debug, Deserialize)]
pub struct NoParams {}

fn required<'a>(name: &str, value: &'a str) -> Result<&'a str> {
    if value.is_empty() { Err(Error::new(MISSING_PARAMETER, format!("the parameter {name} is missing"))) } else { Ok(value) }
}

fn invalid(name: &str, why: &str) -> Error {
    Error::new(INVALID_PARAMETER, format!("the parameter {name}: {why}"))
}
