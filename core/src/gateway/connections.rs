//! Connections: HTTP/1.1 and HTTP/2 on them, and their limits.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryFutureExt;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::begun::Begun;
use super::corked::uncorked;
use super::deadlines::Deadlines;
use super::eager::Eager;
use super::{Gateway, routes};
use crate::config::Limits;

/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// How the requests of a connection arrive.
#[derive(Debug)]
pub struct Arrived {
    /// The other side.
    pub peer: SocketAddr,
    /// Its IP address, as plugins are told.
    pub ip: String,
    /// Whether they come over TLS.
    pub secure: bool,
    /// The host that the TLS handshake named.
    pub name: Option<String>,
}

impl Arrived {
    /// Requests of a peer, over TLS with a handshake that may have named a host, or without TLS.
    pub fn new(peer: SocketAddr, secure: bool, name: Option<String>) -> Self {
        Self { peer, ip: peer.ip().to_string(), secure, name }
    }
}

/// Both versions of HTTP, within the limits.
pub struct Http {
    one: http1::Builder,
    two: http2::Builder<Eager>,
}

impl Http {
    /// HTTP within these limits.
    pub fn new(limits: &Limits) -> Self {
        let mut one = http1::Builder::new();
        // Without `pipeline_flush`, which copies bodies and reads them on although nobody takes them.
        one.header_read_timeout(limits.header_timeout).max_buf_size(limits.headers.max(8192));
        let mut two = http2::Builder::new(Eager);
        two.timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(limits.headers).unwrap_or(u32::MAX))
            .max_concurrent_streams(MAX_STREAMS)
            .keep_alive_interval(Some(Duration::from_secs(30)))
            .keep_alive_timeout(Duration::from_secs(20));
        Self { one, two }
    }

    /// HTTP/1.1 for a new connection.
    fn one(&self) -> http1::Builder {
        let mut one = self.one.clone();
        one.timer(Deadlines::default());
        one
    }
}

/// Answers the requests of a connection until it ends, or the server does.
pub async fn converse<IO>(io: IO, arrived: Arrived, gateway: &Arc<Gateway>, http: &Http, graceful: Watcher, stop: &CancellationToken)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (peer, arrived) = (arrived.peer, Arc::new(arrived));
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
        Ok(Ok(io)) => io,
        Ok(Err(_)) => return,
        Err(_) => {
            tracing::debug!(%peer, "a connection sent no request in time");
            return;
        }
    };
    let ended: Result<(), Box<dyn StdError + Send + Sync>> = if io.is_http2() {
        let serve = |io| graceful.watch(http.two.serve_connection(TokioIo::new(io), service)).map_err(Into::into);
        uncorked(io, serve).await
    } else {
        graceful.watch(http.one().serve_connection(TokioIo::new(io), service)).await.map_err(Into::into)
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};
    use http::Response;
    use sdk_plugin::Body;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::super::outgoing::Outgoing;
    use super::*;

    const CHUNK: usize = 64 << 10;
    const CHUNKS: usize = 1000;

    #[tokio::test]
    async fn no_more_of_a_body_is_read_than_the_client_takes() {
        let (near, mut far) = duplex(CHUNK);
        let read = Arc::new(AtomicUsize::new(0));
        let counted = read.clone();
        let service = service_fn(move |_: hyper::Request<Incoming>| {
            let counted = counted.clone();
            let chunks = stream::iter(0..CHUNKS).map(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                Ok(Bytes::from_static(&[7; CHUNK]))
            });
            let body = Outgoing::new(Body::from_stream(chunks).with_length((CHUNK * CHUNKS) as u64));
            async move { Ok::<_, Infallible>(Response::new(body)) }
        });
        far.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        let serving = tokio::spawn(Http::new(&Limits::default()).one().serve_connection(TokioIo::new(near), service));
        let mut head = [0; 17];
        far.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK\r\n");
        // The connection has been polled, and waits for its client now.
        let (before, taken) = (read.load(Ordering::Relaxed), 10);
        assert!(before <= 4, "{before} chunks were read for a client that took none");
        let mut some = vec![0; CHUNK * taken];
        far.read_exact(&mut some).await.unwrap();
        let after = read.load(Ordering::Relaxed);
        assert!((taken..=taken + 4).contains(&after), "{after} chunks were read for a client that took {taken}");
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).await.unwrap();
        assert!(rest.ends_with(&[7; CHUNK]));
        assert_eq!(read.load(Ordering::Relaxed), CHUNKS);
        serving.await.unwrap().unwrap();
    }
}
