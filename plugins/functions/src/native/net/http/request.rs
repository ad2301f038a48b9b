//! A request: from the options that JavaScript gives to the response's head.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use hyper_util::rt::TokioIo;
use tokio::sync::{mpsc, oneshot};

use super::super::super::{Failure, Result, Value};
use super::super::connect::{self, Ends, Stream, Target};
use super::super::tls::{Peer, Tls};
use super::super::{Sockets, errors};
use super::Connection;
use super::body::{Body, Part};
use super::pool::Key;
use super::response::{Incoming, head};

/// The most bytes of a response's head, and of its trailers. Node.js has 16 KB; some servers send
/// more in cookies.
const MAX_HEAD: usize = 64 * 1024;
/// The most headers of a response; Node.js has as many.
const MAX_HEADERS: usize = 2000;
/// The most bytes of a request's head.
const MAX_REQUEST_HEAD: usize = 256 * 1024;
/// The most bytes of a method; a longer one is none.
const MAX_METHOD: usize = 64;
/// What a connection reads ahead.
const BUFFER: usize = 256 * 1024;
/// How much longer than the call a response may stay open.
const GRACE: Duration = Duration::from_millis(100);

/// A request that can be sent.
pub struct Request {
    message: http::Request<Body>,
    target: Target,
    tls: Option<Arc<Tls>>,
    agent: u32,
    keep: bool,
    connected: oneshot::Sender<Value>,
}

