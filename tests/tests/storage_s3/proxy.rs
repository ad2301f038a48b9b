//! A network that fails: connections that are refused, cut in the middle or slow, and answers of a
//! server that is too busy.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A seed that is printed; `MPCLOUD_SEED` repeats one.
pub fn seed() -> u64 {
    let seed = std::env::var("MPCLOUD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed} (MPCLOUD_SEED repeats it)");
    seed
}

/// What goes wrong.
#[derive(Clone, Copy)]
pub enum Network {
    Good,
    /// Something, with so many connections of a thousand.
    Bad(u32),
    /// No connection is answered.
    Gone,
}

/// What becomes of a connection.
enum Fate {
    Good,
    Refused,
    Late(Duration),
    /// Cut after so many bytes of what the client sends.
    CutUp(usize),
    /// Cut after so many bytes of what the server sends.
    CutDown(usize),
    /// Answered with this status instead of the server.
    Answered(&'static str, &'static str),
}

struct Shared {
    network: Mutex<(Network, StdRng)>,
    count: AtomicUsize,
}

/// Stands before a server. It ends with this value.
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts one, which is good until it is told otherwise.
    pub async fn start(server: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let address = listener.local_addr().expect("an address").to_string();
        let random = StdRng::seed_from_u64(seed);
        let shared = Arc::new(Shared { network: Mutex::new((Network::Good, random)), count: AtomicUsize::new(0) });
        let task = tokio::spawn({
            let (server, shared) = (server.to_owned(), shared.clone());
            async move {
                loop {
                    let (client, _) = listener.accept().await.expect("accept");
                    let fate = shared.fate();
                    let server = server.clone();
                    tokio::spawn(async move { carry(client, &server, fate).await });
                }
            }
        });
        Self { address, shared, task }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on, new connections have this network.
    pub fn set(&self, network: Network) {
        self.shared.network.lock().expect("the lock").0 = network;
    }

    /// How many connections went wrong.
    pub fn faults(&self) -> usize {
        self.shared.count.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn fate(&self) -> Fate {
        let mut locked = self.network.lock().expect("the lock");
        let (network, random) = &mut *locked;
        match network {
            Network::Good => return Fate::Good,
            Network::Bad(of_a_thousand) if random.random_range(0..1000) >= *of_a_thousand => return Fate::Good,
            Network::Bad(_) => {}
            Network::Gone => return Fate::Refused,
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        let bytes = |random: &mut StdRng| match random.random_range(0..4) {
            0 => random.random_range(0..300),
            1 => random.random_range(300..3_000),
            2 => random.random_range(3_000..300_000),
            _ => random.random_range(300_000..9_000_000),
        };
        match random.random_range(0..8) {
            0 => Fate::Refused,
            1 => Fate::Late(Duration::from_millis(random.random_range(1..200))),
            2 | 3 => Fate::CutUp(bytes(random)),
            // The server has done what it was asked for, and nobody hears of it.
            4 => Fate::CutDown(0),
            5 => Fate::CutDown(bytes(random)),
            6 => Fate::Answered("503 Slow Down", "SlowDown"),
            _ => Fate::Answered("500 Internal Server Error", "InternalError"),
        }
    }
}

async fn carry(mut client: TcpStream, server: &str, fate: Fate) {
    let (up, down) = match fate {
        Fate::Good => (None, None),
        Fate::Refused => return,
        Fate::Late(pause) => {
            tokio::time::sleep(pause).await;
            (None, None)
        }
        Fate::CutUp(bytes) => (Some(bytes), None),
        Fate::CutDown(bytes) => (None, Some(bytes)),
        Fate::Answered(status, code) => {
            let _ = client.read(&mut vec![0; 64 << 10]).await;
            let body =
                format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>Please wait.</Message></Error>");
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = client.write_all(format!("{head}{body}").as_bytes()).await;
            return;
        }
    };
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    // Whichever ends first cuts the other; a server answers before it hangs up.
    tokio::select! {
        () = copy(&mut from_client, &mut to_server, up) => {}
        () = copy(&mut from_server, &mut to_client, down) => {}
    }
}

/// Copies until there is no more, or so many bytes are copied.
async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), most: Option<usize>) {
    let mut left = most;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        let allowed = left.map_or(count, |left| left.min(count));
        if to.write_all(&buffer[..allowed]).await.is_err() {
            return;
        }
        if let Some(left) = &mut left {
            *left -= allowed;
            if *left == 0 {
                return;
            }
        }
    }
}
