//! The core of mpcloud: configuration, plugin host, gateway, identity, policy, scheduler, the
//! management API and the command line. It knows no capability by name; those are plugins.

pub mod check;
pub mod cli;
pub mod config;
mod core_methods;
mod data_lock;
pub mod domains;
pub mod gateway;
pub mod host;
pub mod identity;
pub mod management;
pub mod policy;
pub mod router;
pub mod secrets;
pub mod serve;
pub mod telemetry;
