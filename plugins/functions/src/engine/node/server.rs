//! Servers on loopback for what functions do over the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::super::tests::Function;
use crate::native::{Network, Policy};

/// A server, and what it saw.
#[derive(Clone)]
pub struct Server {
    pub port: u16,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    /// A client that went away before its answer.
    gone: Notify,
}

impl Server {
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub async fn client_went_away(&self) {
        self.seen.gone.notified().await;
    }

    /// An HTTP server.
    pub async fn http() -> Self {
        Self::new(|stream, seen| async move { serve(stream, &seen).await }).await
    }

    /// An HTTPS server with one of the certificates of this folder; with `client`, it asks for one.
    pub async fn https(certificate: &str, key: &str, client: bool) -> Self {
        let acceptor = acceptor(certificate, key, client);
        Self::new(move |stream, seen| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, &seen).await;
                }
            }
        })
        .await
    }

    /// One that sends back what it gets, in lines; `STARTTLS` begins TLS.
    pub async fn echo() -> Self {
        let acceptor = acceptor("server.pem", "server.key", false);
        Self::new(move |stream, _| {
            let acceptor = acceptor.clone();
            async move {
                if let Some(stream) = echo(stream).await
                    && let Ok(stream) = acceptor.accept(stream).await
                {
                    echo(stream).await;
                }
            }
        })
        .await
    }

    async fn new<F, Fut>(handle: F) -> Self
    where
        F: Fn(TcpStream, Arc<Seen>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(handle(stream, shared.clone()));
            }
        });
        Self { port, seen }
    }
}

/// A function that may connect to loopback.
pub fn on_loopback(code: &str) -> Function {
    Function::alone(code).within(loopback(&[]))
}

/// The network of loopback, with further trusted certificates.
pub fn loopback(certificates: &[u8]) -> Network {
    let allow = ["127.0.0.0/8", "::1"].map(str::to_owned);
    Network::new(Policy::new(&allow, &[]).unwrap(), certificates).unwrap()
}

pub fn pem(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine/node/certificates").join(name)).unwrap()
}

fn acceptor(certificate: &str, key: &str, client: bool) -> TlsAcceptor {
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem(certificate)).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&pem(key)).unwrap();
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = if client {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&pem("ca.pem")).unwrap()).unwrap();
        builder.with_client_cert_verifier(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    TlsAcceptor::from(Arc::new(builder.with_single_cert(certificates, key).unwrap()))
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Option<S> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => {
                let _ = stream.shutdown().await;
                return None;
            }
            Ok(_) if buffer.starts_with(b"STARTTLS") => {
                stream.write_all(b"go ahead\n").await.ok()?;
                return Some(stream);
            }
            Ok(count) => stream.write_all(&buffer[..count]).await.ok()?,
        }
    }
}

/// A request's head and body as they came.
struct Request {
    head: String,
    path: String,
    body: Vec<u8>,
}

async fn request<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lower = head.to_lowercase();
    let mut body = bytes.split_off(end);
    let path = head.split(' ').nth(1)?.to_owned();
    if path == "/unread" {
        return Some(Request { head, path, body });
    }
    if lower.contains("transfer-encoding: chunked") {
        while !body.ends_with(b"0\r\n\r\n") {
            if stream.read_buf(&mut body).await.ok()? == 0 {
                return None;
            }
        }
    } else if let Some(length) = lower.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()?.parse::<usize>().ok()) {
        while body.len() < length {
            if stream.read_buf(&mut body).await.ok()? == 0 {
                return None;
            }
        }
    }
    Some(Request { head, path, body })
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, seen: &Seen) {
    while let Some(request) = request(&mut stream).await {
        if answer(&mut stream, &request, seen).await.is_none() {
            return;
        }
    }
}

/// Answers; `None` ends the connection.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, request: &Request, seen: &Seen) -> Option<()> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let whole = |status: &str, headers: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let reply = match path {
        "/hello" => whole("200 Fine", "X-Two: 1\r\nX-Two: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: caf\u{e9}\r\n", b"hello"),
        "/head" => whole("200 OK", "Content-Type: text/plain\r\n", request.head.as_bytes()),
        "/body" => whole("200 OK", "", &request.body),
        "/redirect" => whole("302 Found", &format!("Location: {query}\r\n"), b""),
        "/status" => whole(query, "", b""),
        "/gzip" => whole("200 OK", "Content-Encoding: gzip\r\n", GZIP),
        "/wide" => whole("200 OK", &format!("X-Wide: {}\r\n", "w".repeat(200_000)), b""),
        "/garbage" => b"this is not HTTP\r\n\r\n".to_vec(),
        "/early" => [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_vec(), whole("200 OK", "", b"late")].concat(),
        "/trailers" => {
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 7\r\n\r\n".to_vec()
        }
        "/broken" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this").await.ok()?;
            return None;
        }
        "/nothing" => return None,
        "/slow" => {
            // The client's end is what this waits for.
            let mut rest = [0; 16];
            while matches!(stream.read(&mut rest).await, Ok(count) if count > 0) {}
            seen.gone.notify_one();
            return None;
        }
        "/endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
            let block = vec![b'x'; 65_536];
            while stream.write_all(&block).await.is_ok() {}
            seen.gone.notify_one();
            return None;
        }
        "/megabytes" => {
            let count: usize = query.parse().ok()?;
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", count << 20).as_bytes()).await.ok()?;
            let block = vec![b'x'; 1 << 20];
            for _ in 0..count {
                stream.write_all(&block).await.ok()?;
            }
            return Some(());
        }
        _ => whole("404 Not Found", "", b""),
    };
    stream.write_all(&reply).await.ok()
}

/// `{"packed":true}`
const GZIP: &[u8] = &[
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56, 0x2a, 0x48, 0x4c, 0xce, 0x4e, 0x4d, 0x51, 0xb2, 0x2a, 0x29, 0x2a, 0x4d, 0xad, 5, 0,
    0x89, 0xe0, 0xb5, 0xdc, 0x0f, 0, 0, 0,
];
