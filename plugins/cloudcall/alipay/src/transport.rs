//! How requests reach the gateway, and what counts as an answer of it.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use outbound::{Failure, Outbound};
use sdk_plugin::Result;

use crate::config::Config;

/// Sends requests.
pub struct Transport(Outbound);

/// Why there is no answer. Reasons are for the log.
#[derive(Debug)]
pub enum Missed {
    /// The gateway has heard nothing.
    NotSent(String),
    /// The gateway may have heard the request.
    Unanswered(String),
}

impl Transport {
    /// The way that a configuration tells.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the roots or the proxy's address cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        Outbound::new(config.roots.as_deref(), config.proxy.as_deref()).map(Self)
    }

    /// Sends a request and reads its answer within a time. Only `200 OK` is an answer.
    ///
    /// # Errors
    /// [`Missed`].
    pub async fn send(&self, request: Request<Bytes>, patience: Duration) -> Result<String, Missed> {
        let response = self.0.send(request, patience).await.map_err(|failure| match failure {
            Failure::NotSent(error) => Missed::NotSent(chain(&*error)),
            Failure::Lost(error) => Missed::Unanswered(chain(&*error)),
        })?;
        if response.status() != StatusCode::OK {
            return Err(Missed::Unanswered(format!("HTTP status {}", response.status())));
        }
        String::from_utf8(response.into_body().into()).map_err(|_| Missed::Unanswered("the answer is not UTF-8".to_owned()))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
