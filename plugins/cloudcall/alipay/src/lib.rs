//! The adapter of cloud calls for Alipay (manual, section 7), and its logins.
//!
//! `apis` says which call of the gateway is behind each API, `protocol` how calls are signed,
//! encrypted and checked. Nothing is kept: an app's keys come with each call.
//!
//! ```toml
//! [plugins.alipay]
//! library = "cloudcall_alipay"
//! config = { gateway = "https://openapi.alipay.com/gateway.do", timeout_seconds = 15 }
//! ```

#![deny(missing_docs)]

mod adapter;
mod amount;
mod apis;
mod config;
mod credentials;
mod find;
mod gateway;
mod login;
mod notification;
mod plugin;
mod protocol;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod transport;

pub use config::Config;
pub use plugin::Alipay;

sdk_plugin::export_plugin!(Alipay);
