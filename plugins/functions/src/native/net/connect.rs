//! The one way by which functions get a TCP connection, with TLS or without.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::client::TlsStream;

use super::super::{Failure, Result, Value};
use super::tls::{Peer, Tls};
use super::{Sockets, errors, resolve};

/// How long one of several addresses may take before the next one is tried.
const NEXT_ADDRESS: Duration = Duration::from_secs(1);

/// The longest name or address of a host.
const MAX_HOST: usize = 1024;

/// Where a connection goes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host as the function wrote it.
    pub host: String,
    /// What to connect to instead of the host, if the function resolves names itself.
    pub address: Option<String>,
    /// The port.
    pub port: u16,
    /// 4, 6, or 0 for either.
    pub family: u32,
}

impl Target {
    /// The target of the options `host`, `port`, `family` and `address`.
    ///
    /// # Errors
    /// `ERR_SOCKET_BAD_PORT`.
    pub fn new(options: &Value) -> Result<Self> {
        let text = |key: &str| options.get(key).and_then(Value::as_str);
        let port = options.get("port").and_then(Value::as_number).filter(|port| port.fract() == 0.0 && (0.0..65536.0).contains(port));
        let port = port.ok_or_else(|| Failure::range_error("ERR_SOCKET_BAD_PORT", "Port should be >= 0 and < 65536"))?;
        let family = match options.get("family").and_then(Value::as_number) {
            Some(4.0) => 4,
            Some(6.0) => 6,
            _ => 0,
        };
        if [text("host"), text("address")].into_iter().flatten().any(|name| name.len() > MAX_HOST) {
            return Err(Failure::type_error("ERR_INVALID_ARG_VALUE", format!("a host has at most {MAX_HOST} characters")));
        }
        // The port is a whole number of 16 bits.
        Ok(Self {
            host: text("host").unwrap_or("localhost").to_owned(),
            address: text("address").map(str::to_owned),
            port: port as u16,
            family,
        })
    }
}

/// The end points of a connection.
#[derive(Clone, Debug)]
pub struct Ends {
    /// The server's.
    pub remote: SocketAddr,
    /// Ours, as far as it is known.
    pub local: Option<SocketAddr>,
}

/// A connection; it counts as one for as long as it lives.
pub enum Stream {
    /// TCP alone.
    Plain(TcpStream, OwnedSemaphorePermit),
    /// TLS.
    Secure(Box<TlsStream<TcpStream>>, OwnedSemaphorePermit),
}

/// Connects.
///
/// # Errors
/// `ERR_OUTBOUND_NOT_ALLOWED`, `ENOTFOUND`, `ECONNREFUSED` and others of the system; those of
/// certificates.
pub async fn connect(
    sockets: &Sockets,
    target: &Target,
    tls: Option<&Arc<Tls>>,
    permit: OwnedSemaphorePermit,
) -> Result<(Stream, Ends, Option<Peer>)> {
    let host = target.address.as_deref().unwrap_or(&target.host);
    let addresses = resolve::allowed(sockets, host, target.port, target.family).await?;
    let tcp = first(&addresses).await?;
    // Small writes go out at once, as in Node.js.
    let _ = tcp.set_nodelay(true);
    let remote = tcp.peer_addr().map_err(|error| errors::transfer(&error, "connect"))?;
    let ends = Ends { remote, local: tcp.local_addr().ok() };
    // The server's public address leads to whatever listens on all of its addresses.
    if ends.local.is_some_and(|local| local.ip() == remote.ip()) {
        sockets.network.policy.check_own(&target.host, remote.ip(), target.port)?;
    }
    match tls {
        None => Ok((Stream::Plain(tcp, permit), ends, None)),
        Some(tls) => {
            let (stream, peer) = tls.connect(tcp, &target.host).await?;
            Ok((Stream::Secure(Box::new(stream), permit), ends, Some(peer)))
        }
    }
}

async fn first(addresses: &[SocketAddr]) -> Result<TcpStream> {
    let mut failed = None;
    for (index, address) in addresses.iter().enumerate() {
        let connecting = TcpStream::connect(address);
        let connected = if index + 1 == addresses.len() {
            connecting.await
        } else {
            match tokio::time::timeout(NEXT_ADDRESS, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
            }
        };
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = Some(errors::connect(&error, *address)),
        }
    }
    Err(failed.unwrap_or_else(|| Failure::error("ENOTFOUND", "no address to connect to")))
}
