//! HTTPS requests to the gateways of platforms: over HTTP/1.1, through a proxy where there is one,
//! with bounds on their time and on the answer's size.
//!
//! A request is never sent twice, and no redirect is followed: who asks for money to be moved must
//! know whether the gateway can have heard of it ([`Failure`]). Each goes over a connection of its
//! own, since one that was kept may have ended unseen, and then nobody knows.

#![deny(missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sdk_plugin::{Error, Result, codes};
use tokio::time::timeout;

/// The largest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 1 << 20;
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);

/// Why there is no answer. Neither the request nor the address is part of it.
#[derive(Debug)]
pub enum Failure {
    /// No connection was made: the gateway has not heard of the request.
    NotSent(Box<dyn std::error::Error + Send + Sync>),
    /// The gateway may have done what was asked.
    Lost(Box<dyn std::error::Error + Send + Sync>),
}

/// Sends requests.
pub struct Outbound(Way);

enum Way {
    Straight(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    Proxied(Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>),
}

impl Outbound {
    /// Trusts the public authorities and those in a file (PEM), and goes through the HTTP proxy
    /// (`http://HOST:PORT`, or `http://USER:PASSWORD@HOST:PORT`) when there is one.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the file or the address of the proxy cannot be used.
    pub fn new(roots: Option<&Path>, proxy: Option<&str>) -> Result<Self> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let tls = tls.with_safe_default_protocol_versions().map_err(Error::internal)?;
        let tls = tls.with_root_certificates(trusted(roots)?).with_no_client_auth();
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECTING));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_max_idle_per_host(0).retry_canceled_requests(false);
        Ok(Self(match proxy {
            None => Way::Straight(builder.build(https.wrap_connector(tcp))),
            Some(proxy) => Way::Proxied(builder.build(https.wrap_connector(tunnel(proxy, tcp)?))),
        }))
    }

    /// Sends a request, and reads its answer.
    ///
    /// # Errors
    /// When there is no answer within `patience`, or it is larger than [`MAX_ANSWER`].
    pub async fn send(&self, request: Request<Bytes>, patience: Duration) -> Result<Response<Bytes>, Failure> {
        let request = request.map(Full::new);
        let exchange = async {
            let answer = match &self.0 {
                Way::Straight(client) => client.request(request).await,
                Way::Proxied(client) => client.request(request).await,
            };
            let answer = answer.map_err(|e| if e.is_connect() { Failure::NotSent(e.into()) } else { Failure::Lost(e.into()) })?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(Failure::Lost)?.to_bytes();
            Ok(Response::from_parts(parts, body))
        };
        timeout(patience, exchange).await.unwrap_or_else(|late| Err(Failure::Lost(late.into())))
    }
}

/// Checks the base address of a gateway, and takes its last slash off. Without TLS it can only be
/// on this machine.
///
/// # Errors
/// `InvalidConfiguration` naming the `key` of the TOML file.
pub fn base(key: &str, address: &str) -> Result<String> {
    let wrong = || Error::new(codes::CONFIG, format!("{key} must be an address such as \"https://gateway.example.com\""));
    let uri: Uri = address.parse().map_err(|_| wrong())?;
    let here = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let safe = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && here);
    let plain = uri.query().is_none() && !uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if safe && plain { Ok(address.trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

fn tunnel(proxy: &str, tcp: HttpConnector) -> Result<Tunnel<HttpConnector>> {
    let wrong = || Error::new(codes::CONFIG, "proxy must be an address such as \"http://proxy.example.com:3128\"");
    let uri: Uri = proxy.parse().map_err(|_| wrong())?;
    let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
    let (user, place) = authority.as_str().rsplit_once('@').unwrap_or(("", authority.as_str()));
    if authority.port_u16().is_none() {
        return Err(wrong());
    }
    let tunnel = Tunnel::new(format!("http://{place}").parse().map_err(|_| wrong())?, tcp);
    if user.is_empty() {
        return Ok(tunnel);
    }
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(user).collect();
    let mut header: HeaderValue = format!("Basic {}", STANDARD.encode(decoded)).parse().map_err(|_| wrong())?;
    header.set_sensitive(true);
    Ok(tunnel.with_auth(header))
}

fn trusted(file: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(path) = file else { return Ok(roots) };
    let wrong = |what: String| Error::new(codes::CONFIG, format!("roots: {}: {what}", path.display()));
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
        roots.add(certificate.map_err(|e| wrong(e.to_string()))?).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.len() == before { Err(wrong("there is no certificate in it".to_owned())) } else { Ok(roots) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
