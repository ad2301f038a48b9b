//! The database contract as tests: [`contract::db`](crate::contract::db), section 3 of the
//! product manual, and what MongoDB 4.2 does where those two say nothing.
//!
//! A backend implements [`Backend`], and gets one test for each case from
//! [`conformance_db!`](crate::conformance_db):
//!
//! ```no_run
//! use sdk_plugin::conformance::db::Backend;
//! use sdk_plugin::contract::Calls;
//! use sdk_plugin::{Call, Reply, Result};
//!
//! #[derive(Clone)]
//! struct Mine;
//!
//! impl Calls for Mine {
//!     async fn make(&self, call: Call) -> Result<Reply> {
//!         // What the plugin does with a call of `contract::db::EXECUTE`.
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
//! sdk_plugin::conformance_db!(open);
//! # fn main() {}
//! ```
//!
//! Or all of them are run against one backend, which suits one that takes long to start:
//! [`run`]. Every case has a space of its own, and so do cases that run at the same time.
//!
//! Commands go the way that those of mini programs go: JSON parameters in, JSON replies out,
//! through [`EXECUTE`](crate::contract::db::EXECUTE). A failure says what the contract wants, what was
//! asked and what was answered. Numbers in replies may be written in any way that JSON has, and
//! order counts only where the contract gives one.

mod aggregate;
mod bulk;
mod case;
mod checks;
mod collections;
mod concurrency;
mod delete;
mod find;
mod find_and_modify;
mod geo;
mod indexes;
mod insert;
mod list;
mod queries;
mod raw;
mod reads;
mod same;
mod space;
mod spaces;
mod transactions;
mod unique;
mod update;
mod values;

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Result;
use crate::contract::Calls;

pub use case::{cases, run, run_case, run_some};

/// The code of a transaction that met another writer; starting again may help. MongoDB's number is 112.
pub const WRITE_CONFLICT: &str = "WriteConflict";
/// The code for a transaction that has ended, or never was. MongoDB's number is 251.
pub const NO_SUCH_TRANSACTION: &str = "NoSuchTransaction";

/// A database that the cases are run against.
///
/// [`make`](Calls::make) answers calls of [`EXECUTE`](crate::contract::db::EXECUTE), bodies included, as the
/// plugin's method does.
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
