//! The adapter passes the conformance kits of its contracts, with a Cards on this machine.

mod cards;
#[allow(dead_code)]
#[path = "kit/mod.rs"]
mod conformance;
