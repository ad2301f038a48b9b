//! Lists and contents of deployments.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use http::StatusCode;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Error, HttpRequest, HttpResponse, Result, codes};
use serde_json::json;

use super::DEPLOYMENTS;
use super::body::{DRAIN_PATIENCE, Measure, Shared};
use crate::clock::now;
use crate::code::{DIGEST, NOT_OPENED};
use crate::deployment::{MAX_LIST, VALID};
use crate::ids;
use crate::manifest::Hash;
use crate::objects::blob_key;
use crate::service::Service;
use crate::signature::{sign, verify};

/// How much is read of what nobody was allowed to send, in bytes.
const MAX_FORGED: u64 = 1 << 20;
/// How long it is read.
const FORGED_PATIENCE: Duration = Duration::from_secs(10);

/// The address that the list of a deployment is put to.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn list_address(secret: &[u8], space: &str, id: &str, expires: u64) -> Result<String> {
    sign(secret, "PUT", &format!("{DEPLOYMENTS}{space}/{id}/list"), "", expires)
}

fn refused() -> Error {
    Error::new(codes::SIGNATURE, "the address is not valid, or has expired")
}

impl<C: Calls> Service<C> {
    pub(super) async fn upload_deployment(&self, mut request: HttpRequest) -> Result<HttpResponse> {
        let body = Shared::new(std::mem::replace(&mut request.body, Body::empty()));
        if let Err(error) = verify(&self.secret, "PUT", &request.uri, now()) {
            body.drain(MAX_FORGED, FORGED_PATIENCE).await;
            return Err(error);
        }
        let answer = self.put(&request, body.clone()).await;
        if answer.is_err() {
            body.drain(self.config.quota_bytes, DRAIN_PATIENCE).await;
        }
        answer
    }

    /// Does what a request with a valid signature asks for.
    async fn put(&self, request: &HttpRequest, body: Shared) -> Result<HttpResponse> {
        let path = request.path().strip_prefix(DEPLOYMENTS).ok_or_else(refused)?;
        match path.split('/').collect::<Vec<_>>()[..] {
            [space, id, "list"] if ids::is(ids::DEPLOYMENT, id) => self.put_list(space, id, body).await,
            [space, id, "blobs", digest] if ids::is(ids::DEPLOYMENT, id) => {
                let hash: Hash = hex::decode(digest).ok().and_then(|hash| hash.try_into().ok()).ok_or_else(refused)?;
                let size = request.query().split('&').find_map(|pair| pair.strip_prefix("size=")?.parse().ok()).ok_or_else(refused)?;
                self.put_blob(space, id, &hash, size, body).await
            }
            _ => Err(refused()),
        }
    }

    async fn put_list(&self, space: &str, id: &str, body: Shared) -> Result<HttpResponse> {
        let list = Body::from_stream(body).collect(MAX_LIST).await?;
        let missing = self.list_deployment(space, id, list).await?;
        let expires = now() + VALID;
        let addresses = missing.iter().map(|(hash, size)| {
            let digest = hex::encode(hash);
            let address =
                sign(&self.secret, "PUT", &format!("{DEPLOYMENTS}{space}/{id}/blobs/{digest}"), &format!("size={size}"), expires)?;
            Ok(json!({"sha256": digest, "size": size, "address": address}))
        });
        let addresses = addresses.collect::<Result<Vec<_>>>()?;
        Ok(HttpResponse::json(StatusCode::OK, json!({"missing": addresses}).to_string()))
    }

    /// Stores contents, if they are what their address says.
    async fn put_blob(&self, space: &str, id: &str, hash: &Hash, size: u64, body: Shared) -> Result<HttpResponse> {
        let (measure, began, patience) = (Measure::default(), Instant::now(), self.config.upload_patience());
        // Before the contents, so that nobody sends them in vain.
        self.require_open(space, id).await?;
        let (expected, key) = (*hash, blob_key(space, id, hash));
        let chunks = measure.through(body, size);
        let checked = check_at_end(chunks, measure, (expected, size));
        let stored = tokio::time::timeout(patience, self.objects.put(&key, checked, patience)).await;
        stored.map_err(|_| Error::new(codes::INVALID_BODY, "the contents did not arrive in time"))??;
        if let Err(error) = self.require_open(space, id).await {
            // Where there is still a site, a release may have these contents by now, or the sweep removes them.
            if error.code() == NOT_OPENED {
                self.objects.delete(&key).await?;
            }
            return Err(error);
        }
        tracing::debug!(space, size, millis = began.elapsed().as_millis(), "contents were uploaded");
        self.usage.of(space).uploaded();
        Ok(HttpResponse::json(StatusCode::OK, "{}"))
    }
}

/// The same body, which ends with an error when it was not what was announced: then nothing is stored.
fn check_at_end(body: Body, measure: Measure, announced: (Hash, u64)) -> Body {
    let end = stream::once(async move {
        if measure.result() == announced { None } else { Some(Err(Error::new(DIGEST, "the contents are not those of the address"))) }
    });
    Body::from_stream(body.chain(end.filter_map(|end| async move { end }))).with_length(announced.1)
}
