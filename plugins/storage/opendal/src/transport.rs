//! How requests reach an object store.
//!
//! OpenDAL's own transport would give SurrealDB's `reqwest` other features.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, HOST, LOCATION};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode, Uri};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opendal::{Buffer, ErrorKind, HttpBody, HttpTransport};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sdk_plugin::{Error, Result, codes};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long an answer may take to begin, once the request is sent.
const PATIENCE: Duration = Duration::from_secs(30);
/// How slow a request's body may go, in bytes a second.
const SLOWEST: u64 = 64 << 10;
/// How long the next piece of an answer may take.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a connection waits for its next request. Stores close theirs after a minute and less.
const IDLE: Duration = Duration::from_secs(20);
/// The connections that are kept.
const KEPT: usize = 64;
/// How often a request is sent elsewhere.
const REDIRECTS: usize = 5;

/// Sends requests over HTTP/1.1, with TLS where the address says so.
pub struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Pieces>,
}

impl Transport {
    /// Trusts the public authorities, and those in a file.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the file cannot be used.
    pub fn new(ca: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca {
            let wrong = |what: String| Error::new(codes::CONFIG, format!("ca: {}: {what}", path.display()));
            let before = roots.len();
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
                roots.add(certificate.map_err(|e| wrong(e.to_string()))?).map_err(|e| wrong(e.to_string()))?;
            }
            if roots.len() == before {
                return Err(wrong("there is no certificate in it".to_owned()));
            }
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let tls = tls.with_safe_default_protocol_versions().map_err(Error::internal)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECTING));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.with_root_certificates(roots).with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT)
            .build(connector);
        Ok(Self { client })
    }

    async fn send(&self, parts: &Parts, body: Buffer) -> opendal::Result<Response<Incoming>> {
        let patience = PATIENCE + Duration::from_secs(body.len() as u64 / SLOWEST);
        let request = Request::from_parts(parts.clone(), Pieces(body));
        match timeout(CONNECTING + patience, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failure("the object store was not reached, or hung up").set_source(error)),
            Err(_) => Err(failure("the object store did not answer in time")),
        }
    }
}

/// An error that may pass.
fn failure(what: &str) -> opendal::Error {
    opendal::Error::new(ErrorKind::Unexpected, what).set_temporary()
}

impl HttpTransport for Transport {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let (mut parts, mut body) = request.into_parts();
        let asked = parts.uri.clone();
        for _ in 0..=REDIRECTS {
            let response = self.send(&parts, body.clone()).await?;
            let Some(elsewhere) = redirect(&parts, &response) else {
                return Ok(answer(asked, &parts.method, response));
            };
            if (parts.uri.scheme(), parts.uri.authority()) != (elsewhere.scheme(), elsewhere.authority()) {
                // Stores have secrets of their own in headers of their own, such as session tokens.
                let secret = |name: &HeaderName| *name == AUTHORIZATION || *name == COOKIE || name.as_str().starts_with("x-");
                let secrets: Vec<HeaderName> = parts.headers.keys().filter(|name| secret(name)).cloned().collect();
                for name in secrets {
                    parts.headers.remove(name);
                }
            }
            parts.headers.remove(HOST);
            if response.status() == StatusCode::SEE_OTHER && parts.method != Method::HEAD {
                (parts.method, body) = (Method::GET, Buffer::new());
                parts.headers.remove(CONTENT_LENGTH);
            }
            parts.uri = elsewhere;
        }
        Err(opendal::Error::new(ErrorKind::Unexpected, "the object store sends requests from one address to the next"))
    }
}

/// Where a response sends its request to (RFC 9110, 15.4). A request with a body goes elsewhere
/// only where its method stays, and none leaves TLS.
fn redirect(parts: &Parts, response: &Response<Incoming>) -> Option<Uri> {
    let reading = matches!(parts.method, Method::GET | Method::HEAD);
    match response.status() {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT | StatusCode::SEE_OTHER => {}
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if reading => {}
        _ => return None,
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let elsewhere = url::Url::parse(&parts.uri.to_string()).ok()?.join(location).ok()?;
    let safe = elsewhere.scheme() == "https" || (elsewhere.scheme() == "http" && parts.uri.scheme_str() == Some("http"));
    elsewhere.as_str().parse().ok().filter(|_| safe)
}

fn answer(asked: Uri, method: &Method, response: Response<Incoming>) -> Response<HttpBody> {
    let (mut parts, body) = response.into_parts();
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let length = length.filter(|_| *method != Method::HEAD && !parts.headers.contains_key(CONTENT_ENCODING));
    // Errors of services name it.
    parts.extensions.insert(asked);
    Response::from_parts(parts, HttpBody::new(Chunks { body, silence: None }, length))
}

/// The body of a request.
struct Pieces(Buffer);

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// The body of a response.
struct Chunks {
    body: Incoming,
    /// Runs while a piece is waited for, not while the reader takes its time.
    silence: Option<Pin<Box<Sleep>>>,
}

impl Stream for Chunks {
    type Item = opendal::Result<Buffer>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                let silence = self.silence.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + SILENCE)));
                ready!(silence.as_mut().poll(cx));
                return Poll::Ready(Some(Err(failure("the object store went silent in the middle of an answer"))));
            };
            self.silence = None;
            match frame {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(failure("an answer of the object store broke off").set_source(error)))),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) {
                        return Poll::Ready(Some(Ok(data.into())));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_a_mistake() {
        assert!(Transport::new(None).is_ok());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        assert_eq!(Transport::new(Some(&file)).err().unwrap().code(), codes::CONFIG, "there is none");
        std::fs::write(&file, "no certificate").unwrap();
        assert_eq!(Transport::new(Some(&file)).err().unwrap().code(), codes::CONFIG);
    }
}
