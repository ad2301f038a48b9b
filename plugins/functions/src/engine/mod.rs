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
mod convert;
mod fatal;
mod isolate;
mod memory;
mod natives;
mod ops;
mod platform;
mod worker;

use std::future::Future;
use std::sync::Arc;

use sdk_plugin::{Error, Result, codes};
use tokio::runtime::Handle;

pub use platform::start;

use crate::package::Package;
use crate::runtime::{Choice, Lease, Pool, PoolLimits, Runtime, Target, Upstream};

/// The runtime of functions whose `Runtime` begins with `nodejs`.
pub struct Engine {
    pool: Arc<Pool>,
    upstream: Arc<dyn Upstream>,
    /// Where calls of services run.
    tasks: Handle,
    max_reply: usize,
}

impl Engine {
    /// A runtime without instances. Must be called inside a tokio runtime, which then runs the
    /// calls that functions make.
    pub fn new(limits: PoolLimits, max_reply: usize, upstream: Arc<dyn Upstream>) -> Self {
        Self { pool: Arc::new(Pool::new(limits)), upstream, tasks: Handle::current(), max_reply }
    }

    /// How many instances take calls.
    #[cfg(test)]
    pub fn instances(&self) -> usize {
        self.pool.len()
    }
}

impl Runtime for Engine {
    async fn lease<F, Fut>(&self, target: &Arc<Target>, package: F) -> Result<Lease>
    where
        F: FnOnce() -> Fut + Send,
        Fut: Future<Output = Result<Arc<Package>>> + Send,
    {
        if let Choice::Existing(lease) = self.pool.choose(&target.key) {
            return Ok(lease);
        }
        let package = package().await?;
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
            };
            if let Err(error) = worker::spawn(setup) {
                self.pool.remove(&instance);
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

#[cfg(test)]
mod node;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod tests;
