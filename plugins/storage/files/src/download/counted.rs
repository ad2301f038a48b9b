//! Counts the bytes that were really sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Result};

use crate::service::Service;
use crate::usage::Traffic;

struct Counted<C: Calls> {
    body: Body,
    sent: u64,
    service: Arc<Service<C>>,
    space: String,
}

impl<C: Calls> Stream for Counted<C> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(cx);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            self.sent += chunk.len() as u64;
        }
        next
    }
}

impl<C: Calls> Drop for Counted<C> {
    fn drop(&mut self) {
        self.service.usage.note(&self.space, Traffic { traffic: self.sent, ..Traffic::default() });
    }
}

/// The same body; when it ends, or nobody reads on, its bytes count as the space's traffic.
pub fn counted<C: Calls>(body: Body, service: Arc<Service<C>>, space: String) -> Body {
    let length = body.length();
    let counted = Body::from_stream(Counted { body, sent: 0, service, space });
    match length {
        Some(length) => counted.with_length(length),
        None => counted,
    }
}
