//! Uploads and downloads of packages over signed addresses.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use sdk_plugin::contract::{SYSTEM_SPACE, storage};
use sdk_plugin::{Body, Call, Error, HttpRequest, HttpResponse, Result, codes};
use serde_json::json;
use uuid::Uuid;

use crate::manage::NOT_UPLOADED;
use crate::record::{Deployment, Status, package_key};
use crate::runtime::now;
use crate::service::{Edge, Service};
use crate::signed_url::{self, Action};

const TOO_LARGE: &str = "InvalidPackage.TooLarge";
/// How long a refused upload is still read.
const DRAINING: Duration = Duration::from_secs(10);
/// How long a transfer may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often a package is taken over when others are uploaded at the same time.
const ATTEMPTS: usize = 20;

impl<E: Edge> Service<E> {
    /// Answers a request for a signed address. Errors are answered as JSON.
    pub async fn transfer(&self, request: HttpRequest) -> HttpResponse {
        let answer = match signed_url::verify(&self.secret, request.path(), request.query(), now()) {
            Err(error) => Err(error),
            Ok(named) => match (named.action, request.method.as_str()) {
                (Action::Upload, "PUT" | "POST") => self.upload(&named.space, &named.deployment, request.body).await,
                (Action::Download, "GET") => self.download(&named.space, &named.deployment).await,
                _ => return problem(405, "InvalidMethod", "use PUT to upload and GET to download"),
            },
        };
        answer.unwrap_or_else(|error| {
            let status = match error.code() {
                codes::SIGNATURE => 403,
                codes::CONFLICT => 409,
                TOO_LARGE => 413,
                NOT_UPLOADED => 404,
                code if code.ends_with("NotFound") => 404,
                _ => 500,
            };
            if status == 500 {
                tracing::error!(?error, "a transfer of a package failed");
            }
            problem(status, error.code(), error.message())
        })
    }

    async fn upload(&self, space: &str, id: &str, body: Body) -> Result<HttpResponse> {
        let limit = self.config.max_package_bytes;
        let too_large = move || Error::new(TOO_LARGE, format!("the package is larger than {limit} bytes"));
        if body.length().is_some_and(|length| length > limit) {
            drain(body, limit.saturating_mul(2)).await;
            return Err(too_large());
        }
        let deployment = self.deployment(space, id).await?;
        if deployment.status == Status::Deployed {
            return Err(in_use());
        }
        let mut read = 0;
        let length = body.length();
        let bounded = body.map(move |chunk| {
            let chunk = chunk?;
            read += chunk.len() as u64;
            if read > limit { Err(too_large()) } else { Ok(chunk) }
        });
        let package = format!("{id}-{}", Uuid::new_v4().simple());
        let key = package_key(space, &deployment.name, &package);
        let mut call = Call::json(SYSTEM_SPACE, storage::PUT, &json!({"key": key}))?;
        let body = Body::from_stream(bounded);
        call.body = Some(match length {
            Some(length) => body.with_length(length),
            None => body,
        });
        call.deadline = Instant::now() + PATIENCE;
        self.edge.make(call).await?;
        match self.take_over(deployment, &package).await {
            Ok(replaced) => {
                if let Some(replaced) = replaced {
                    self.storage(storage::DELETE, &replaced).await?;
                }
                Ok(HttpResponse::json(ok(), "{}"))
            }
            Err(error) => {
                self.storage(storage::DELETE, &key).await?;
                Err(error)
            }
        }
    }

    /// Makes an upload the package of a deployment, unless that has been deployed meanwhile. Gives
    /// the key of the package that was replaced.
    async fn take_over(&self, mut deployment: Deployment, package: &str) -> Result<Option<String>> {
        for _ in 0..ATTEMPTS {
            if deployment.status == Status::Deployed {
                return Err(in_use());
            }
            let filter = json!({"_id": deployment.id, "status": {"$ne": Status::Deployed}, "package": deployment.package});
            let set = json!({"$set": {"status": Status::Uploaded, "package": package, "modified": now()}});
            if self.deployments.update(filter, set).await? > 0 {
                return Ok(deployment.package.map(|replaced| package_key(&deployment.space_id, &deployment.name, &replaced)));
            }
            deployment = self.deployment(&deployment.space_id, &deployment.id).await?;
        }
        Err(Error::new(codes::CONFLICT, "the package is being uploaded by somebody else; try again").retryable())
    }

    async fn download(&self, space: &str, id: &str) -> Result<HttpResponse> {
        let deployment = self.deployment(space, id).await?;
        let package = deployment.package.ok_or_else(|| Error::new(NOT_UPLOADED, "the deployment's package has not been uploaded"))?;
        let key = package_key(space, &deployment.name, &package);
        let mut call = Call::json(SYSTEM_SPACE, storage::GET, &json!({"key": key}))?;
        call.deadline = Instant::now() + PATIENCE;
        let body = self.edge.make(call).await?.body.ok_or_else(|| Error::internal("storage answered without a body"))?;
        let mut response = HttpResponse::new(ok(), body);
        for (name, value) in [("content-type", "application/zip"), ("content-disposition", "attachment"), ("cache-control", "no-store")] {
            response.headers.insert(name, http::HeaderValue::from_static(value));
        }
        Ok(response)
    }
}

fn in_use() -> Error {
    Error::new(codes::CONFLICT, "the deployment is in use already; create another one")
}

/// Reads what a client goes on sending: one that is cut off meanwhile does not read why.
async fn drain(mut body: Body, most: u64) {
    let _ = tokio::time::timeout(DRAINING, async {
        let mut left = most;
        while let Some(Ok(chunk)) = body.next().await {
            left = left.saturating_sub(chunk.len() as u64);
            if left == 0 {
                return;
            }
        }
    })
    .await;
}

fn ok() -> http::StatusCode {
    http::StatusCode::OK
}

fn problem(status: u16, code: &str, message: &str) -> HttpResponse {
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::json(status, json!({"code": code, "message": message}).to_string())
}
