//! A client that is told which name to send to TLS, which host to ask for, and what else to say.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client {
    runtime: Runtime,
    http: String,
    https: String,
    roots: RootCertStore,
}

/// An answer as far as tests look at it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: hyper::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of text"))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// A connection over TLS, for requests one after another.
pub struct Secure {
    sender: Sender,
    pub certificate: CertificateDer<'static>,
    pub protocol: Vec<u8>,
}

enum Sender {
    One(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Two(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

type Stream = TlsStream<tokio::net::TcpStream>;

impl Client {
    pub fn new(http: &str, https: &str, roots: RootCertStore) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        Self { runtime, http: http.to_owned(), https: https.to_owned(), roots }
    }

    /// A handshake that names a host and offers protocols.
    pub fn handshake(&self, name: &str, protocols: &[&[u8]]) -> std::io::Result<Stream> {
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions of TLS");
        let mut config = config.with_root_certificates(self.roots.clone()).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).expect("a server name");
        self.runtime.block_on(async {
            let connect = async {
                let stream = tokio::net::TcpStream::connect(&self.https).await?;
                TlsConnector::from(Arc::new(config)).connect(name, stream).await
            };
            tokio::time::timeout(PATIENCE, connect).await.expect("the handshake ends in time")
        })
    }

    /// The alert that a handshake ends with.
    #[track_caller]
    pub fn refused(&self, name: &str, protocols: &[&[u8]]) -> AlertDescription {
        let error = self.handshake(name, protocols).expect_err("the handshake is refused");
        match error.get_ref().and_then(|error| error.downcast_ref()) {
            Some(rustls::Error::AlertReceived(alert)) => *alert,
            _ => panic!("{error:?}"),
        }
    }

    /// The certificate that a handshake is answered with.
    #[track_caller]
    pub fn certificate(&self, name: &str, protocols: &[&[u8]]) -> CertificateDer<'static> {
        peer(&self.handshake(name, protocols).expect("a handshake"))
    }

    /// A connection for HTTP.
    #[track_caller]
    pub fn secure(&self, name: &str, protocols: &[&[u8]]) -> Secure {
        let stream = self.handshake(name, protocols).expect("a handshake");
        let (certificate, protocol) = (peer(&stream), stream.get_ref().1.alpn_protocol().unwrap_or_default().to_vec());
        let io = TokioIo::new(stream);
        let sender = self.runtime.block_on(async {
            if protocol == b"h2" {
                let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("HTTP/2");
                tokio::spawn(connection);
                Sender::Two(sender)
            } else {
                let (sender, connection) = hyper::client::conn::http1::handshake(io).await.expect("HTTP/1.1");
                tokio::spawn(connection);
                Sender::One(sender)
            }
        });
        Secure { sender, certificate, protocol }
    }

    /// Asks over a connection for a host.
    #[track_caller]
    pub fn ask(&self, connection: &mut Secure, host: &str, path: &str) -> Answer {
        self.runtime.block_on(async {
            let sent = async {
                let request = Request::builder();
                match &mut connection.sender {
                    Sender::One(sender) => {
                        let request = request.uri(path).header("host", host).body(Full::default()).expect("a request");
                        read(sender.send_request(request).await.expect("an answer")).await
                    }
                    Sender::Two(sender) => {
                        let request = request.uri(format!("https://{host}{path}")).body(Full::default()).expect("a request");
                        read(sender.send_request(request).await.expect("an answer")).await
                    }
                }
            };
            tokio::time::timeout(PATIENCE, sent).await.expect("an answer in time")
        })
    }

    /// Asks for a host over a connection of its own with TLS.
    #[track_caller]
    pub fn get_secure(&self, host: &str, path: &str) -> Answer {
        self.ask(&mut self.secure(host, &[b"http/1.1"]), host, path)
    }

    /// Sends a request of HTTP/1.1 with these headers, in which nothing is added.
    #[track_caller]
    pub fn plain(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.raw(&format!("{method} {target} HTTP/1.1\r\n{headers}connection: close\r\n\r\n"))
    }

    /// Asks for a host over HTTP.
    #[track_caller]
    pub fn get(&self, host: &str, path: &str) -> Answer {
        self.plain("GET", path, &[("host", host)])
    }

    /// Sends text, and reads an answer up to the end of the connection.
    #[track_caller]
    pub fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.http).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("an answer");
        let text = String::from_utf8(all).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok()).expect("a status");
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect();
        Answer { status, headers, body: body.to_owned() }
    }
}

fn peer(stream: &Stream) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().and_then(<[_]>::first).expect("a certificate").clone().into_owned()
}

async fn read(response: Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: String::from_utf8(body.to_vec()).expect("text") }
}
