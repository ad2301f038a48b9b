//! Websites, files and certificates, beside nginx and Caddy where they do the same.

mod authority;
mod h2load;
pub mod handshakes;
mod servers;
pub mod sites;
pub mod transfers;

use std::net::SocketAddr;

use e2e::Server;

use crate::Result;

/// Where a server of the benches listens with TLS too.
fn with_tls() -> Server {
    Server::with_config("[server]\nhttps = \"127.0.0.1:0\"\n")
}

/// The address of the listener with TLS.
fn https(server: &Server) -> Result<SocketAddr> {
    let url = server.ready()["https"].as_str().ok_or("the server does not listen with TLS")?;
    Ok(url.trim_start_matches("https://").parse()?)
}
