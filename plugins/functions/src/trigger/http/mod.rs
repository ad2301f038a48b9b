//! HTTP triggers (manual, 2.8): a request runs a function, and what it returns is the response.

mod address;
mod body;
mod domain;
mod path;
mod paths;
mod request;
mod response;
mod routes;
mod switch;

use std::time::{Duration, Instant};

use http::{HeaderValue, StatusCode, header};
use sdk_plugin::{Body, Call, CallerKind, Error, HttpRequest, HttpResponse, Result, codes};
use serde_json::json;

use crate::service::{Edge, Service};
use address::Address;
use routes::Known;

pub use address::PREFIX;
pub use path::{PREFIX as PATH_PREFIX, check as check_path};
pub use routes::Routes;
pub use switch::SwitchParams;

/// How much later than the function the server gives up, so that the function's own limit answers.
const MARGIN: Duration = Duration::from_secs(1);

/// Headers that speak for an origin, which functions share unless there is a `trigger_domain` or
/// their space has a domain of its own.
const OF_THE_ORIGIN: [&str; 3] = ["strict-transport-security", "alt-svc", "clear-site-data"];

impl<E: Edge> Service<E> {
    /// Answers a request for a trigger. Errors are answered as JSON.
    pub async fn trigger(&self, request: HttpRequest) -> HttpResponse {
        let request_id = request.request_id.clone();
        let shares_origin = self.config.trigger_domain.is_none() && request.space.is_empty();
        let mut response = match self.triggered(request).await {
            Ok(response) => {
                let mut sent = HttpResponse::new(response.status, Body::full(response.body));
                sent.headers = response.headers;
                sent
            }
            Err(error) => problem(&error, &request_id),
        };
        if shares_origin {
            // They would hold for all that the server's own origin serves.
            for name in OF_THE_ORIGIN {
                response.headers.remove(name);
            }
        }
        // The manual, 2.8: always there, and not for a function to change.
        response.headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
        response
    }

    async fn triggered(&self, mut request: HttpRequest) -> Result<response::Response> {
        let body = std::mem::replace(&mut request.body, Body::empty());
        let admitted = self.admit(&request, body.length()).await;
        let (at, name) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                body::discard(body, &request.headers).await;
                return Err(error);
            }
        };
        let body = body::read(body).await?;
        let args = request::args(at.path, &request.method, &request.headers, request.query(), &body).to_string();
        let mut call = Call::new(at.space, crate::plugin::INVOKE, "");
        call.caller = request.caller.clone();
        call.caller.kind = CallerKind::Http;
        call.request_id.clone_from(&request.request_id);
        call.deadline = Instant::now() + Duration::from_secs(self.config.max_timeout_seconds) + MARGIN;
        let finished = self.run(call, &name, args).await?;
        response::of(&finished.outcome.result?)
    }

    /// Where a request leads, if it is one that triggers take.
    async fn admit<'a>(&self, request: &'a HttpRequest, length: Option<u64>) -> Result<(Address<'a>, String)> {
        let nothing = || Error::new(codes::NOT_FOUND, format!("nothing is served at {}", request.path()));
        let at = match request.space.as_str() {
            "" => address::locate(&request.host, request.path(), self.config.trigger_domain.as_deref()),
            space => address::within(space, request.path()),
        };
        let at = at.ok_or_else(nothing)?;
        let name = self.function_at(at).await?.ok_or_else(nothing)?;
        // The core knows without asking the database.
        if !self.is_open(at.space).await? {
            return Err(nothing());
        }
        request::check(&request.method, &request.headers, length)?;
        Ok((at, name))
    }

    /// The name of the function at an address.
    async fn function_at(&self, at: Address<'_>) -> Result<Option<String>> {
        let Address { space, path } = at;
        let (known, moment) = self.triggers.routes.get(space, path);
        match known {
            Known::Path(name) => return Ok(name),
            Known::Off => return Ok(None),
            Known::On => {}
            Known::Nothing => {
                let on = self.is_switched_on(space).await?;
                self.triggers.routes.put_space(space, on, moment);
                if !on {
                    return Ok(None);
                }
            }
        }
        let name = self.name_at(space, path).await?;
        self.triggers.routes.put_path(space, path, name.clone(), moment);
        Ok(name)
    }
}

/// An error as a client sees it: code and message, no cause and no stack.
fn problem(error: &Error, request_id: &str) -> HttpResponse {
    let status = match error.code() {
        codes::NOT_FOUND | codes::SPACE_NOT_FOUND | codes::SPACE_DELETED => StatusCode::NOT_FOUND,
        request::METHOD => StatusCode::METHOD_NOT_ALLOWED,
        request::CONTENT_TYPE => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        request::TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        codes::INVALID_BODY => StatusCode::BAD_REQUEST,
        codes::TIMEOUT => StatusCode::REQUEST_TIMEOUT,
        codes::THROTTLED | codes::THROTTLED_CONCURRENCY => StatusCode::TOO_MANY_REQUESTS,
        codes::UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        response::INVALID | response::TOO_LARGE => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if error.code() == codes::INTERNAL {
        tracing::error!(request_id, ?error, "an HTTP trigger failed");
    }
    let body = json!({"code": error.code(), "message": error.message(), "requestId": request_id});
    let response = HttpResponse::json(status, body.to_string());
    match status {
        StatusCode::METHOD_NOT_ALLOWED => response.with_header(header::ALLOW, HeaderValue::from_static("GET, POST, PUT, DELETE")),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            response.with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests;
