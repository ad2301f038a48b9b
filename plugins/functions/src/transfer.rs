//! Uploads and downloads of packages over signed addresses.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use sdk_plugin::contract::{SYSTEM_SPACE, storage};
use sdk_plugin::{Body, Call, Error, HttpRequest, HttpResponse, Result, codes};
use serde_json::json;

use crate::record::Status;
use crate::runtime::now;
use crate::service::{Edge, Service};
use crate::signed_url::{self, Action};

const TOO_LARGE: &str = "InvalidPackage.TooLarge";
/// How long a transfer may take.
const PATIENCE: Duration = Duration::from_secs(300);

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
            return Err(too_large());
        }
        let deployment = self.deployment(space, id).await?;
        if deployment.status == Status::Deployed {
            return Err(Error::new(codes::CONFLICT, "the deployment is in use already; create another one"));
        }
        let mut read = 0;
        let length = body.length();
        let bounded = body.map(move |chunk| {
            let chunk = chunk?;
            read += chunk.len() as u64;
            if read > limit { Err(too_large()) } else { Ok(chunk) }
        });
        let mut call = Call::json(SYSTEM_SPACE, storage::PUT, &json!({"key": deployment.key()}))?;
        let body = Body::from_stream(bounded);
        call.body = Some(match length {
            Some(length) => body.with_length(length),
            None => body,
        });
        call.deadline = Instant::now() + PATIENCE;
        self.edge.make(call).await?;
        let filter = json!({"_id": deployment.id, "status": {"$ne": Status::Deployed}});
        self.deployments.update(filter, json!({"$set": {"status": Status::Uploaded, "modified": now()}})).await?;
        Ok(HttpResponse::json(ok(), "{}"))
    }

    async fn download(&self, space: &str, id: &str) -> Result<HttpResponse> {
        let deployment = self.deployment(space, id).await?;
        let mut call = Call::json(SYSTEM_SPACE, storage::GET, &json!({"key": deployment.key()}))?;
        call.deadline = Instant::now() + PATIENCE;
        let body = self.edge.make(call).await?.body.ok_or_else(|| Error::internal("storage answered without a body"))?;
        let mut response = HttpResponse::new(ok(), body);
        for (name, value) in [("content-type", "application/zip"), ("content-disposition", "attachment"), ("cache-control", "no-store")] {
            response.headers.insert(name, http::HeaderValue::from_static(value));
        }
        Ok(response)
    }
}

fn ok() -> http::StatusCode {
    http::StatusCode::OK
}

fn problem(status: u16, code: &str, message: &str) -> HttpResponse {
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::json(status, json!({"code": code, "message": message}).to_string())
}
