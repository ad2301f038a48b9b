//! Logins of DingTalk: `serverless.auth.user.authorize` with `dingtalk_openapi`.
//!
//! DingTalk has three kinds of apps with three ways to tell who a code is for: see [`Flavour`].

#![deny(missing_docs)]

mod config;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod contract;
mod description;
mod enterprise;
mod flavour;
mod oauth2;
mod personal;
mod plugin;
mod service;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;
mod wire;

pub use flavour::Flavour;
pub use plugin::Dingtalk;

sdk_plugin::export_plugin!(Dingtalk);
