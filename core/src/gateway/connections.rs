//! Connections: accepting them, TLS, HTTP/1.1 and HTTP/2, their limits, and an orderly end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use sdk_plugin::{Error, Result, codes};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::begun::Begun;
use super::{Gateway, routes, tls};
use crate::config;

/// A socket that listens, before anything is served on it.
pub struct Listening {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    /// The address, with the port that was picked.
    pub address: SocketAddr,
    /// The URL that clients reach it by.
    pub url: String,
}

/// The time a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// Opens the socket.
///
/// # Errors
/// `InvalidConfiguration` when the address is taken or the certificate cannot be used.
pub async fn listen(config: &config::Server) -> Result<Listening> {
    let tls = config.tls.as_ref().map(tls::load).transpose()?.map(TlsAcceptor::from);
    let listener = TcpListener::bind(config.listen).await.map_err(|e| {
        Error::new(codes::CONFIG, format!("cannot listen on {}: {e}; choose another with --listen or server.listen", config.listen))
    })?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = match config.public_url.as_deref() {
        Some(url) => url.trim_end_matches('/').to_owned(),
        // Nobody can connect to "any address", but whoever is on this machine can to this one.
        None if address.ip().is_unspecified() => {
            tracing::warn!("clients are told that the server is at localhost; set server.public_url to where they reach it");
            format!("{scheme}://localhost:{}", address.port())
        }
        None => format!("{scheme}://{address}"),
    };
    Ok(Listening { listener, tls, address, url })
}

impl Listening {
    /// Serves until `stop` is cancelled, then lets requests in flight end.
    pub async fn serve(self, gateway: Arc<Gateway>, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(gateway.limits.connections));
        let graceful = Arc::new(GracefulShutdown::new());
        let http = Arc::new(builder(&gateway));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.accept(&slots) => accepted,
            };
            let Some((stream, peer, slot)) = accepted else { continue };
            let (gateway, http, graceful, tls) = (gateway.clone(), http.clone(), graceful.watcher(), self.tls.clone());
            let stop = stop.clone();
            tokio::spawn(async move {
                let _slot = slot;
                gateway.metrics.connections.inc();
                match tls {
                    None => converse(TokioIo::new(stream), peer, &gateway, &http, graceful, &stop).await,
                    Some(tls) => match timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
                        Ok(Ok(stream)) => converse(TokioIo::new(stream), peer, &gateway, &http, graceful, &stop).await,
                        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                        Err(_) => tracing::debug!(%peer, "TLS handshake timed out"),
                    },
                }
                gateway.metrics.connections.dec();
            });
        }
        drop(self.listener);
        let patience = gateway.server.shutdown_timeout;
        if let Some(graceful) = Arc::into_inner(graceful)
            && timeout(patience, graceful.shutdown()).await.is_err()
        {
            tracing::warn!(?patience, "requests were still in flight when the server stopped");
        }
    }

    async fn accept(&self, slots: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let slot = slots.clone().acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                Some((stream, peer, slot))
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

fn builder(gateway: &Gateway) -> Builder<TokioExecutor> {
    let limits = &gateway.limits;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.headers.max(8192))
        .pipeline_flush(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.headers).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

async fn converse<IO>(
    io: TokioIo<IO>,
    peer: SocketAddr,
    gateway: &Arc<Gateway>,
    http: &Builder<TokioExecutor>,
    graceful: hyper_util::server::graceful::Watcher,
    stop: &CancellationToken,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let gateway = gateway.clone();
        async move { Ok::<_, Infallible>(routes::answer(gateway, request, peer).await) }
    });
    // hyper's own timer begins only after it has told HTTP/1 from HTTP/2 by the first bytes.
    let began = timeout(gateway.limits.header_timeout, Begun::read(io.into_inner()));
    let began = tokio::select! {
        () = stop.cancelled() => return,
        began = began => began,
    };
    let io = match began {
        Ok(Ok(io)) => TokioIo::new(io),
        Ok(Err(_)) => return,
        Err(_) => {
            tracing::debug!(%peer, "a connection sent no request in time");
            return;
        }
    };
    let connection = graceful.watch(http.serve_connection(io, service));
    if let Err(error) = connection.await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
