//! The management actions on files and on their domain.

mod cdn;
mod list;
mod upload;

use sdk_plugin::contract::management::MISSING_PARAMETER;
use sdk_plugin::{Error, Result};
use serde::Deserialize;

pub use cdn::SaveRulesParams;
pub use list::ListParams;
pub use upload::SignedUrlParams;

/// The parameters of actions that name a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FileParams {
    /// An id, or a URL.
    #[serde(default)]
    id: String,
}

/// The parameters of actions that name nothing.
#[derive(Debug, Deserialize)]
pub struct NoParams {}

fn required<'a>(name: &str, value: &'a str) -> Result<&'a str> {
    if value.is_empty() { Err(Error::new(MISSING_PARAMETER, format!("the parameter {name} is missing"))) } else { Ok(value) }
}
