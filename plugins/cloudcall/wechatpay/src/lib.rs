//! WeChat mini programs: payments with WeChat Pay (API v3), logins, and data that WeChat encrypts
//! for a user's session.
//!
//! The plugin is the [adapter](sdk_plugin::contract::cloudcall) `wechat` of cloud calls, and the
//! [login](sdk_plugin::contract::login) `wechat_openapi`. It keeps nothing but the platform's
//! public certificates, in memory.

#![deny(missing_docs)]

mod amount;
mod clock;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod comparison;
mod config;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod contract;
mod gateway;
mod keys;
mod login;
mod merchant;
mod names;
mod open_data;
mod pay;
mod plugin;
mod resource;
mod service;
mod signature;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;

pub use plugin::Wechat;

sdk_plugin::export_plugin!(Wechat);
