//! The least that an HTTP server does: hyper, in a process of its own, answering a fixed greeting.

use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Result;

/// A server process, which ends with this value.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    pub fn new(child: Child, address: SocketAddr) -> Self {
        Self { child, address }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program as the server.
pub fn start() -> Result<Process> {
    let mut child = Command::new(std::env::current_exe()?).arg("bare-hyper").stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
    Ok(Process::new(child, line.trim().parse()?))
}

/// Serves until it is ended.
pub async fn serve() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(hello)));
    }
}

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // The others read the body too.
    let _ = request.into_body().collect().await;
    let body = Full::new(Bytes::from_static(br#"{"success":true,"data":{"message":"Hello, bench!"}}"#));
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}
