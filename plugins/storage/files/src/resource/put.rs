//! `put`: an upload of a cloud function, in one call with a stream.

use std::sync::Arc;

use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Call, CallerKind, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{SignParams, Wanted};
use crate::name;
use crate::record::Headers;
use crate::service::{PREFIX, Service};
use crate::upload::Described;

/// The method.
pub const PUT: &str = "serverless.file.resource.put";

/// The params: those of `generateProximalSign`, and what a form has beside the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PutParams {
    #[serde(flatten)]
    sign: SignParams,
    content_type: Option<String>,
    headers: Headers,
    meta: std::collections::BTreeMap<String, String>,
}

impl<C: Calls> Service<C> {
    /// Stores a file.
    ///
    /// # Errors
    /// `InvalidMethod.Format` for whoever is no function, and those of an upload.
    pub async fn put(self: &Arc<Self>, call: &mut Call, params: PutParams) -> Result<Value> {
        if call.caller.kind != CallerKind::Function {
            return Err(Error::new(codes::INVALID_METHOD, format!("no plugin provides the method `{PUT}`")));
        }
        let path = params.sign.path()?;
        let wanted = Wanted {
            filename: params.sign.filename(),
            size: params.sign.size()?,
            private: params.sign.is_private()?,
            replaces: None,
            content_type: params.content_type.as_deref().unwrap_or_default(),
        };
        let grant = self.grant(call, &path, &wanted).await?;
        let body = call.body.take().unwrap_or_else(Body::empty);
        let described = Described { content_type: grant.content_type.clone(), headers: params.headers, meta: params.meta };
        let file = self.receive(&grant, described.checked()?, body).await?;
        let endpoint = self.endpoint().await?;
        let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host);
        let key = name::escape(&file.path);
        Ok(json!({"fileUrl": format!("https://{host}{PREFIX}{}/{key}", file.space), "filePath": key, "fileId": file.id}))
    }
}
