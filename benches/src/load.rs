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
    pub fn plain(name: &str, address: SocketAddr, body: &Value, proof: &'static str) -> Result<Self> {
        Ok(Self::new(name, address, vec![post(address, "/", body)?], proof))
    }

    /// Sends one of the requests, and gives the body of a right answer.
    pub async fn ask(&self, nth: usize) -> Result<Bytes> {
        let request = self.requests.get(nth % self.requests.len().max(1)).ok_or("there is nothing to ask")?;
        send(&mut connect(self.address).await?, request, self.proof).await
    }

    /// Requests a second of one turn, which has at least one request.
    pub async fn measure(&self, turn: Turn) -> Result<f64> {
        Ok(self.watch(turn).await?.rate)
    }

    /// One turn, with the time of each answer.
    pub async fn watch(&self, turn: Turn) -> Result<Measured> {
        // Connections begin at different requests, so that they do not ask for the same at once.
        let begin = |connection: usize| connection * 7919 % self.requests.len().max(1);
        self.walk((0..turn.connections).map(|connection| Walk { first: begin(connection), step: 1, turn }).collect()).await
    }

    /// Sends each request once, over some connections.
    pub async fn once(&self, connections: usize) -> Result<Measured> {
        let (count, turn) = (self.requests.len(), Turn::new(connections, Duration::MAX));
        let walk = |first: usize| {
            let times = u32::try_from((count - first).div_ceil(connections))?;
            Ok::<_, crate::Failure>(Walk { first, step: connections, turn: Turn { times, ..turn } })
        };
        self.walk((0..connections.min(count)).map(walk).collect::<Result<_>>()?).await
    }

    async fn walk(&self, walks: Vec<Walk>) -> Result<Measured> {
        let mut opened = Vec::with_capacity(walks.len());
        for walk in walks {
            opened.push((walk, connect(self.address).await?));
        }
        let begun = Instant::now();
        let tasks: Vec<_> = opened
            .into_iter()
            .map(|(walk, connection)| tokio::spawn(repeat(connection, self.requests.clone(), walk, self.proof, begun)))
            .collect();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await?.map_err(|e| format!("{}: {e}", self.name))?);
        }
        let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
        times.sort_unstable();
        Ok(Measured { rate, times })
    }
}

/// What one turn gave.
pub struct Measured {
    /// Requests a second.
    pub rate: f64,
    /// How long each answer took, the shortest first.
    times: Vec<Duration>,
}

impl Measured {
    /// The time that so many percent of the answers did not exceed, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let place = (self.times.len() * percent).div_ceil(100).saturating_sub(1);
        self.times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }
}

/// The requests that one connection sends.
#[derive(Clone, Copy)]
struct Walk {
    first: usize,
    step: usize,
    turn: Turn,
}

/// A POST of JSON.
pub fn post(address: SocketAddr, path: &str, body: &Value) -> Result<Request<Full<Bytes>>> {
    let request = Request::builder().method(Method::POST).uri(path).header(header::HOST, address.to_string());
    Ok(request.header(header::CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(body.to_string())))?)
}

/// Requests a second of several targets, measured by turns. Who fails is not measured further.
pub async fn compare(targets: &[Target], turn: Turn, rounds: usize) -> Vec<Series> {
    let mut series: Vec<Series> = targets.iter().map(|target| Series::new(&target.name)).collect();
    for (target, series) in targets.iter().zip(&mut series) {
        series.failure = target.measure(turn.at_most(Duration::from_secs(1))).await.err().map(|e| e.to_string());
    }
    for _ in 0..rounds {
        for (target, series) in targets.iter().zip(&mut series).filter(|(_, series)| series.failure.is_none()) {
            match target.measure(turn).await {
                Ok(rate) => series.figures.push(rate),
                Err(e) => series.failure = Some(e.to_string()),
            }
        }
    }
    for failure in series.iter().filter_map(|series| series.failure.as_ref()) {
        println!("{failure}");
    }
    series
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
    walk: Walk,
    proof: &'static str,
    begun: Instant,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for (answered, request) in (0u32..).zip(requests.iter().cycle().skip(walk.first).step_by(walk.step)) {
        if walk.turn.is_over(begun, answered) {
            break;
        }
        let sent = Instant::now();
        send(&mut connection, request, proof).await?;
        times.push(sent.elapsed());
    }
    Ok(times)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        let measured = Measured { rate: 1.0, times };
        assert_eq!([50, 99, 100].map(|percent| measured.percentile(percent).round()), [100.0, 198.0, 200.0]);
        assert!(Measured { rate: 1.0, times: Vec::new() }.percentile(50).is_nan());
    }
}
