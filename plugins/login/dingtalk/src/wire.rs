//! Requests to DingTalk, and what its answers mean.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use http::{Method, Request, StatusCode};
use outbound::{Failure, Outbound};
use sdk_plugin::contract::login::REFUSED;
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result, codes};
use serde_json::Value;

/// Codes of `errcode` for an authorization code that is unknown, was used, or has expired.
const REFUSALS: [i64; 3] = [40029, 40078, 41028];

/// The way to DingTalk.
pub struct Wire {
    outbound: Outbound,
    /// The base address of DingTalk.
    gateway: String,
    /// That of its newer interface.
    api_gateway: String,
}

impl Wire {
    /// The way to two base addresses.
    pub fn new(outbound: Outbound, gateway: String, api_gateway: String) -> Self {
        Self { outbound, gateway, api_gateway }
    }

    /// Asks the older interface. The answer has an `errcode`, which may be any.
    ///
    /// # Errors
    /// `ServiceUnavailable` when there is no answer that can be read.
    pub async fn old(&self, target: &str, body: Option<&Value>, patience: Duration) -> Result<Value> {
        let (status, answer) = self.send(&format!("{}{target}", self.gateway), body, None, patience).await?;
        if status.is_success() && answer.is_object() { Ok(answer) } else { Err(unavailable().with_context("status", status)) }
    }

    /// Asks the newer interface, whose status says whether it was done.
    ///
    /// # Errors
    /// `ServiceUnavailable` when there is no answer that can be read.
    pub async fn new_interface(
        &self,
        target: &str,
        body: Option<&Value>,
        token: Option<&str>,
        patience: Duration,
    ) -> Result<(StatusCode, Value)> {
        let (status, answer) = self.send(&format!("{}{target}", self.api_gateway), body, token, patience).await?;
        if status.is_server_error() || !answer.is_object() {
            return Err(unavailable().with_context("status", status));
        }
        Ok((status, answer))
    }

    /// Addresses have tokens and secrets, and are in no error and no log.
    async fn send(&self, address: &str, body: Option<&Value>, token: Option<&str>, patience: Duration) -> Result<(StatusCode, Value)> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(address).header(ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(token) = token {
            request = request.header(HeaderName::from_static("x-acs-dingtalk-access-token"), token);
        }
        let body = body.map(serde_json::to_vec).transpose().map_err(Error::internal)?.unwrap_or_default();
        let request = request.body(Bytes::from(body)).map_err(|_| Error::internal("a request to DingTalk cannot be made"))?;
        let answer = self.outbound.send(request, patience).await.map_err(|failure| match failure {
            Failure::NotSent(cause) | Failure::Lost(cause) => unavailable().with_source(cause),
        })?;
        Ok((answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default()))
    }
}

/// The `errcode` of an answer, which is absent only where there is none.
pub fn errcode(answer: &Value) -> i64 {
    if answer["errcode"].is_null() { 0 } else { answer["errcode"].as_i64().unwrap_or(-1) }
}

/// What an `errcode` other than zero means.
pub fn failure(errcode: i64) -> Error {
    let error = match errcode {
        code if REFUSALS.contains(&code) => refused(),
        -1 => unavailable(),
        88 | 90018 | 90002 | 90006 => Error::new(codes::THROTTLED, "DingTalk is asked too often").retryable(),
        _ => misconfigured(),
    };
    error.with_context("errcode", errcode)
}

/// DingTalk does not take the code.
pub fn refused() -> Error {
    Error::new(REFUSED, "DingTalk does not take the code")
}

/// DingTalk does not take the app.
pub fn misconfigured() -> Error {
    Error::new(codes::CONFIG, "DingTalk does not take the app's id, its secret, or what it may do")
}

/// DingTalk cannot be asked now.
pub fn unavailable() -> Error {
    Error::new(codes::UNAVAILABLE, "DingTalk cannot be reached, or does not answer").retryable()
}

/// The secret of an app.
///
/// # Errors
/// `InvalidConfiguration` when it has none.
pub fn secret(app: &App) -> Result<&str> {
    app.setting("appSecret").ok_or_else(|| Error::new(codes::CONFIG, "the DingTalk app has no setting appSecret"))
}

/// A text of an answer; none when it is absent or empty.
pub fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A value as a part of a query.
pub fn in_query(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}
