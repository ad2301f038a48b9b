//! What the database contract promises, kept by every form of SurrealDB.

#![allow(clippy::unwrap_used)]

#[path = "contract/backend.rs"]
mod backend;
#[path = "contract/checker.rs"]
mod checker;
#[path = "contract/history.rs"]
mod history;
#[path = "contract/indexes.rs"]
mod indexes;
#[path = "contract/kit.rs"]
mod kit;
#[path = "contract/random.rs"]
mod random;
#[path = "contract/server.rs"]
mod server;
