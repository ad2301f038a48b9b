//! The boundary between the host and a plugin library, and the only place that knows abi_stable.
//!
//! Both sides are compiled apart, each with its own copy of tokio and of every other crate. What
//! crosses is `#[repr(C)]`, carries its own destructor, and was compared with abi_stable's layout
//! check. `unsafe` is used here for three things: calling through the two tables of functions
//! with the pointer that came with them, reading the handshake of a foreign library, and dropping
//! what such a pointer owns.

pub mod body;
pub mod frame;
pub mod future;
pub mod handshake;
pub mod host;
#[cfg(feature = "host")]
pub mod load;
pub mod plugin;
