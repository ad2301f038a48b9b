//! Signed requests.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{Method, Request, Response};
use outbound::{Failure, Outbound};
use sdk_plugin::{Error, Result};
use serde_json::Value;

use crate::clock::now;
use crate::merchant::Merchant;
use crate::signature::{authorization, nonce, request_text};

/// The way to the gateway.
pub struct Wire {
    outbound: Arc<Outbound>,
    base: String,
}

impl Wire {
    /// The way to a base address.
    pub fn new(outbound: Arc<Outbound>, base: String) -> Self {
        Self { outbound, base }
    }

    /// Sends a request, and reads its answer, whose signature nobody has looked at.
    ///
    /// # Errors
    /// When the request cannot be made; inside, when there is no answer.
    pub async fn send(
        &self,
        merchant: &Merchant,
        method: Method,
        target: &str,
        body: Option<&Value>,
        patience: Duration,
    ) -> Result<Result<Response<Bytes>, Failure>> {
        let body = body.map(serde_json::to_vec).transpose().map_err(Error::internal)?.unwrap_or_default();
        let (timestamp, nonce) = (now(), nonce().ok_or_else(|| Error::internal("no random bytes"))?);
        let signature = merchant.key.sign(&request_text(method.as_str(), target, timestamp, &nonce, &body));
        let signature = signature.ok_or_else(|| Error::internal("a request cannot be signed"))?;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.base))
            .header(AUTHORIZATION, authorization(&merchant.id, &merchant.serial, timestamp, &nonce, &signature))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("mpcloud/", env!("CARGO_PKG_VERSION")));
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some((id, _)) = &merchant.public {
            request = request.header("Wechatpay-Serial", id);
        }
        let request = request.body(Bytes::from(body)).map_err(Error::internal)?;
        Ok(self.outbound.send(request, patience).await)
    }
}
