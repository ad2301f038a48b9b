//! A small load generator: connections on loopback, each with one request in flight.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::{Signed, Wire};
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Result;
use crate::rounds::Series;

/// A server, and the requests that it gets over and over.
pub struct Target {
    name: String,
    address: SocketAddr,
    requests: Arc<[Request<Full<Bytes>>]>,
    /// What every right answer contains.
    proof: &'static [u8],
}

impl Target {
    /// Requests of the client SDK, signed before the measurement.
    pub fn signed(name: &str, address: SocketAddr, wire: &Wire, requests: &[Signed]) -> Result<Self> {
        let requests: Result<Vec<_>> = requests
            .iter()
            .map(|signed| {
                let mut request = post(address, "/client", &signed.body)?;
                request.headers_mut().insert("x-serverless-sign", HeaderValue::from_str(&signed.signature)?);
                request.headers_mut().insert("x-basement-token", HeaderValue::from_str(wire.token())?);
                Ok(request)
            })
            .collect();
        Ok(Self { name: name.into(), address, requests: requests?.into(), proof: br#""success":true"# })
    }

    /// A request as any client sends it.
    pub fn plain(name: &str, address: SocketAddr, body: &Value) -> Result<Self> {
        let request = post(address, "/", body)?;
        Ok(Self { name: name.into(), address, requests: Arc::new([request]), proof: b"Hello, bench!" })
    }
}

fn post(address: SocketAddr, path: &str, body: &Value) -> Result<Request<Full<Bytes>>> {
    let request = Request::builder().method(Method::POST).uri(path).header(header::HOST, address.to_string());
    Ok(request.header(header::CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(body.to_string())))?)
}

/// Requests a second of several targets, measured by turns.
pub async fn compare(targets: &[Target], connections: usize, turn: Duration, rounds: usize) -> Result<Vec<Series>> {
    let mut series: Vec<Series> = targets.iter().map(|target| Series::new(&target.name)).collect();
    for target in targets {
        measure(target, connections, turn.min(Duration::from_secs(1))).await?;
    }
    for _ in 0..rounds {
        for (target, series) in targets.iter().zip(&mut series) {
            series.figures.push(measure(target, connections, turn).await?);
        }
    }
    Ok(series)
}

/// Requests a second of one turn.
pub async fn measure(target: &Target, connections: usize, turn: Duration) -> Result<f64> {
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(connect(target.address).await?);
    }
    let begun = Instant::now();
    let tasks: Vec<_> = opened
        .into_iter()
        .enumerate()
        .map(|(first, connection)| tokio::spawn(request(connection, target.requests.clone(), first, target.proof, begun + turn)))
        .collect();
    let mut answered = 0u32;
    for task in tasks {
        answered += task.await?.map_err(|e| format!("{}: {e}", target.name))?;
    }
    Ok(f64::from(answered) / begun.elapsed().as_secs_f64())
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn request(
    mut connection: SendRequest<Full<Bytes>>,
    requests: Arc<[Request<Full<Bytes>>]>,
    first: usize,
    proof: &'static [u8],
    until: Instant,
) -> Result<u32> {
    let mut answered = 0;
    // Connections begin at different requests, so that they do not ask for the same at once.
    for request in requests.iter().cycle().skip(first * 7919 % requests.len()) {
        if Instant::now() >= until {
            break;
        }
        connection.ready().await?;
        let response = connection.send_request(request.clone()).await?;
        let (status, body) = (response.status(), response.into_body().collect().await?.to_bytes());
        if !status.is_success() || !body.windows(proof.len()).any(|window| window == proof) {
            return Err(format!("{status} {}", String::from_utf8_lossy(&body)).into());
        }
        answered += 1;
    }
    Ok(answered)
}
