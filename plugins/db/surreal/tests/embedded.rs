//! The commands on an embedded database.

#![allow(clippy::unwrap_used)]

const URL: &str = "mem://";

#[path = "commands/basics.rs"]
mod basics;
#[path = "commands/pipelines.rs"]
mod pipelines;
#[path = "commands/plans.rs"]
mod plans;
#[path = "commands/support.rs"]
mod support;
#[path = "commands/transactions.rs"]
mod transactions;
