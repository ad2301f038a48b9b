//! Records of SurrealDB, by table and key: reading them, ranges of them, and changing several at
//! once. The database is embedded in this process, or a server or cluster.
//!
//! This is a crate of its own because whoever awaits a future of SurrealDB compiles all that it
//! awaits in turn. Behind this boundary futures are boxed, so its users compile in seconds.

#![deny(missing_docs)]
// The futures of `surrealdb-core` nest deeper than the default.
#![recursion_limit = "512"]

mod config;
mod connection;
mod embedded;
mod error;
mod range;
mod retry;
mod session;
mod statements;
mod write;

use std::pin::Pin;

use sdk_plugin::Result;

pub use crate::config::{Config, Size};
pub use crate::connection::Connection;
pub use crate::range::{PAGE_BYTES, Part, Range};
pub use crate::session::{Session, Snapshot};
pub use crate::write::{Expect, Then, Write, Written};

/// What is answered later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
