//! The function service: deploys packages and runs them in isolates.

mod cache;
mod config;
mod engine;
mod logs;
mod manage;
mod native;
mod package;
mod paging;
mod plugin;
mod record;
mod runtime;
mod service;
mod shares;
mod signed_url;
mod spec;
mod transfer;
mod trigger;

pub use plugin::Functions;

sdk_plugin::export_plugin!(Functions);
