//! The proof by `verification.html`.
//!
//! The server fetches what a user names, so it must not be led into the operator's own network:
//! the addresses are looked up here, checked, and connected to as they are; no redirect is
//! followed.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use public_address::is_public;
use sdk_plugin::{Error, Result};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::VERIFICATION_FAILED;
use crate::config::Config;
use crate::dns::Resolver;
use crate::http::exchange;

const PATH: &str = "/verification.html";
/// The largest file, in bytes.
const MAX_FILE: usize = 4096;
/// How many addresses of a domain are tried.
const MAX_ADDRESSES: usize = 4;
/// How long an address has for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks whether a domain's file has the token.
///
/// # Errors
/// `DomainVerification.Failed` with what is wrong.
pub async fn check(resolver: &Resolver, config: &Config, domain: &str, token: &str) -> Result<()> {
    let failed = |what: &str| Err(Error::new(VERIFICATION_FAILED, format!("http://{domain}{PATH} must hold `{token}`, but {what}")));
    let addresses = resolver.addresses(domain).await?;
    if addresses.is_empty() {
        return failed("the domain has no address");
    }
    let allowed: Vec<_> = addresses.into_iter().filter(|address| config.allow_private || is_public(*address)).take(MAX_ADDRESSES).collect();
    if allowed.is_empty() {
        return failed("the domain's addresses are not on the public internet; the operator can allow them with allow_private");
    }
    let mut what = String::new();
    for address in allowed {
        match timeout(PATIENCE, fetch(SocketAddr::new(address, config.file_port), domain)).await {
            Ok(Ok(file)) if file.trim_ascii() == token.as_bytes() => return Ok(()),
            Ok(Ok(_)) => what = "the file has something else".to_owned(),
            Ok(Err(error)) => what = error,
            Err(_) => what = format!("there was no answer within {} s", PATIENCE.as_secs()),
        }
    }
    failed(&what)
}

/// The file that an address has of a domain, or why there is none.
async fn fetch(address: SocketAddr, domain: &str) -> Result<Bytes, String> {
    let stream = TcpStream::connect(address).await.map_err(|_| "its server cannot be connected to".to_owned())?;
    let host = if address.port() == 80 { domain.to_owned() } else { format!("{domain}:{}", address.port()) };
    let request = Request::get(PATH)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("mpcloud/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::new()))
        .map_err(|_| "the domain cannot be asked for".to_owned())?;
    let response = exchange(stream, request, MAX_FILE).await.map_err(|_| "the answer is too long or broken".to_owned())?;
    match response.status() {
        StatusCode::OK => match response.into_body().collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(never) => match never {},
        },
        status if status.is_redirection() => Err(format!("it is redirected (status {}), which is not followed", status.as_u16())),
        status => Err(format!("the status is {}", status.as_u16())),
    }
}
