//! The storage contract as tests: [`contract::storage`](crate::contract::storage).
//!
//! A backend implements [`Backend`], and gets one test for each case from
//! [`conformance_storage!`](crate::conformance_storage):
//!
//! ```no_run
//! use sdk_plugin::conformance::storage::Backend;
//! use sdk_plugin::contract::Calls;
//! use sdk_plugin::{Call, Reply, Result};
//!
//! #[derive(Clone)]
//! struct Mine;
//!
//! impl Calls for Mine {
//!     async fn make(&self, call: Call) -> Result<Reply> {
//!         // What the plugin does with a call of `storage.put` and the like.
//! #       Ok(Reply::default())
//!     }
//! }
//!
//! impl Backend for Mine {
//!     async fn delete_space(&self, space: &str) -> Result<()> {
//!         // What the plugin does with the event `events::SPACE_DELETED`.
//! #       Ok(())
//!     }
//! }
//!
//! async fn open() -> Mine {
//!     Mine
//! }
//!
//! sdk_plugin::conformance_storage!(open);
//! # fn main() {}
//! ```
//!
//! Every case has a space of its own. A failure says what the contract wants and what was answered.

mod faults;
mod keys;
mod list;
mod lists;
mod objects;
mod space;
mod spaces;

use std::future::Future;
use std::time::Duration;

use crate::Result;
use crate::contract::Calls;

use space::Space;

/// How long a case may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A storage that the cases are run against.
pub trait Backend: Calls {
    /// Does what the plugin does when [`SPACE_DELETED`](crate::events::SPACE_DELETED) is told.
    ///
    /// # Errors
    /// Those of the plugin; the case fails with them.
    fn delete_space(&self, space: &str) -> impl Future<Output = Result<()>> + Send;
}

/// Runs one case in a runtime of its own, against a backend that `open` makes.
///
/// # Panics
/// When the case fails, or there is none of this name.
pub fn run_case<B: Backend, F: Future<Output = B>>(name: &str, open: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let done = runtime.block_on(async {
        let space = Space::new(open().await);
        tokio::time::timeout(PATIENCE, list::run(name, space)).await
    });
    assert!(done.is_ok(), "{name} did not end within {PATIENCE:?}");
}
