//! The commands on a database that is asked in SurrealQL, as a server is.

#![allow(clippy::unwrap_used)]

const URL: &str = "surrealql+mem://";

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
