//! A SurrealDB server, which several servers share as nodes of one cloud.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::{mpcloud_path, wait_for};

/// A running SurrealDB server, which keeps its data in memory. It ends with this value.
pub struct SurrealServer {
    child: Child,
    address: String,
}

impl SurrealServer {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let address = free.to_string();
        let mut command = Command::new(mpcloud_path().with_file_name("surreal-server"));
        command.args(["start", "--no-banner", "--log", "error", "--bind", &address, "--user", "root", "--pass", "root", "memory"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start surreal-server");
        wait_for("the database", || TcpStream::connect(&address).ok());
        Self { child, address }
    }

    /// The table of the TOML file that makes it the database of a node.
    pub fn toml(&self) -> String {
        let address = &self.address;
        format!(
            "[plugins.db]\nlibrary = \"db_surreal\"\nconfig = {{ url = \"ws://{address}\", username = \"root\", password = \"root\" }}\n"
        )
    }
}

impl Drop for SurrealServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
