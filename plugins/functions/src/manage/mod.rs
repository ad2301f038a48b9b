//! The management actions: what an operator does with functions.

mod deployments;
mod functions;
mod run;

pub use deployments::{DeployParams, ListDeploymentParams};
pub use functions::{CreateParams, ListParams, NameParams, UpdateParams};
pub use run::RunParams;

use sdk_plugin::contract::management::MISSING_PARAMETER;
use sdk_plugin::{Error, Result};

/// The code for a function that does not exist.
pub const NOT_FOUND: &str = "InvalidFunction.NotFound";
/// The code for a function whose name is taken.
pub const EXISTS: &str = "InvalidFunction.AlreadyExists";
/// The code for a deployment that does not exist.
pub const DEPLOYMENT_NOT_FOUND: &str = "InvalidDeployment.NotFound";
/// The code for a deployment whose package has not been uploaded.
pub const NOT_UPLOADED: &str = "InvalidDeployment.NotUploaded";

fn required(name: &str, value: &str) -> Result<()> {
    if value.is_empty() { Err(Error::new(MISSING_PARAMETER, format!("the parameter {name} is missing"))) } else { Ok(()) }
}

fn not_found(name: &str) -> Error {
    Error::new(NOT_FOUND, format!("the function `{name}` does not exist"))
}
