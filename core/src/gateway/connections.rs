//! Connections: HTTP/1.1 and HTTP/2 on them, and their limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::begun::Begun;
use super::{Gateway, routes};

/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// How the requests of a connection arrive.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The other side.
    pub peer: SocketAddr,
    /// Whether they come over TLS.
    pub secure: bool,
    /// The host that the TLS handshake named.
    pub name: Option<Arc<str>>,
}

/// HTTP within the limits.
pub fn builder(gateway: &Gateway) -> Builder<TokioExecutor> {
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

/// Answers the requests of a connection until it ends, or the server does.
pub async fn converse<IO>(
    io: IO,
    arrived: Arrived,
    gateway: &Arc<Gateway>,
    http: &Builder<TokioExecutor>,
    graceful: Watcher,
    stop: &CancellationToken,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = arrived.peer;
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (gateway, arrived) = (gateway.clone(), arrived.clone());
        async move { Ok::<_, Infallible>(routes::answer(gateway, request, arrived).await) }
    });
    // hyper's own timer begins only after it has told HTTP/1 from HTTP/2 by the first bytes.
    let began = timeout(gateway.limits.header_timeout, Begun::read(io));
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
