//! The conformance kits of cloud calls and logins, on their way to `sdk_plugin::conformance`.

mod attempt;
pub mod cloudcall;
pub mod login;
mod secrecy;
