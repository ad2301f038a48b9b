//! The log of invocations: one record for each, written in the background.

mod list;
mod sink;

pub use list::{ListParams, list};
pub use sink::{Entry, Sink};

/// The collection of the records.
pub const COLLECTION: &str = "function_logs";
