//! Cloud calls of functions and mini programs to their platforms (manual, section 7), and the
//! order book of what was asked.
//!
//! [`sdk_plugin::contract::cloudcall`] says how adapters are called; this plugin reads the
//! arguments, remembers orders, refunds and transfers, and takes notifications.

#![deny(missing_docs)]

mod adapters;
mod amount;
mod arguments;
mod book;
mod clock;
mod config;
mod desk;
mod notify;
mod orders;
mod outcome;
mod plugin;
mod service;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use plugin::CloudCalls;

sdk_plugin::export_plugin!(CloudCalls);
