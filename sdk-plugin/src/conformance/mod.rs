//! Tests that a plugin passes when it can stand in for the default one behind a contract. Needs
//! the feature `conformance`; meant for `[dev-dependencies]`.

mod attempt;
mod backend;
mod case;
pub mod cloudcall;
pub mod db;
pub mod login;
mod secrecy;
pub mod storage;

pub use backend::Backend;
