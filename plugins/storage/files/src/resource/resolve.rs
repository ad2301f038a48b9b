//! `files.resolve`: which files a call would touch.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::files::{DELETE, INFO, REPORT, Resolution, Resolve, SIGN, Target};
use sdk_plugin::{Error, Result};
use serde::de::DeserializeOwned;

use super::{DeleteParams, InfoParams, ReportParams, SignParams};
use crate::name;
use crate::record::File;
use crate::service::Service;

fn decode<T: DeserializeOwned>(resolve: &Resolve) -> Result<T> {
    let params = if resolve.params.is_empty() { "{}" } else { &resolve.params };
    serde_json::from_str(params).map_err(|e| Error::invalid_params(format!("params of {}: {e}", resolve.method)))
}

fn target(file: File) -> Target {
    Target { id: file.id, path: file.path, owner: file.owner }
}

impl<C: Calls> Service<C> {
    /// The files that a call would touch, in the order in which it names them. A file that is yet
    /// to be made gets its path here.
    ///
    /// # Errors
    /// `ParamInvalid`, `InvalidParams.Format`, or what the database answers.
    pub async fn resolve(&self, space: &str, resolve: &Resolve) -> Result<Resolution> {
        let ids: Vec<String> = match resolve.method.as_str() {
            SIGN => {
                let path = decode::<SignParams>(resolve)?.path()?;
                let id = name::id(space, &path);
                let owner = self.library.get(space, &id).await?.map_or_else(|| resolve.user.clone(), |file| file.owner);
                return Ok(Resolution { targets: vec![Target { id, path, owner }] });
            }
            // One file, as `report` takes it.
            REPORT => self.id(space, &decode::<ReportParams>(resolve)?.named()).into_iter().collect(),
            INFO => self.ids(space, &decode::<InfoParams>(resolve)?.named()?),
            DELETE => self.ids(space, &decode::<DeleteParams>(resolve)?.named()?),
            other => return Err(Error::invalid_params(format!("{other} names no files"))),
        };
        let mut files = self.library.get_all(space, &ids).await?;
        files.sort_by_key(|file| ids.iter().position(|id| *id == file.id));
        Ok(Resolution { targets: files.into_iter().map(target).collect() })
    }
}
