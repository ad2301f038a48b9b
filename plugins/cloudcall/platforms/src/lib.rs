//! The mini programs of spaces on their platforms, with the keys that the platforms gave out
//! (manual, section 8).
//!
//! Administrators set them, [`manage`] has the actions. They are stored sealed, and plugins read
//! them with [`platforms.app`](sdk_plugin::contract::platforms::APP). Which settings a platform has,
//! its [adapter](sdk_plugin::contract::cloudcall) says.

#![deny(missing_docs)]

mod apps;
mod clock;
mod config;
mod installed;
pub mod manage;
mod mask;
mod merge;
mod plugin;
mod service;
#[cfg(test)]
mod testing;

pub use plugin::Platforms;

sdk_plugin::export_plugin!(Platforms);
