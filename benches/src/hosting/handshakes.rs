//! Ten thousand domains, each with a certificate: how many handshakes there are in a second, and
//! what memory that takes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use e2e::Server;

use super::authority::Authority;
use super::servers::nginx;
use super::{https, with_tls};
use crate::Result;
use crate::rounds::Turn;

/// How many domains there are.
pub const DOMAINS: usize = 10_000;
/// How many connections set up the domains.
const SETTERS: usize = 8;

/// What was measured.
pub struct Handshakes {
    /// How long the domains took to be set up.
    pub setup: Duration,
    /// Resident memory of the server: before, with all certificates stored, and used, in bytes.
    pub memory: [u64; 3],
    /// Handshakes a second, each with its name.
    pub rates: Vec<(&'static str, f64)>,
}

fn name(number: usize) -> String {
    format!("d{number}.bench.example")
}

pub fn measure(runtime: &Runtime, turn: Turn) -> Result<Handshakes> {
    let authority = Authority::new()?;
    let server = with_tls();
    let space = server.space("bench");
    let before = server.resident();
    let begun = Instant::now();
    set_up(&server, &space.id, &authority)?;
    let setup = begun.elapsed();
    let stored = server.resident();

    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone())?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    // Whoever resumes a session shakes hands for less.
    config.resumption = Resumption::disabled();
    let client = Client { connector: TlsConnector::from(Arc::new(config)), turn };
    let address = https(&server)?;
    let mut rates = vec![("each of 10,000 names once, none of them known to the node", runtime.block_on(client.once(address))?)];
    rates.push(("10,000 names at random", runtime.block_on(client.random(address, DOMAINS))?));
    let used = server.resident();
    rates.push(("one name of 10,000", runtime.block_on(client.random(address, 1))?));
    drop(server);

    let folder = tempfile::tempdir()?;
    let other = nginx(folder.path(), &name(0), &authority.issue(&name(0))?)?;
    rates.push(("nginx, which has one name", runtime.block_on(client.random(other.https, 1))?));
    Ok(Handshakes { setup, memory: [before, stored, used], rates })
}

/// Binds all domains, and gives each its certificate.
fn set_up(server: &Server, space: &str, authority: &Authority) -> Result {
    let next = AtomicUsize::new(0);
    let work = || -> Result {
        let management = server.management();
        let call = |method: &str, params: &Value| -> Result {
            let answer = management.act("CallMethod", &[("SpaceId", space), ("Method", method), ("Params", &params.to_string())]);
            if answer.status == 200 { Ok(()) } else { Err(format!("{method}: {}", answer.json()).into()) }
        };
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= DOMAINS {
                return Ok(());
            }
            call("core.domains.put", &json!({"host": name(number), "service": "hosting"}))?;
            call("core.certificates.put", &authority.issue(&name(number))?.upload(&name(number)))?;
        }
    };
    thread::scope(|scope| {
        let setters: Vec<_> = (0..SETTERS).map(|_| scope.spawn(work)).collect();
        setters.into_iter().try_for_each(|setter| setter.join().map_err(|_| "a thread ended early")?)
    })
}

/// Shakes hands, over new connections.
#[derive(Clone)]
struct Client {
    connector: TlsConnector,
    turn: Turn,
}

impl Client {
    async fn shake(&self, address: SocketAddr, number: usize) -> Result {
        let name = ServerName::try_from(name(number))?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut stream = self.connector.connect(name, stream).await?;
        stream.shutdown().await?;
        Ok(())
    }

    /// One handshake for each name.
    async fn once(&self, address: SocketAddr) -> Result<f64> {
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        self.all(|client| {
            let next = next.clone();
            async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= DOMAINS {
                        return Ok(0);
                    }
                    client.shake(address, number).await?;
                }
            }
        })
        .await?;
        Ok(DOMAINS as f64 / begun.elapsed().as_secs_f64())
    }

    /// Handshakes for names at random, for one turn.
    async fn random(&self, address: SocketAddr, names: usize) -> Result<f64> {
        let begun = Instant::now();
        let begin = AtomicUsize::new(1);
        let count = self
            .all(|client| {
                let mut state = (begin.fetch_add(1, Ordering::Relaxed) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                async move {
                    let mut count = 0_u32;
                    while !client.turn.is_over(begun, count) {
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        client.shake(address, usize::try_from(state >> 33)? % names).await?;
                        count += 1;
                    }
                    Ok(count)
                }
            })
            .await?;
        Ok(f64::from(count) / begun.elapsed().as_secs_f64())
    }

    /// Runs something once for each connection at a time, and sums up.
    async fn all<F: Future<Output = Result<u32>> + Send + 'static>(&self, work: impl Fn(Self) -> F) -> Result<u32> {
        let tasks: Vec<_> = (0..self.turn.connections).map(|_| tokio::spawn(work(self.clone()))).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await??;
        }
        Ok(sum)
    }
}
