//! `info`: describes files.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::files::Target;
use sdk_plugin::{Call, CallerKind, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Allowed, Ids};
use crate::service::Service;

/// How many files may be asked for at once.
const MAX_IDS: usize = 50;
/// The longest that a signed URL may be valid, in seconds: ten years.
const MAX_AGE: u64 = 10 * 366 * 24 * 3600;
/// The longest for those that clients ask for: one day.
const MAX_CLIENT_AGE: u64 = 24 * 3600;

/// The params.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InfoParams {
    id: Ids,
    max_age: Option<f64>,
    resolved: Option<Vec<Target>>,
}

impl InfoParams {
    pub(super) fn named(&self) -> Result<String> {
        let named = self.id.joined();
        if named.split(',').filter(|id| !id.trim().is_empty()).count() > MAX_IDS {
            return Err(Error::new(codes::PARAM_INVALID, format!("at most {MAX_IDS} files can be described at once")));
        }
        Ok(named)
    }

    fn max_age(&self) -> Result<Option<u64>> {
        match self.max_age {
            None => Ok(None),
            Some(age) if (1.0..=MAX_AGE as f64).contains(&age) => Ok(Some(age as u64)),
            Some(_) => Err(Error::new(codes::PARAM_INVALID, format!("maxAge is in seconds, from 1 to {MAX_AGE}"))),
        }
    }
}

impl<C: Calls> Service<C> {
    /// Describes files, in the order in which they are named. Those that there are not are left out.
    ///
    /// # Errors
    /// `ParamInvalid`, or what the database answers.
    pub async fn info(&self, call: &Call, params: InfoParams) -> Result<Vec<Value>> {
        let allowed = Allowed::of(call.caller.kind, params.resolved.as_deref())?;
        let (ids, max_age) = (self.ids(&call.space, &params.named()?), params.max_age()?);
        let max_age = if call.caller.kind == CallerKind::Client { max_age.map(|age| age.min(MAX_CLIENT_AGE)) } else { max_age };
        let mut files = self.library.get_all(&call.space, &ids).await?;
        files.retain(|file| allowed.covers(file));
        files.sort_by_key(|file| ids.iter().position(|id| *id == file.id));
        let (endpoint, rules) = (self.endpoint().await?, self.rules.of(&call.space).await?);
        let mut described = Vec::with_capacity(files.len());
        for file in &files {
            described.push(json!({
                "fileId": file.id,
                "name": file.path,
                "size": file.size,
                "type": file.content_type,
                "url": self.url(&endpoint, file, max_age, &rules).await?,
                "gmtCreate": file.created / 1000,
                "gmtModified": file.modified / 1000,
            }));
        }
        Ok(described)
    }
}
