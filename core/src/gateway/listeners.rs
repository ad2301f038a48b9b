//! The sockets that listen: opening them, accepting connections, and an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use sdk_plugin::contract::domains::Endpoint;
use sdk_plugin::{Error, Result, codes};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::connections::{Arrived, Http, converse};
use super::handshake::handshake;
use super::ports::Ports;
use super::tls::Tls;
use crate::config;

/// Sockets that listen, before anything is served on them.
pub struct Listening {
    sockets: Vec<Socket>,
    tls: Option<Arc<Tls>>,
    base_domain: String,
    ports: Ports,
    /// The URL that clients reach the server by.
    pub url: String,
    /// The URL of `server.https`.
    pub https: Option<String>,
}

struct Socket {
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
}

/// The time a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the sockets.
///
/// # Errors
/// `InvalidConfiguration` when an address is taken or the certificate cannot be used.
pub async fn listen(config: &config::Server) -> Result<Listening> {
    let tls = match (&config.tls, config.https) {
        (None, None) => None,
        (files, _) => Some(Arc::new(Tls::new(files.as_ref())?)),
    };
    let over = |secure: bool| tls.clone().filter(|_| secure);
    // Files without a listener of their own make the first one take HTTPS.
    let secure = config.tls.is_some() && config.https.is_none();
    let socket = Socket::open(config.listen, "--listen or server.listen", over(secure)).await?;
    let address = socket.address()?;
    let mut sockets = vec![socket];
    let mut listened = if secure { (None, Some(address.port())) } else { (Some(address.port()), None) };
    let mut https = None;
    if let Some(wanted) = config.https {
        let socket = Socket::open(wanted, "server.https", over(true)).await?;
        let address = socket.address()?;
        listened.1 = Some(address.port());
        https = Some(format!("https://{}", reachable(address)));
        sockets.push(socket);
    }
    let scheme = if secure { "https" } else { "http" };
    let url = match config.public_url.as_deref() {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            if address.ip().is_unspecified() {
                tracing::warn!("clients are told that the server is at localhost; set server.public_url to where they reach it");
            }
            format!("{scheme}://{}", reachable(address))
        }
    };
    let ports = Ports::of(config, listened.0, listened.1);
    Ok(Listening { sockets, tls, base_domain: config.base_domain.clone(), ports, url, https })
}

/// Host and port. Nobody can connect to "any address", but whoever is on this machine can to it.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}

/// The port of a URL, where it says one.
fn port(url: &str) -> Option<u16> {
    url.parse::<http::Uri>().ok()?.port_u16()
}

impl Socket {
    async fn open(address: SocketAddr, key: &str, tls: Option<Arc<Tls>>) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|e| Error::new(codes::CONFIG, format!("cannot listen on {address}: {e}; choose another with {key}")))?;
        Ok(Self { listener, tls })
    }

    fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().map_err(Error::internal)
    }

    async fn accept(&self) -> Option<(TcpStream, SocketAddr)> {
        match self.listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                Some((stream, peer))
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                // Out of file descriptors, most likely: wait for some to be closed.
                tokio::time::sleep(Duration::from_millis(50)).await;
                None
            }
        }
    }
}

/// What all connections share.
struct Serving {
    gateway: Arc<Gateway>,
    http: Http,
    slots: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Listening {
    /// Where the server is reached.
    pub fn endpoint(&self) -> Endpoint {
        let sites = match port(&self.url) {
            Some(port) => format!("{}:{port}", self.base_domain),
            None => self.base_domain.clone(),
        };
        Endpoint { http: self.url.clone(), sites, sites_secure: self.url.starts_with("https:"), https_port: self.ports.https }
    }

    /// The ports that people reach sites by.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Serves until `stop` is cancelled, then lets requests in flight end.
    pub async fn serve(self, gateway: Arc<Gateway>, stop: CancellationToken) {
        let files = self.tls.map(|tls| tokio::spawn(tls.follow_files(stop.clone())));
        let patience = gateway.server.shutdown_timeout;
        let graceful = GracefulShutdown::new();
        let (http, slots) = (Http::new(&gateway.limits), Arc::new(Semaphore::new(gateway.limits.connections)));
        let serving = Arc::new(Serving { gateway, http, slots, stop });
        join_all(self.sockets.iter().map(|socket| serving.clone().accept_all(socket, &graceful))).await;
        drop(self.sockets);
        if timeout(patience, graceful.shutdown()).await.is_err() {
            tracing::warn!(?patience, "requests were still in flight when the server stopped");
        }
        if let Some(files) = files {
            let _ = files.await;
        }
    }
}

impl Serving {
    async fn accept_all(self: Arc<Self>, socket: &Socket, graceful: &GracefulShutdown) {
        loop {
            // The place is taken after the connection, as a socket where nobody comes must not keep one.
            let accepted = async {
                let (stream, peer) = socket.accept().await?;
                Some((stream, peer, self.slots.clone().acquire_owned().await.ok()?))
            };
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = accepted => accepted,
            };
            let Some((stream, peer, slot)) = accepted else { continue };
            tokio::spawn(self.clone().serve(stream, peer, socket.tls.clone(), graceful.watcher(), slot));
        }
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        tls: Option<Arc<Tls>>,
        watcher: Watcher,
        _slot: OwnedSemaphorePermit,
    ) {
        let gateway = &self.gateway;
        gateway.metrics.connections.inc();
        match tls {
            None => converse(stream, Arrived::new(peer, false, None), gateway, &self.http, watcher, &self.stop).await,
            Some(tls) => {
                let handshake = handshake(stream, &tls, &gateway.certificates, gateway.domains.names());
                let handshake = tokio::select! {
                    () = self.stop.cancelled() => Ok(Ok(None)),
                    done = timeout(HANDSHAKE_TIMEOUT, handshake) => done,
                };
                match handshake {
                    Ok(Ok(Some(secured))) => {
                        let arrived = Arrived::new(peer, true, secured.name);
                        converse(secured.stream, arrived, gateway, &self.http, watcher, &self.stop).await;
                    }
                    Ok(Ok(None)) => {}
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                    Err(_) => tracing::debug!(%peer, "TLS handshake timed out"),
                }
            }
        }
        gateway.metrics.connections.dec();
    }
}
