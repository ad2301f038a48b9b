//! Tests that a plugin passes when it can stand in for the default one behind a contract. Needs
//! the feature `conformance`; meant for `[dev-dependencies]`.

mod backend;
mod case;
pub mod db;
pub mod storage;

pub use backend::Backend;
