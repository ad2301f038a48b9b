//! The HTTP handlers: uploads and downloads.

use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ALLOW,
};
use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, StatusCode};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, HttpRequest, HttpResponse};
use serde_json::json;

use crate::code::status;
use crate::service::{Service, UPLOAD_PATH};

impl<C: Calls> Service<C> {
    /// Answers a request. Errors are answered as `{"error":{"code","message"}}`, which the client
    /// SDK takes for one.
    pub async fn transfer(self: &Arc<Self>, request: HttpRequest) -> HttpResponse {
        let is_upload = request.path() == UPLOAD_PATH;
        let head = request.method == Method::HEAD;
        let answer = match (&request.method, is_upload) {
            (&Method::OPTIONS, true) => return preflight("POST, OPTIONS"),
            (&Method::OPTIONS, false) => self.preflight_of_download(&request).await,
            (&Method::POST, true) => self.post(request).await,
            (&Method::PUT, false) => self.put_signed(request).await,
            (&(Method::GET | Method::HEAD), false) => self.download(&request).await,
            (_, upload) => return not_allowed(if upload { "POST, OPTIONS" } else { "GET, HEAD, PUT, OPTIONS" }),
        };
        answer.unwrap_or_else(|error| {
            let status = status(&error);
            if status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(?error, "a transfer of a file failed");
            }
            let text = json!({"error": {"code": error.code(), "message": error.message()}}).to_string();
            let length = text.len();
            let mut response = HttpResponse::json(status, if head { String::new() } else { text });
            if head {
                response.headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
            }
            response.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if is_upload {
                response.headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            response
        })
    }
}

/// Lets any page ask: what it then may do is said by signatures.
pub fn preflight(methods: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::NO_CONTENT, Body::empty());
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn not_allowed(methods: &'static str) -> HttpResponse {
    let text = json!({"error": {"code": "InvalidMethod", "message": format!("allowed here: {methods}")}}).to_string();
    HttpResponse::json(StatusCode::METHOD_NOT_ALLOWED, text).with_header(ALLOW, HeaderValue::from_static(methods))
}
