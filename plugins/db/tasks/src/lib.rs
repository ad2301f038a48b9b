//! What takes long with a space's collections: export, import, backup and restore (manual 3.10.3
//! and 3.10.4), over any database and any storage that fulfil the contracts.
//!
//! Every work is a task with a record in the system space, so that its state survives a restart,
//! and may be asked for on any node. [`manage`] has the actions.

mod backup;
mod calendar;
mod code;
mod config;
mod control;
mod database;
mod export;
mod extended;
mod import;
pub mod manage;
mod objects;
mod pipe;
mod places;
mod plugin;
mod record;
mod restore;
mod service;
mod signature;
mod sweep;
mod tasks;
#[cfg(test)]
mod testing;
mod transfer;
mod upload;

pub use plugin::DbTasks;

sdk_plugin::export_plugin!(DbTasks);
