//! How requests reach the gateway: each over a connection of its own.
//!
//! A connection that was kept may have ended unseen, and then nobody knows whether a payment on it
//! was heard. There are few calls, so a handshake each is cheap.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sdk_plugin::{Error, Result, codes};
use tokio::time::timeout;

use crate::config::Config;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Sends requests.
pub enum Transport {
    /// Straight to the gateway.
    Direct(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    /// Through a proxy.
    Proxied(Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>),
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Missed {
    /// No connection: the gateway has heard nothing.
    NotSent(String),
    /// The gateway may have heard the request.
    Unanswered(String),
}

impl Transport {
    /// Trusts the public authorities, and those in a file.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the file or the proxy's address cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let tls = tls.with_safe_default_protocol_versions().map_err(Error::internal)?;
        let tls = tls.with_root_certificates(roots(config.roots.as_deref())?).with_no_client_auth();
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECTING));
        Ok(match &config.proxy {
            None => Self::Direct(builder().build(https.wrap_connector(tcp))),
            Some(proxy) => Self::Proxied(builder().build(https.wrap_connector(tunnel(proxy, tcp)?))),
        })
    }

    /// Sends a request and reads its answer within a time. Only `200 OK` is an answer.
    ///
    /// # Errors
    /// [`Missed`], with a reason for the log.
    pub async fn send(&self, request: Request<Full<Bytes>>, patience: Duration) -> Result<String, Missed> {
        let response = async {
            let sent = match self {
                Self::Direct(client) => client.request(request).await,
                Self::Proxied(client) => client.request(request).await,
            };
            let response = sent.map_err(|error| match error.is_connect() {
                true => Missed::NotSent(chain(&error)),
                false => Missed::Unanswered(chain(&error)),
            })?;
            body(response).await
        };
        timeout(patience, response).await.unwrap_or_else(|_| Err(Missed::Unanswered(format!("no answer within {patience:?}"))))
    }
}

async fn body(response: Response<Incoming>) -> Result<String, Missed> {
    let (parts, body) = response.into_parts();
    if parts.status != StatusCode::OK {
        return Err(Missed::Unanswered(format!("HTTP status {}", parts.status)));
    }
    let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| Missed::Unanswered(error.to_string()))?.to_bytes();
    String::from_utf8(body.into()).map_err(|_| Missed::Unanswered("the answer is not UTF-8".to_owned()))
}

/// A request is never sent twice.
fn builder() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_max_idle_per_host(0).retry_canceled_requests(false);
    builder
}

fn tunnel(proxy: &str, tcp: HttpConnector) -> Result<Tunnel<HttpConnector>> {
    let wrong = || Error::new(codes::CONFIG, "proxy must be like http://proxy.example.com:3128");
    let url = url::Url::parse(proxy).map_err(|_| wrong())?;
    let host = url.host_str().filter(|_| url.scheme() == "http").ok_or_else(wrong)?;
    let uri: Uri = format!("http://{host}:{}", url.port().unwrap_or(80)).parse().map_err(|_| wrong())?;
    let tunnel = Tunnel::new(uri, tcp);
    if url.username().is_empty() {
        return Ok(tunnel);
    }
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
    let mut header: HeaderValue = format!("Basic {}", STANDARD.encode(user)).parse().map_err(|_| wrong())?;
    header.set_sensitive(true);
    Ok(tunnel.with_auth(header))
}

fn roots(file: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(path) = file else { return Ok(roots) };
    let wrong = |what: String| Error::new(codes::CONFIG, format!("roots: {}: {what}", path.display()));
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
        roots.add(certificate.map_err(|e| wrong(e.to_string()))?).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.len() == before {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(roots)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_and_a_proxy_without_http_are_mistakes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        std::fs::write(&file, "no certificate").unwrap();
        assert!(Transport::new(&Config::default()).is_ok());
        let roots = Config { roots: Some(file), ..Config::default() };
        assert_eq!(Transport::new(&roots).err().unwrap().code(), codes::CONFIG);
        for (proxy, right) in [("http://a:3128", true), ("http://u:p@a", true), ("socks5://a:1", false), ("a:3128", false), ("", false)] {
            let config = Config { proxy: Some(proxy.to_owned()), ..Config::default() };
            assert_eq!(Transport::new(&config).is_ok(), right, "{proxy}");
        }
    }
}
