//! A response: its head, and its body part by part.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use http::response::Parts;
use http::{HeaderMap, Version};
use hyper::body::{Body as _, Incoming as HttpBody};
use tokio::sync::Mutex;

use super::super::super::{Result, Value};
use super::super::errors;

/// The most bytes that one read gives.
const READ: usize = 256 * 1024;

/// The body of a response, once there is one. Only one read of it runs at a time.
#[derive(Clone, Default)]
pub struct Incoming(Arc<Mutex<Reading>>);

#[derive(Default)]
struct Reading {
    body: Option<HttpBody>,
    /// What came after the bytes that were given out last.
    last: Option<Result>,
}

impl Incoming {
    /// Sets the body.
    pub fn fill(&self, body: HttpBody) {
        // Nobody reads before the response's head was given out.
        if let Ok(mut reading) = self.0.try_lock() {
            reading.body = Some(body);
        }
    }

    /// The next bytes, as many as are there; the list of trailers at the end.
    pub async fn read(&self) -> Result {
        let mut reading = self.0.lock().await;
        if let Some(last) = reading.last.take() {
            return last;
        }
        let mut bytes = Vec::new();
        let last = loop {
            let Some(body) = reading.body.as_mut() else { break Ok(Value::List(Vec::new())) };
            let next = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
            // What is there already comes along.
            let next = if bytes.is_empty() { Some(next.await) } else { next.now_or_never() };
            match next {
                None => return Ok(bytes.into()),
                Some(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if bytes.is_empty() => bytes = Vec::from(data),
                    Ok(data) => bytes.extend_from_slice(&data),
                    Err(frame) => break Ok(frame.into_trailers().map_or_else(|_| Value::List(Vec::new()), |trailers| list(&trailers))),
                },
                Some(Some(Err(error))) => break Err(errors::http(&error)),
                Some(None) => break Ok(Value::List(Vec::new())),
            }
            if bytes.len() >= READ {
                return Ok(bytes.into());
            }
        };
        reading.body = None;
        if bytes.is_empty() {
            return last;
        }
        reading.last = Some(last);
        Ok(bytes.into())
    }
}

/// The head of a response for JavaScript.
pub fn head(parts: &Parts, socket: &Value, reused: bool) -> Value {
    let reason = parts.extensions.get::<hyper::ext::ReasonPhrase>().map(|reason| latin1(reason.as_bytes()));
    let reason = reason.unwrap_or_else(|| parts.status.canonical_reason().unwrap_or_default().to_owned());
    Value::map([
        ("status", u32::from(parts.status.as_u16()).into()),
        ("statusText", reason.into()),
        ("version", if parts.version == Version::HTTP_10 { "1.0" } else { "1.1" }.into()),
        ("headers", list(&parts.headers)),
        ("socket", socket.clone()),
        ("reused", reused.into()),
    ])
}

fn list(headers: &HeaderMap) -> Value {
    let mut items = Vec::with_capacity(headers.len() * 2);
    for (name, value) in headers {
        items.push(name.as_str().into());
        items.push(latin1(value.as_bytes()).into());
    }
    Value::List(items)
}

/// Bytes as text, each a character, as Node.js has headers.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
