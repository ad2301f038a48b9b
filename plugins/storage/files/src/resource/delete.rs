//! `delete`: removes files.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::files::Target;
use sdk_plugin::{Call, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Allowed, Ids, missing};
use crate::record::File;
use crate::service::Service;

/// How many files may be deleted at once.
const MAX_IDS: usize = 50;

/// The params: `id`, or `fileUrl` as the manual has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeleteParams {
    id: Ids,
    file_url: Option<String>,
    resolved: Option<Vec<Target>>,
}

impl DeleteParams {
    pub(super) fn named(&self) -> Result<String> {
        let named = match &self.file_url {
            Some(url) => url.clone(),
            None => self.id.joined(),
        };
        if named.split(',').filter(|id| !id.trim().is_empty()).count() > MAX_IDS {
            return Err(Error::new(codes::PARAM_INVALID, format!("at most {MAX_IDS} files can be deleted at once")));
        }
        Ok(named)
    }
}

impl<C: Calls> Service<C> {
    /// Deletes files.
    ///
    /// # Errors
    /// `ParamInvalid` when none of them exists, `InvalidParameter.PermissionDenied`, or what the
    /// database or the storage answers.
    pub async fn delete(&self, call: &Call, params: DeleteParams) -> Result<Value> {
        let allowed = Allowed::of(call.caller.kind, params.resolved.as_deref())?;
        let ids = self.ids(&call.space, &params.named()?);
        let files = self.library.get_all(&call.space, &ids).await?;
        // Before anything is deleted: one that became somebody else's since it was checked.
        if files.iter().any(|file| !allowed.covers(file)) {
            return Err(Error::new(codes::PERMISSION_DENIED, "no rule of the space allows this"));
        }
        let mut deleted = 0;
        for file in &files {
            deleted += u64::from(self.remove(file).await?);
        }
        if deleted == 0 { Err(missing()) } else { Ok(json!({"deleted": deleted})) }
    }

    /// Removes a file and counts that; false when it was removed or replaced meanwhile.
    ///
    /// # Errors
    /// What the database or the storage answers.
    pub(crate) async fn remove(&self, file: &File) -> Result<bool> {
        let removed = self.library.remove(file).await?;
        if removed {
            self.usage.stored(&file.space, -i64::try_from(file.size).unwrap_or(i64::MAX), -1).await?;
        }
        Ok(removed)
    }
}
