//! `report`: ends an upload.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::files::Target;
use sdk_plugin::{Call, CallerKind, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Allowed, Ids, missing};
use crate::media;
use crate::name;
use crate::record::File;
use crate::service::Service;

/// The params.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReportParams {
    id: Ids,
    content_type: Option<String>,
    resolved: Option<Vec<Target>>,
}

impl ReportParams {
    pub(super) fn named(&self) -> String {
        self.id.joined()
    }
}

impl<C: Calls> Service<C> {
    /// Says whether the upload that was signed last has arrived.
    ///
    /// # Errors
    /// `ParamInvalid` when it has not, or what the database answers.
    pub async fn report(&self, call: &Call, params: ReportParams) -> Result<Value> {
        let allowed = Allowed::of(call.caller.kind, params.resolved.as_deref())?;
        let file = self.arrived(&call.space, &params.named()).await?;
        if !allowed.covers(&file) {
            return Err(missing());
        }
        let declared = params.content_type.as_deref().unwrap_or_default();
        let chosen = media::choose(declared, &name::extension(&file.path), call.caller.kind != CallerKind::Client);
        // What came with the bytes themselves is more precise.
        if file.content_type == media::UNKNOWN && chosen != file.content_type {
            self.library.change(&file, json!({"contentType": chosen})).await?;
        }
        Ok(json!({"id": file.id, "size": file.size}))
    }

    /// A file whose last upload has arrived.
    ///
    /// # Errors
    /// `ParamInvalid` when it has not, or what the database answers.
    pub(crate) async fn arrived(&self, space: &str, named: &str) -> Result<File> {
        let id = self.id(space, named).ok_or_else(missing)?;
        let file = self.library.get(space, &id).await?.ok_or_else(missing)?;
        if file.expects.is_some() { Err(missing()) } else { Ok(file) }
    }
}
