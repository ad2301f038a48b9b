//! The methods `serverless.file.resource.…` of the SDKs (wire protocol, section 7).

mod delete;
mod info;
mod put;
mod report;
mod resolve;
mod sign;

use sdk_plugin::contract::files::Target;
use sdk_plugin::{CallerKind, Error, Result, codes};
use serde::Deserialize;

pub use delete::DeleteParams;
pub use info::InfoParams;
pub use put::{PUT, PutParams};
pub use report::ReportParams;
pub use sign::{Proximal, SignParams, Wanted};

use crate::record::File;

/// What a call may touch: everything, or what the core has allowed.
#[derive(Clone, Copy, Debug)]
pub enum Allowed<'a> {
    /// The caller is not bound by rules.
    Everything,
    /// The files that the core has checked.
    Targets(&'a [Target]),
}

impl<'a> Allowed<'a> {
    /// What a caller may touch. Who is bound by rules and comes without the core's list has passed
    /// no check.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied`.
    pub fn of(kind: CallerKind, resolved: Option<&'a [Target]>) -> Result<Self> {
        match (kind, resolved) {
            (CallerKind::Client, Some(targets)) => Ok(Self::Targets(targets)),
            (CallerKind::Client, None) => Err(Error::new(codes::PERMISSION_DENIED, "no rule of the space allows this")),
            _ => Ok(Self::Everything),
        }
    }

    /// Whether a file is what was checked: the same, and of the same owner.
    pub fn covers(self, file: &File) -> bool {
        match self {
            Self::Everything => true,
            Self::Targets(targets) => {
                targets.iter().any(|target| target.id == file.id && target.path == file.path && target.owner == file.owner)
            }
        }
    }
}

/// Ids as callers give them: a text with commas, a list, or `{"fileUrl": …}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum Ids {
    Text(String),
    List(Vec<String>),
    #[serde(rename_all = "camelCase")]
    Url {
        file_url: String,
    },
    #[default]
    None,
}

impl Ids {
    /// One text with commas.
    pub fn joined(&self) -> String {
        match self {
            Self::Text(text) | Self::Url { file_url: text } => text.clone(),
            Self::List(list) => list.join(","),
            Self::None => String::new(),
        }
    }
}

/// The file that a caller named does not exist.
fn missing() -> Error {
    Error::new(codes::PARAM_INVALID, "there is no such file; was it uploaded?")
}
