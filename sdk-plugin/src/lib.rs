//! Everything a plugin of mpcloud is written with.
//!
//! A plugin provides methods that mini programs, cloud functions and other plugins call by name:
//!
//! ```
//! use std::sync::Arc;
//! use sdk_plugin::{Call, Host, Methods, Plugin, Result, export_plugin};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config { greeting: String }
//!
//! #[derive(Deserialize)]
//! struct Params { name: String }
//!
//! struct Hello { greeting: String }
//!
//! impl Hello {
//!     async fn hello(self: Arc<Self>, _call: Call, params: Params) -> Result<String> {
//!         Ok(format!("{}, {}!", self.greeting, params.name))
//!     }
//! }
//!
//! impl Plugin for Hello {
//!     type Config = Config;
//!     async fn start(config: Config, _host: Host) -> Result<Self> {
//!         Ok(Hello { greeting: config.greeting })
//!     }
//!     fn methods(methods: &mut Methods<Self>) {
//!         methods.on("demo.hello", Self::hello);
//!     }
//! }
//!
//! export_plugin!(Hello);
//! # fn main() {}
//! ```
//!
//! Build it as a `cdylib`, put the library beside the others, and name it in the TOML file:
//!
//! ```toml
//! [plugins.hello]
//! library = "hello_plugin"
//! config = { greeting = "Hello" }
//! ```
//!
//! Libraries and the host share no Rust types: whatever crosses between them goes through
//! [`abi`], which checks that both sides agree before any code of the plugin runs.

#![deny(missing_docs)]

#[allow(missing_docs, reason = "the boundary itself; authors use the types above it")]
#[doc(hidden)]
pub mod abi;
mod body;
mod call;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod contract;
mod error;
mod event;
mod host;
mod http;
mod log;
mod manifest;
mod plugin;

pub use bytes::Bytes;

pub use crate::body::Body;
pub use crate::call::{Call, Caller, CallerKind, Reply};
pub use crate::error::{Error, Result, codes};
pub use crate::event::{Event, events};
pub use crate::host::{Host, HostInfo};
pub use crate::http::{HttpRequest, HttpResponse};
pub use crate::manifest::Manifest;
pub use crate::plugin::{Methods, Plugin};

/// Makes a loadable library of a [`Plugin`]. Use it once, in a crate of type `cdylib`.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        /// What the loader reads before it runs any code of this library.
        #[unsafe(no_mangle)]
        pub static MPCLOUD_PLUGIN: $crate::abi::handshake::Handshake =
            $crate::abi::handshake::Handshake::of::<$plugin>(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    };
}
