//! Custom domains of sites and functions: who owns them, and certificates that renew themselves
//! (manual 5.4 and 5.5).
//!
//! The core keeps domains and certificates, see [`domains`](sdk_plugin::contract::domains). This
//! plugin decides who may have a domain ([`manage`] has the actions), and gets certificates from
//! an authority by ACME (RFC 8555).

#![deny(missing_docs)]

mod acme;
mod clock;
mod config;
mod core;
mod dns;
mod http;
pub mod manage;
mod name;
mod ownership;
mod plugin;
mod service;
mod state;
#[cfg(test)]
mod testing;

pub use plugin::Domains;

sdk_plugin::export_plugin!(Domains);
