//! The built-in runtime: V8, or QuickJS behind the same API. Everything that touches the engine,
//! and all of this crate's `unsafe`, is in this folder.
//!
//! An instance is an isolate with one context on a thread of its own, so that the operating system
//! pre-empts a function that computes, and others go on. The thread runs JavaScript in *stretches*:
//! one starts a call, continues it when a service has answered, or runs its timer, and ends when
//! no microtask is left. A stretch belongs to one call, and ends at that call's deadline at the
//! latest. Promises that calls share through a module's variables continue in the stretch of
//! whoever settled them; that one pays for the time.
//!
//! # Who is calling
//!
//! JavaScript knows a call only by a number, kept in private fields of objects that functions
//! cannot reach into. The space, the user and everything else that a service trusts stays in
//! [`ops::State`], and is looked up there by the number. A function that polluted prototypes to
//! get hold of another number could at most act as another call *of the same version of the same
//! function in the same space* — whose code it is, and which may do all of that anyway.

mod builtins;
mod code_cache;
mod convert;
mod fatal;
mod introspect;
mod isolate;
mod memory;
mod microtasks;
mod modules;
mod natives;
mod ops;
mod platform;
mod prelude;
mod snapshot;
mod stopper;
mod wasm;
mod worker;

use std::sync::{Arc, Weak};
use std::time::Duration;

use sdk_plugin::{Error, Result, codes};
use tokio::runtime::Handle;

use self::code_cache::CodeCache;
use crate::native::Network;
use crate::runtime::{Choice, Lease, Packed, Pool, PoolLimits, Runtime, Target, Upstream, ended, resident};

/// Starts the engine; once in a process. Takes some time: not for a reactor thread.
pub fn start() {
    platform::start();
    snapshot::prepare();
}

/// How much bytecode is kept, in bytes.
const CODE_CACHE: usize = 64 * 1024 * 1024;

/// The runtime of functions whose `Runtime` begins with `nodejs`.
pub struct Engine {
    pool: Arc<Pool>,
    upstream: Arc<dyn Upstream>,
    /// Where calls of services run.
    tasks: Handle,
    max_reply: usize,
    network: Arc<Network>,
    code_cache: Arc<CodeCache>,
}

impl Engine {
    /// A runtime without instances. Must be called inside a tokio runtime, which then runs the
    /// calls that functions make, and the connections they open as far as `network` lets them.
    pub fn new(limits: PoolLimits, max_reply: usize, upstream: Arc<dyn Upstream>, network: Arc<Network>) -> Self {
        let pool = Arc::new(Pool::new(limits));
        tokio::spawn(watch_memory(Arc::downgrade(&pool)));
        Self { pool, upstream, tasks: Handle::current(), max_reply, code_cache: Arc::new(CodeCache::new(CODE_CACHE)), network }
    }

    /// How many functions' bytecode is kept, and how often some was used.
    #[cfg(test)]
    pub fn codes(&self) -> (usize, u64) {
        self.code_cache.counts()
    }

    /// How many instances take calls.
    #[cfg(test)]
    pub fn instances(&self) -> usize {
        self.pool.len()
    }
}

/// How often memory is looked at.
const MEMORY_INTERVAL: Duration = Duration::from_secs(1);

async fn watch_memory(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(MEMORY_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.relieve(resident());
    }
}

impl Runtime for Engine {
    async fn lease(&self, target: &Arc<Target>, package: &dyn Packed) -> Result<Lease> {
        if let Choice::Existing(lease) = self.pool.choose(&target.key) {
            return Ok(lease);
        }
        let package = package.read().await?;
        let (lease, messages) = self.pool.add(target)?;
        if let Some(messages) = messages {
            let instance = lease.instance().clone();
            let setup = worker::Setup {
                instance: instance.clone(),
                messages,
                package,
                pool: self.pool.clone(),
                upstream: self.upstream.clone(),
                tasks: self.tasks.clone(),
                max_reply: self.max_reply,
                network: self.network.clone(),
                code_cache: self.code_cache.clone(),
            };
            if let Err(error) = worker::spawn(setup) {
                self.pool.remove(&instance);
                instance.close(ended);
                return Err(Error::new(codes::FUNCTION_SERVER, "no thread for the function").with_source(error).retryable());
            }
        }
        Ok(lease)
    }

    fn retire(&self, space: &str, name: Option<&str>) {
        self.pool.retire(|target| target.space == space && name.is_none_or(|name| target.name == name));
    }

    fn shut_down(&self) {
        self.pool.retire(|_| true);
    }
}

#[cfg(all(test, feature = "v8"))]
mod fatal_tests;
#[cfg(test)]
mod fences_tests;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod modules_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod node;
#[cfg(test)]
mod node_cases;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod services_tests;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "v8"))]
mod wasm_tests;
