//! A SurrealDB server, which `cargo build --workspace` has built beside the tests.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use db_surreal::Config;

use crate::backend::Surreal;

/// How long a server may take until it serves.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a server is started that another process has taken the port from.
const MAX_STARTS: usize = 5;

/// A running server. It ends with this value.
pub struct Server {
    child: Child,
    config: Config,
}

impl Server {
    /// Starts one that keeps everything in memory, and waits until it serves.
    pub async fn start() -> Self {
        for _ in 0..MAX_STARTS {
            if let Some(server) = Self::try_start().await {
                return server;
            }
        }
        panic!("no server could be started");
    }

    async fn try_start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new(binary())
            .args(["start", "--no-banner", "--log", "error", "--bind", &address, "--user", "root", "--pass", "test-password", "memory"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let config = Config {
            url: format!("ws://{address}"),
            username: "root".to_owned(),
            password: "test-password".to_owned(),
            ..Config::default()
        };
        let mut server = Self { child, config };
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Surreal::open(server.config.clone()).await {
                Ok(_) => return Some(server),
                Err(error) => assert!(Instant::now() < deadline, "the server does not serve: {error:?}"),
            }
            if server.child.try_wait().unwrap().is_some() {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A connection to it.
    pub async fn connect(&self) -> Surreal {
        Surreal::open(self.config.clone()).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(std::path::Path::parent).unwrap().join("surreal-server");
    assert!(path.exists(), "{} is missing: run `cargo build --workspace` first", path.display());
    path
}
