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
//! Or all of them are run against one backend, which suits one that takes long to start:
//! [`run`]. Every case has a space of its own, and so do cases that run at the same time. A failure
//! says what the contract wants and what was answered.
//!
//! The cases store some 200 MB and some 3,000 objects, most of them small, and delete them. What
//! they cannot see from outside is the plugin's own to test: that memory stays constant however
//! large an object is, and what becomes of an upload whose process is killed.

mod concurrency;
mod failures;
mod keys;
mod list;
mod lists;
mod objects;
mod run;
mod space;
mod spaces;

pub use super::backend::Backend;
pub use run::{cases, run, run_case, run_some};
