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

/// The path of the file.
pub const PATH: &str = "/verification.html";
/// The largest file, in bytes.
const MAX_FILE: usize = 4096;
/// How many addresses of a domain are tried.
const MAX_ADDRESSES: usize = 4;
/// How long an address has for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was seen of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The token.
    Token,
    /// Not the token, which is said so by whoever knows.
    Other(String),
    /// Nothing that tells.
    Unclear(String),
}

/// Looks whether a domain's file has the token.
///
/// # Errors
/// `DomainVerification.Failed` with what is wrong.
pub async fn check(resolver: &Resolver, config: &Config, domain: &str, token: &str) -> Result<()> {
    match look(resolver, config, domain, PATH, token).await? {
        Seen::Token => Ok(()),
        Seen::Other(what) | Seen::Unclear(what) => {
            Err(Error::new(VERIFICATION_FAILED, format!("http://{domain}{PATH} must hold `{token}`, but {what}")))
        }
    }
}

/// What a domain has at a path in place of a token.
///
/// # Errors
/// `ServiceUnavailable` when the DNS cannot be asked.
pub async fn look(resolver: &Resolver, config: &Config, domain: &str, path: &str, token: &str) -> Result<Seen> {
    let addresses = resolver.addresses(domain).await?;
    if addresses.is_empty() {
        return Ok(Seen::Other("the domain has no address".to_owned()));
    }
    let allowed: Vec<_> = addresses.into_iter().filter(|address| config.allow_private || is_public(*address)).take(MAX_ADDRESSES).collect();
    if allowed.is_empty() {
        let what = "the domain's addresses are not on the public internet; the operator can allow them with allow_private";
        return Ok(Seen::Unclear(what.to_owned()));
    }
    let mut seen = Seen::Other(String::new());
    for address in allowed {
        let one = match timeout(PATIENCE, fetch(SocketAddr::new(address, config.file_port), domain, path)).await {
            Ok(Ok(file)) if file.trim_ascii() == token.as_bytes() => return Ok(Seen::Token),
            Ok(Ok(_)) => Seen::Other("the file has something else".to_owned()),
            Ok(Err(other)) => other,
            Err(_) => Seen::Unclear(format!("there was no answer within {} s", PATIENCE.as_secs())),
        };
        // What one address leaves open, another does not settle.
        if !matches!(seen, Seen::Unclear(_)) {
            seen = one;
        }
    }
    Ok(seen)
}

/// The file that an address has of a domain, or why there is none.
async fn fetch(address: SocketAddr, domain: &str, path: &str) -> Result<Bytes, Seen> {
    let unclear = |what: &str| Seen::Unclear(what.to_owned());
    let stream = TcpStream::connect(address).await.map_err(|_| unclear("its server cannot be connected to"))?;
    let host = if address.port() == 80 { domain.to_owned() } else { format!("{domain}:{}", address.port()) };
    let request = Request::get(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("mpcloud/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::new()))
        .map_err(|_| unclear("the domain cannot be asked for"))?;
    let response = exchange(stream, request, MAX_FILE).await.map_err(|_| unclear("the answer is too long or broken"))?;
    match response.status() {
        StatusCode::OK => match response.into_body().collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(never) => match never {},
        },
        status if status.is_redirection() => {
            Err(Seen::Unclear(format!("it is redirected (status {}), which is not followed", status.as_u16())))
        }
        // These say that there is nothing; others that it is not told, such as to whoever a proxy takes for a robot.
        status @ (StatusCode::NOT_FOUND | StatusCode::GONE) => Err(Seen::Other(format!("the status is {}", status.as_u16()))),
        status => Err(Seen::Unclear(format!("the status is {}", status.as_u16()))),
    }
}
