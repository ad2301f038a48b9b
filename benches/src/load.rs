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
use crate::rounds::{Series, Turn};

/// A server, and the requests that it gets over and over.
pub struct Target {
    name: String,
    address: SocketAddr,
    requests: Arc<[Request<Full<Bytes>>]>,
    /// What every right answer contains.
    proof: &'static str,
}

impl Target {
    /// Requests as they are.
    pub fn new(name: &str, address: SocketAddr, requests: Vec<Request<Full<Bytes>>>, proof: &'static str) -> Self {
        Self { name: name.into(), address, requests: requests.into(), proof }
    }

    /// Requests of the client SDK, signed before the measurement.
    pub fn signed(name: &str, address: SocketAddr, wire: &Wire, requests: &[Signed], proof: &'static str) -> Result<Self> {
        let requests: Result<Vec<_>> = requests
            .iter()
            .map(|signed| {
                let mut request = post(address, "/client", &signed.body)?;
                request.headers_mut().insert("x-serverless-sign", HeaderValue::from_str(&signed.signature)?);
                request.headers_mut().insert("x-basement-token", HeaderValue::from_str(wire.token())?);
                Ok(request)
            })
            .collect();
        Ok(Self::new(name, address, requests?, proof))
    }

    /// A request as any client sends it.
    pub fn plain(name: &str, address: SocketAddr, body: &Value) -> Result<Self> {
        Ok(Self::new(name, address, vec![post(address, "/", body)?], "Hello, bench!"))
    }

    /// Sends one of the requests, and gives the body of a right answer.
    pub async fn ask(&self, nth: usize) -> Result<Bytes> {
        let request = self.requests.get(nth % self.requests.len().max(1)).ok_or("there is nothing to ask")?;
        send(&mut connect(self.address).await?, request, self.proof).await
    }

    /// Requests a second of one turn, which has at least one request.
    pub async fn measure(&self, turn: Turn) -> Result<f64> {
        let mut opened = Vec::with_capacity(turn.connections);
        for _ in 0..turn.connections {
            opened.push(connect(self.address).await?);
        }
        let begun = Instant::now();
        let tasks: Vec<_> = opened
            .into_iter()
            .enumerate()
            .map(|(first, connection)| tokio::spawn(repeat(connection, self.requests.clone(), first, self.proof, turn, begun)))
            .collect();
        let mut answered = 0u32;
        for task in tasks {
            answered += task.await?.map_err(|e| format!("{}: {e}", self.name))?;
        }
        Ok(f64::from(answered) / begun.elapsed().as_secs_f64())
    }
}

/// A POST of JSON.
pub fn post(address: SocketAddr, path: &str, body: &Value) -> Result<Request<Full<Bytes>>> {
    let request = Request::builder().method(Method::POST).uri(path).header(header::HOST, address.to_string());
    Ok(request.header(header::CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(body.to_string())))?)
}

/// Requests a second of several targets, measured by turns.
pub async fn compare(targets: &[Target], turn: Turn, rounds: usize) -> Result<Vec<Series>> {
    let mut series: Vec<Series> = targets.iter().map(|target| Series::new(&target.name)).collect();
    for target in targets {
        target.measure(turn.at_most(Duration::from_secs(1))).await?;
    }
    for _ in 0..rounds {
        for (target, series) in targets.iter().zip(&mut series) {
            series.figures.push(target.measure(turn).await?);
        }
    }
    Ok(series)
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn repeat(
    mut connection: SendRequest<Full<Bytes>>,
    requests: Arc<[Request<Full<Bytes>>]>,
    first: usize,
    proof: &'static str,
    turn: Turn,
    begun: Instant,
) -> Result<u32> {
    let mut answered = 0;
    // Connections begin at different requests, so that they do not ask for the same at once.
    for request in requests.iter().cycle().skip(first * 7919 % requests.len()) {
        if turn.is_over(begun, answered) {
            break;
        }
        send(&mut connection, request, proof).await?;
        answered += 1;
    }
    Ok(answered)
}

async fn send(connection: &mut SendRequest<Full<Bytes>>, request: &Request<Full<Bytes>>, proof: &str) -> Result<Bytes> {
    connection.ready().await?;
    let response = connection.send_request(request.clone()).await?;
    let (status, body) = (response.status(), response.into_body().collect().await?.to_bytes());
    if !status.is_success() || !body.windows(proof.len()).any(|window| window == proof.as_bytes()) {
        let shown: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        return Err(format!("{status} {shown}").into());
    }
    Ok(body)
}
