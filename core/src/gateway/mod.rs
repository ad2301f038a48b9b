//! The gateway: takes connections and requests, and makes calls of them.

mod arriving;
mod begun;
mod body;
mod compress;
mod connections;
mod corked;
mod cors;
mod deadlines;
mod eager;
mod forwarded;
mod handshake;
mod listeners;
mod outgoing;
mod ports;
mod respond;
mod routes;
mod site;
mod tls;
mod wire;

use std::sync::Arc;

use crate::config::{Limits, Server};
use crate::domains::Domains;
use crate::domains::certificates::Certificates;
use crate::host::PluginHost;
use crate::identity::sessions::Sessions;
use crate::identity::spaces::Spaces;
use crate::management::Management;
use crate::router::Router;
use crate::telemetry::metrics::Metrics;

pub use listeners::{Listening, listen};
pub use ports::Ports;

/// What every request is answered with.
pub struct Gateway {
    /// Routes calls.
    pub router: Router,
    /// Spaces and their keys.
    pub spaces: Arc<Spaces>,
    /// Users' sessions.
    pub sessions: Arc<Sessions>,
    /// The management API.
    pub management: Management,
    /// The domains of spaces.
    pub domains: Arc<Domains<Router>>,
    /// Their certificates.
    pub certificates: Arc<Certificates<Router>>,
    /// The ports that people reach sites by.
    pub ports: Ports,
    /// The plugins, for health checks.
    pub host: Arc<PluginHost>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// `[server]`.
    pub server: Server,
    /// `[limits]`.
    pub limits: Limits,
    /// Whether every request is logged.
    pub log_requests: bool,
}

/// Checks what can be checked of `[server]` without listening.
///
/// # Errors
/// `InvalidConfiguration` when the certificate cannot be used.
pub fn check(config: &Server) -> sdk_plugin::Result<()> {
    tls::Tls::new(config.tls.as_ref()).map(drop)
}

/// A request id: a random UUID.
pub fn request_id() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}
