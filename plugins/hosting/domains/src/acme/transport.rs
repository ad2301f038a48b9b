//! How requests reach the authority.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{HOST, HeaderValue, RETRY_AFTER};
use http::uri::Scheme;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient, Problem};
use serde_json::json;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::http::{MAX_BODY, Tls, exchange};

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest time that an authority is believed to ask for, in milliseconds.
const LONGEST: u64 = 7 * crate::clock::DAY;

/// Sends requests over TLS. Clones share what they have learned.
#[derive(Clone)]
pub struct Transport {
    tls: Tls,
    clock: Clock,
    again: Arc<AtomicU64>,
}

impl Transport {
    /// A transport.
    pub fn new(tls: Tls, clock: Clock) -> Self {
        Self { tls, clock, again: Arc::default() }
    }

    /// When the authority wants to be asked again, in milliseconds since 1970, if it has said so
    /// since this was last asked.
    pub fn again(&self) -> Option<u64> {
        Some(self.again.swap(0, Ordering::AcqRel)).filter(|again| *again > self.clock.now())
    }

    async fn send(self, mut request: Request<BodyWrapper<Bytes>>) -> io::Result<BytesResponse> {
        let uri = std::mem::take(request.uri_mut());
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Err(io::Error::other("the authority's addresses must begin with https://"));
        }
        let authority = uri.authority().ok_or_else(|| io::Error::other("an address without a host"))?;
        let host = HeaderValue::from_str(authority.as_str()).map_err(io::Error::other)?;
        request.headers_mut().insert(HOST, host);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse::<Uri>().map_err(io::Error::other)?;
        let stream = self.tls.connect(authority.host(), authority.port_u16().unwrap_or(443)).await?;
        let response = exchange(stream, request, MAX_BODY).await?;
        if matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
            && let Some(wait) = retry_after(response.headers())
        {
            self.again.store(self.clock.now() + wait.min(LONGEST), Ordering::Release);
        }
        Ok(explained(response).await?.into())
    }
}

/// Gives a failure without a problem document one that has its status, since the client cannot tell
/// it from an unreadable answer otherwise: authorities may answer so (RFC 8555, 6.7), and whatever
/// stands in front of them does.
async fn explained(response: Response<Full<Bytes>>) -> io::Result<Response<Full<Bytes>>> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    if serde_json::from_slice::<Problem>(&body).is_ok() {
        return Ok(Response::from_parts(parts, Full::new(body)));
    }
    let problem = json!({"status": status.as_u16(), "detail": format!("HTTP {status}")});
    Ok(Response::from_parts(parts, Full::new(problem.to_string().into())))
}

/// How long to wait, in milliseconds (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    at.duration_since(SystemTime::now()).ok().map(|wait| wait.as_millis() as u64)
}

impl HttpClient for Transport {
    fn request(&self, request: Request<BodyWrapper<Bytes>>) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let transport = self.clone();
        Box::pin(async move {
            match timeout(PATIENCE, transport.send(request)).await {
                Ok(sent) => sent.map_err(|error| Error::Other(Box::new(error))),
                Err(late) => Err(Error::Other(Box::new(late))),
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_without_a_problem_document_has_its_status() {
        let read = async |status: u16, body: &'static str| {
            let response = Response::builder().status(status).body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap();
            explained(response).await.unwrap().into_body().collect().await.unwrap().to_bytes()
        };
        for (status, body) in [(404, ""), (502, "<html>"), (500, "[1]"), (404, "\"text\"")] {
            let problem: Problem = serde_json::from_slice(&read(status, body).await).unwrap();
            assert_eq!(problem.status, Some(status), "{body}");
        }
        let own = r#"{"type":"urn:ietf:params:acme:error:malformed","detail":"x","status":400}"#;
        assert_eq!(read(400, own).await, own);
        assert_eq!(read(200, "").await, "");
    }

    #[test]
    fn waits_come_in_seconds_or_as_a_date() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(wait("120"), Some(120_000));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        assert!((50_000..=60_000).contains(&wait(&date).unwrap()));
        for text in ["", "-1", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }
}
