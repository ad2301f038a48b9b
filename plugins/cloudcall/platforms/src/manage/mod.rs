//! The management actions: what an operator does with the apps of a space.
//!
//! Ours are for every platform whose plugin is installed:
//!
//! | action | parameters | reply |
//! | --- | --- | --- |
//! | `SavePlatformApp` | `Platform`, `AppId`, `Settings` (a JSON object of texts) | `App` |
//! | `DeletePlatformApp` | `Platform`, `AppId` | |
//! | `ListPlatformApps` | `Platform` (all by default), `AppId` (all by default) | `Apps` |
//! | `ListPlatforms` | | `Platforms`: `Platform`, `Adapters`, `Apis`, `Settings` (`Name`, `About`, `Secret`) |
//!
//! The vendor's, with the settings that their parameters stand for:
//!
//! | action | parameters | reply |
//! | --- | --- | --- |
//! | `SaveAntOpenPlatformConfig` | `AppId`, `PrivateKey`, `PublicKey`, `SignMode`, `AppCert`, `PublicCert`, `RootCert` | |
//! | `SaveAppAuthToken` | `AppId`, `IsvAppId`, `AppAuthToken` | |
//! | `SaveWechatOpenPlatformConfig` | `AppId`, `AppSecret` | |
//! | `AddDingtalkOpenPlatformConfig`, `Update…` | `AppId`, `AppSecret` | |
//! | `DeleteAntOpenPlatformConfig`, `DeleteWechat…`, `DeleteDingtalk…` | `AppId` | |
//! | `ListOpenPlatformConfig` | `Platform` | `SecretList` |
//! | `ListDingtalkOpenPlatformConfigs` | | `Configs` |
//! | `ListExtensions` | `PageNumber`, `PageSize` | `Extensions`, `TotalCount` |
//! | `EnableExtension` | `ExtensionId` | |
//! | `OpenService` | `ServiceName` | |
//! | `QueryServiceStatus` | `ServiceName` | `ServiceStatus` |
//!
//! What is saved is merged into what is there: absent settings stay, and empty text removes one.
//! Secrets are never shown: in their place stands a part of their SHA-256, and saving that leaves
//! them as they are.

mod apps;
mod console;
mod services;
#[cfg(test)]
mod tests;

pub use apps::{AppParams, NoParams, SaveParams};
pub use console::{AntParams, ListParams, SecretParams, TokenParams};
pub use services::{ExtensionParams, OPEN_SITE, PageParams, SITE_STATUS, ServiceParams};
