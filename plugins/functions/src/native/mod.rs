//! What Node.js and web APIs need beyond JavaScript: ciphers, compression, sockets, files.
//!
//! Nothing here knows the engine. An [`Op`] takes and returns a [`Value`]; `engine/natives.rs` turns
//! those into JavaScript and back, and `plugins/functions/node` wraps them into the APIs that
//! functions see. A JavaScript value that is not what an op expects is an error of the function,
//! never a panic: functions can reach some of these ops with anything.

mod binary;
mod clock;
mod crypto;
mod files;
mod net;
mod resources;
mod text;
mod url;
mod value;
mod zlib;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

pub use net::{Network, Policy};
pub use resources::Resources;
pub use value::{Args, Failure, Kind, Value};

use crate::package::Package;

/// What an op gives.
pub type Result<T = Value> = std::result::Result<T, Failure>;

/// What is still to be done outside of the isolate's thread.
pub type Work = Pin<Box<dyn Future<Output = Result> + Send>>;

/// What ops know of the isolate that calls them.
pub struct Env {
    /// What JavaScript names by numbers: the states of hashes, streams, responses.
    pub resources: Resources,
    /// The space that the function belongs to.
    pub space: Arc<str>,
    /// The function's files.
    pub package: Arc<Package>,
    /// Its connections.
    pub sockets: net::Sockets,
    /// The memory of its compression streams.
    pub compression: zlib::Memory,
    /// The isolate's own files, under `/tmp`.
    pub scratch: files::Scratch,
    /// When the call ends that runs now. Work ends then at the latest.
    pub deadline: Instant,
}

impl Env {
    /// The surroundings of an isolate that runs a package of a space.
    pub fn new(space: &str, package: Arc<Package>, network: Arc<Network>) -> Self {
        let space: Arc<str> = space.into();
        Self {
            resources: Resources::default(),
            package,
            sockets: net::Sockets::new(space.clone(), network),
            space,
            compression: zlib::Memory::default(),
            scratch: files::Scratch::default(),
            deadline: Instant::now(),
        }
    }

    /// What is kept for JavaScript here, in bytes: files and compression streams.
    pub fn kept(&self) -> usize {
        self.scratch.used() + self.compression.used()
    }
}

/// An operation that JavaScript may call.
#[derive(Clone, Copy)]
pub enum Op {
    /// Answers at once. Must not take long: nothing interrupts it.
    Sync(fn(&mut Env, &Args) -> Result),
    /// Begins at once, and goes on beside the isolate; JavaScript gets a promise.
    Async(fn(&mut Env, &Args) -> Result<Work>),
}

/// All ops by name, such as `text.decode`. The order is the same in every isolate of a process.
pub fn ops() -> impl Iterator<Item = &'static (&'static str, Op)> {
    [resources::OPS, text::OPS, binary::OPS, clock::OPS, files::OPS, url::OPS, zlib::OPS]
        .into_iter()
        .chain(net::OPS)
        .chain(crypto::OPS.iter().copied())
        .flatten()
}

/// Work that is a future.
pub fn work(future: impl Future<Output = Result> + Send + 'static) -> Result<Work> {
    Ok(Box::pin(future))
}

/// Work that computes for long, on a thread for that.
pub fn computing(compute: impl FnOnce() -> Result + Send + 'static) -> Result<Work> {
    work(async move {
        let joined = tokio::task::spawn_blocking(compute).await;
        joined.unwrap_or_else(|_| Err(Failure::error("ERR_INTERNAL", "the operation failed unexpectedly")))
    })
}
