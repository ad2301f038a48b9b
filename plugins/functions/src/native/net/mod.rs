//! The network as functions have it: HTTP, sockets and names, only outbound, and only to where the
//! operator's policy lets them.

mod certificate;
mod connect;
mod errors;
mod http;
mod policy;
mod resolve;
mod socket;
mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::rustls::RootCertStore;

pub use policy::Policy;

use super::{Failure, Op, Result, Value};
use crate::shares::Shares;
use http::Pool;
use tls::Tls;

/// The ops of this folder.
pub const OPS: [&[(&str, Op)]; 3] = [resolve::OPS, http::OPS, socket::OPS];

/// How many connections one instance of a function may have open.
pub const MAX_SOCKETS: usize = 64;
/// How long a request waits for one of them to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of TLS options: certificates and keys.
const MAX_OPTIONS: usize = 1024 * 1024;
/// How many lookups of names run at once, in all instances; each has a thread for itself. A space may
/// have half of them.
const MAX_LOOKUPS: usize = 64;
/// How many of them one instance may have.
const MAX_OWN_LOOKUPS: usize = 8;
/// How many different TLS settings an instance keeps.
const MAX_SETTINGS: usize = 16;

/// What all functions share.
#[derive(Debug)]
pub struct Network {
    policy: Policy,
    roots: Arc<RootCertStore>,
    lookups: Shares,
}

impl Network {
    /// A network with a policy, whose functions trust further certificates: PEM, the configuration's
    /// `ca_file`.
    ///
    /// # Errors
    /// A text that says what is wrong with the certificates.
    pub fn new(policy: Policy, certificates: &[u8]) -> std::result::Result<Self, String> {
        let mut roots = tls::public_roots();
        if !certificates.is_empty() {
            let parsed = tls::parse_certificates(certificates).map_err(|failure| failure.message)?;
            let (added, _) = roots.add_parsable_certificates(parsed);
            if added == 0 {
                return Err("there is no certificate of an authority".to_owned());
            }
        }
        Ok(Self::of(policy, roots))
    }

    fn of(policy: Policy, roots: RootCertStore) -> Self {
        Self { policy, roots: Arc::new(roots), lookups: Shares::new(MAX_LOOKUPS) }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::of(Policy::default(), tls::public_roots())
    }
}

/// TLS options, and the settings that were made of them.
type Setting = (Value, Arc<Tls>);

/// The connections of one instance. Another function never gets one of them: it may be
/// authenticated.
#[derive(Clone)]
pub struct Sockets {
    space: Arc<str>,
    network: Arc<Network>,
    permits: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    pool: Arc<Pool>,
    settings: Arc<Mutex<Vec<Setting>>>,
}

impl Sockets {
    /// No connections.
    pub fn new(space: Arc<str>, network: Arc<Network>) -> Self {
        Self {
            space,
            network,
            permits: Arc::new(Semaphore::new(MAX_SOCKETS)),
            lookups: Arc::new(Semaphore::new(MAX_OWN_LOOKUPS)),
            pool: Arc::default(),
            settings: Arc::default(),
        }
    }

    /// The TLS settings of options, made once.
    fn tls(&self, options: &Value) -> Result<Arc<Tls>> {
        if size(options) > MAX_OPTIONS {
            return Err(Failure::range_error("ERR_OUT_OF_RANGE", format!("TLS options have at most {MAX_OPTIONS} bytes")));
        }
        let mut settings = self.settings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, tls)) = settings.iter().find(|(known, _)| known == options) {
            return Ok(tls.clone());
        }
        let tls = Arc::new(Tls::new(options, &self.network.roots)?);
        if settings.len() >= MAX_SETTINGS {
            settings.remove(0);
        }
        settings.push((options.clone(), tls.clone()));
        Ok(tls)
    }

    /// Leave to open a connection. Idle ones make room; otherwise it waits for another to end.
    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = self.pool.make_room();
        match tokio::time::timeout(PATIENCE, self.permits.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Failure::error("EMFILE", format!("the function has {MAX_SOCKETS} connections open; no more are allowed"))
                .with("syscall", "connect")),
        }
    }
}

/// How many bytes the texts and bytes of a value have.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(_, value)| size(value)).sum(),
        _ => 0,
    }
}
