//! Uploads and downloads by signed addresses, on the server's own names:
//!
//! | request | what |
//! | --- | --- |
//! | `POST /hosting/upload` | a file, as a form; see [`signature`](crate::signature) |
//! | `PUT /hosting/deployments/SPACE/ID/list?…` | the list of a deployment, answered with what is missing |
//! | `PUT /hosting/deployments/SPACE/ID/blobs/SHA256?size=…` | contents of a deployment |
//! | `GET /hosting/files/SPACE/PATH?…` | a file, to keep |

mod body;
mod deployment;
mod download;
mod form;

use std::sync::Arc;

use http::{Method, StatusCode};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, HttpRequest, HttpResponse, codes};
use serde_json::json;

pub use self::deployment::list_address;
pub use self::download::address;
use crate::code::{DIGEST, MALFORMED, TOO_LARGE};
use crate::service::Service;
use crate::signature::UPLOAD_PATH;

/// What addresses of deployments begin with.
const DEPLOYMENTS: &str = "/hosting/deployments/";
/// What addresses of downloads begin with.
const FILES: &str = "/hosting/files/";

impl<C: Calls> Service<C> {
    /// Answers a request. Errors are answered as JSON.
    pub async fn transfer(self: &Arc<Self>, request: HttpRequest) -> HttpResponse {
        let path = request.path();
        let answer = match request.method {
            Method::POST if path == UPLOAD_PATH => self.upload_form(request).await,
            Method::PUT if path.starts_with(DEPLOYMENTS) => self.upload_deployment(request).await,
            Method::GET if path.starts_with(FILES) => self.download(&request).await,
            _ => return problem(StatusCode::METHOD_NOT_ALLOWED, "InvalidMethod", "use POST or PUT to upload and GET to download"),
        };
        answer.unwrap_or_else(|error| {
            let status = status(&error);
            if status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(?error, "a transfer failed");
            }
            problem(status, error.code(), error.message())
        })
    }
}

fn status(error: &Error) -> StatusCode {
    match error.code() {
        codes::SIGNATURE => StatusCode::FORBIDDEN,
        codes::CONFLICT => StatusCode::CONFLICT,
        TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        MALFORMED | DIGEST | codes::INVALID_BODY => StatusCode::BAD_REQUEST,
        codes::UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        code if code.ends_with("NotFound") => StatusCode::NOT_FOUND,
        code if code.starts_with("Invalid") || code.starts_with("QuotaExceeded") => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn problem(status: StatusCode, code: &str, message: &str) -> HttpResponse {
    HttpResponse::json(status, json!({"code": code, "message": message}).to_string())
}
