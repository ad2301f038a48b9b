//! HTTP requests that a plugin answers by itself: sites, uploads, triggers, the console.

use ::http::{HeaderMap, Method, StatusCode, header};

use crate::{Body, Caller};

/// A request for a path or a service that the plugin's manifest claims.
#[derive(Debug)]
pub struct HttpRequest {
    /// The request method.
    pub method: Method,
    /// Path and query as they were sent, such as `/a%20b?c=d`.
    pub uri: String,
    /// The host that was asked for, in lower case and without the port.
    pub host: String,
    /// The space whose domain the host is; empty for the server's own names.
    pub space: String,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. The gateway has bounded the time it may take; its size is the plugin's to bound.
    pub body: Body,
    /// Address and user agent of whoever asks.
    pub caller: Caller,
    /// The id that every log line and the reply carry.
    pub request_id: String,
}

impl HttpRequest {
    /// The path without the query.
    pub fn path(&self) -> &str {
        self.uri.split_once('?').map_or(&self.uri, |(path, _)| path)
    }

    /// The query without its question mark; empty when there is none.
    pub fn query(&self) -> &str {
        self.uri.split_once('?').map_or("", |(_, query)| query)
    }
}

/// The answer to an [`HttpRequest`].
#[derive(Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl HttpResponse {
    /// A response with a status and a body of unknown type.
    pub fn new(status: StatusCode, body: Body) -> Self {
        Self { status, headers: HeaderMap::new(), body }
    }

    /// A response of JSON text.
    pub fn json(status: StatusCode, body: impl Into<bytes::Bytes>) -> Self {
        Self::new(status, Body::full(body)).with_header(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"))
    }

    /// A response of plain text.
    pub fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self::new(status, Body::full(body.into()))
            .with_header(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"))
    }

    /// Sets a header.
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: header::HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
