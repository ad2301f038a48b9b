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
mod run;
mod same;
mod space;
mod spaces;
mod transactions;
mod unique;
mod update;
mod values;

pub use super::backend::Backend;
pub use run::{cases, run, run_case, run_some};
