//! What the cases are run against.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::contract::Calls;
use crate::{Call, Reply, Result};

/// A plugin that the cases are run against.
///
/// [`make`](Calls::make) answers calls of the contract's methods, bodies included, as the plugin
/// does.
pub trait Backend: Calls {
    /// A space that nobody has used. Overridden where a space has to be made before its first call.
    ///
    /// # Errors
    /// Those of whatever makes it; the case fails with them.
    fn open_space(&self) -> impl Future<Output = Result<String>> + Send {
        async { Ok(unused_space()) }
    }

    /// Does what the plugin does when [`SPACE_DELETED`](crate::events::SPACE_DELETED) is told.
    ///
    /// # Errors
    /// Those of the plugin; the case fails with them.
    fn delete_space(&self, space: &str) -> impl Future<Output = Result<()>> + Send;
}

/// A name that no other process has either.
fn unused_space() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("conformance-{:016x}-{}", RandomState::new().build_hasher().finish(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A [`Backend`] whose type is forgotten.
pub(super) trait Answering: Send + Sync {
    fn answer(&self, call: Call) -> BoxFuture<'_, Result<Reply>>;
    fn open_space(&self) -> BoxFuture<'_, Result<String>>;
    fn delete_space<'a>(&'a self, space: &'a str) -> BoxFuture<'a, Result<()>>;
}

impl<B: Backend> Answering for B {
    fn answer(&self, call: Call) -> BoxFuture<'_, Result<Reply>> {
        self.make(call).boxed()
    }

    fn open_space(&self) -> BoxFuture<'_, Result<String>> {
        Backend::open_space(self).boxed()
    }

    fn delete_space<'a>(&'a self, space: &'a str) -> BoxFuture<'a, Result<()>> {
        Backend::delete_space(self, space).boxed()
    }
}