impl Request {
    /// The request of options, what its body is written to if that comes later, and what tells of
    /// its connection.
    pub fn new(options: &Value, sockets: &Sockets) -> Result<(Self, Option<mpsc::Sender<Part>>, oneshot::Receiver<Value>)> {
        let text = |key: &str| options.get(key).and_then(Value::as_str);
        let number = |key: &str| options.get(key).and_then(Value::as_number);
        let flag = |key: &str| options.get(key).and_then(Value::as_bool).unwrap_or(false);
        let target = Target::new(options)?;
        let tls = if flag("secure") { Some(sockets.tls(options.get("tls").unwrap_or(&Value::Undefined))?) } else { None };
        let (body, parts) = match options.get("body") {
            Some(Value::Bytes(bytes)) => (Body::Whole(Some(Bytes::from(super::part(bytes)?))), None),
            _ if flag("streaming") => {
                let length = number("length").filter(|length| *length >= 0.0).map(|length| length as u64);
                let (body, parts) = Body::later(length);
                (body, Some(parts))
            }
            _ => (Body::Whole(None), None),
        };
        let mut message = http::Request::new(body);
        let method = text("method").filter(|method| method.len() <= MAX_METHOD).unwrap_or("GET");
        *message.method_mut() = Method::from_bytes(method.as_bytes())
            .map_err(|_| Failure::type_error("ERR_INVALID_HTTP_TOKEN", "Method must be a valid HTTP token"))?;
        *message.uri_mut() = uri(text("path").unwrap_or("/"))?;
        *message.headers_mut() = headers(options.get("headers").unwrap_or(&Value::Undefined))?;
        if !message.headers().contains_key(HOST) {
            let value = HeaderValue::from_str(&target.host).map_err(|_| invalid_header("host"))?;
            message.headers_mut().insert(HOST, value);
        }
        let keep = flag("keepAlive");
        if !keep && !message.headers().contains_key(CONNECTION) {
            message.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let (connected, told) = oneshot::channel();
        let agent = number("agent").map_or(0, |agent| agent as u32);
        Ok((Self { message, target, tls, agent, keep, connected }, parts, told))
    }

    /// Sends the request, over a connection that is there or a new one.
    pub async fn send(self, sockets: &Sockets, deadline: Instant, incoming: Incoming) -> Result {
        let Self { mut message, target, tls, agent, keep, connected } = self;
        let key = Key { target, tls: tls.as_ref().map_or(0, |tls| tls.id), agent };
        let mut connected = Some(connected);
        loop {
            let waiting = if keep { sockets.pool.take(&key) } else { None };
            let reused = waiting.is_some();
            let mut connection = match waiting {
                Some(connection) => connection,
                None => open(sockets, &key.target, tls.as_ref()).await?,
            };
            if let Some(connected) = connected.take() {
                // Nobody listens, mostly.
                let _ = connected.send(connection.about.as_ref().clone());
            }
            let aborting = Aborting(Some(connection.task.clone()));
            let response = match connection.sender.try_send_request(message).await {
                Ok(response) => response,
                Err(mut error) => match error.take_message() {
                    // The server closed the idle connection before it saw the request.
                    Some(unsent) if reused => {
                        message = unsent;
                        continue;
                    }
                    _ => return Err(errors::http(error.error())),
                },
            };
            aborting.disarm();
            let (parts, body) = response.into_parts();
            let keep_for = if keep { keep_alive(&parts.headers) } else { Some(Duration::ZERO) };
            let value = head(&parts, &connection.about, reused);
            let pool = sockets.pool.clone();
            tokio::spawn(async move {
                // Ready when the body has been read, or dropped and the rest of it is short.
                match tokio::time::timeout_at((deadline + GRACE).into(), connection.sender.ready()).await {
                    Ok(Ok(())) if keep_for != Some(Duration::ZERO) => pool.put(key, connection, keep_for),
                    Ok(_) => {}
                    Err(_) => connection.task.abort(),
                }
            });
            incoming.fill(body);
            return Ok(value);
        }
    }
}

/// Closes a connection when the request is given up before its response.
struct Aborting(Option<tokio::task::AbortHandle>);

impl Aborting {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Aborting {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn open(sockets: &Sockets, target: &Target, tls: Option<&Arc<Tls>>) -> Result<Connection> {
    let permit = sockets.permit().await?;
    let (stream, ends, peer) = connect::connect(sockets, target, tls, permit).await?;
    let about = Arc::new(about(&ends, peer.as_ref()));
    let (sender, task) = match stream {
        Stream::Plain(stream, permit) => handshake(stream, permit).await?,
        Stream::Secure(stream, permit) => handshake(*stream, permit).await?,
    };
    Ok(Connection { sender, task, about })
}

async fn handshake<S>(stream: S, permit: tokio::sync::OwnedSemaphorePermit) -> Result<(super::Sender, tokio::task::AbortHandle)>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(BUFFER).max_header_size(MAX_HEAD).max_headers(MAX_HEADERS).title_case_headers(true);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| errors::http(&error))?;
    let task = tokio::spawn(async move {
        // Its errors reach the request.
        let _ = connection.await;
        drop(permit);
    });
    Ok((sender, task.abort_handle()))
}

/// What JavaScript's socket shows.
pub fn about(ends: &Ends, peer: Option<&Peer>) -> Value {
    let mut entries = vec![
        ("remoteAddress".to_owned(), Value::from(ends.remote.ip().to_string())),
        ("remotePort".to_owned(), u32::from(ends.remote.port()).into()),
        ("remoteFamily".to_owned(), if ends.remote.is_ipv6() { "IPv6" } else { "IPv4" }.into()),
    ];
    if let Some(local) = ends.local {
        // The host's own address is not a function's business.
        entries.push(("localPort".to_owned(), u32::from(local.port()).into()));
    }
    if let Some(peer) = peer {
        entries.push(("authorized".to_owned(), peer.rejected.is_none().into()));
        entries.push(("authorizationError".to_owned(), peer.rejected.map_or(Value::Null, Value::from)));
        entries.push(("certificate".to_owned(), peer.certificate.clone().into()));
        entries.push(("protocol".to_owned(), peer.protocol.into()));
        entries.push(("cipher".to_owned(), peer.cipher.as_str().into()));
        entries.push(("alpn".to_owned(), peer.alpn.clone().into()));
    }
    Value::Map(entries)
}

/// How long the server keeps the connection, if it says so; a second less, for the way there.
fn keep_alive(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = value.split(',').find_map(|part| part.trim().strip_prefix("timeout=")?.trim().parse::<u64>().ok())?;
    Some(Duration::from_secs(seconds.saturating_sub(1)))
}

/// Headers of a list of names and values by turns, each character a byte.
pub fn headers(list: &Value) -> Result<HeaderMap> {
    let Value::List(items) = list else { return Ok(HeaderMap::new()) };
    let mut headers = HeaderMap::with_capacity(items.len() / 2);
    let mut size = 0;
    for pair in items.chunks_exact(2) {
        let [name, value] = pair else { continue };
        let name = name.as_str().unwrap_or_default();
        let value = latin1(value.as_str().unwrap_or_default()).ok_or_else(|| invalid_header(name))?;
        size += name.len() + value.len();
        if size > MAX_REQUEST_HEAD {
            return Err(Failure::range_error("ERR_OUT_OF_RANGE", format!("the headers have more than {MAX_REQUEST_HEAD} bytes")));
        }
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Failure::type_error("ERR_INVALID_HTTP_TOKEN", format!("Header name must be a valid HTTP token [\"{name}\"]")))?;
        let value = HeaderValue::from_bytes(&value).map_err(|_| invalid_header(name))?;
        headers.try_append(key, value).map_err(|_| Failure::range_error("ERR_OUT_OF_RANGE", "there are too many headers"))?;
    }
    Ok(headers)
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn invalid_header(name: &str) -> Failure {
    Failure::type_error("ERR_INVALID_CHAR", format!("Invalid character in header content [\"{name}\"]"))
}

/// A path, with what a URI cannot hold encoded. A whole URL is for proxies.
fn uri(path: &str) -> Result<Uri> {
    if let Ok(uri) = Uri::try_from(path) {
        return Ok(uri);
    }
    let mut encoded = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        if byte <= b' ' || byte >= 0x7f || b"\"<>\\^`{|}".contains(&byte) {
            encoded.push_str(&format!("%{byte:02X}"));
        } else {
            encoded.push(char::from(byte));
        }
    }
    Uri::try_from(encoded).map_err(|_| Failure::type_error("ERR_UNESCAPED_CHARACTERS", "Request path contains unescaped characters"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_bytes_and_nothing_is_smuggled_in_them() {
        let list = |items: &[&str]| Value::List(items.iter().map(|item| Value::from(*item)).collect());
        let map = headers(&list(&["X-A", "caf\u{e9}", "x-a", "2"])).unwrap();
        assert_eq!(map.get_all("x-a").iter().map(HeaderValue::as_bytes).collect::<Vec<_>>(), [&b"caf\xe9"[..], b"2"]);
        for (name, value, code) in [
            ("a b", "1", "ERR_INVALID_HTTP_TOKEN"),
            ("a", "x\r\ny: z", "ERR_INVALID_CHAR"),
            ("a", "中", "ERR_INVALID_CHAR"),
            ("a\r\nb", "1", "ERR_INVALID_HTTP_TOKEN"),
        ] {
            assert_eq!(headers(&list(&[name, value])).unwrap_err().code, code);
        }
        assert_eq!(headers(&list(&["a", &"x".repeat(MAX_REQUEST_HEAD)])).unwrap_err().code, "ERR_OUT_OF_RANGE");
    }

    #[test]
    fn paths_are_made_fit() {
        assert_eq!(uri("/a?b=1").unwrap().to_string(), "/a?b=1");
        assert_eq!(uri("/a<b>?c=^").unwrap().path(), "/a%3Cb%3E");
        assert_eq!(uri("http://a.cn/x").unwrap().host(), Some("a.cn"));
    }
}
