//! Certificates by ACME (RFC 8555): ordered for bound domains, and renewed in time.
//!
//! Nodes share all that there is: the account, the orders, what answers challenges. Who works on a
//! domain has a [lease](crate::state::Lease) on it.

mod account;
mod attempt;
mod authority;
mod budget;
mod client;
mod failure;
mod hook;
mod proof;
mod renewals;
mod server;
mod transport;
pub mod when;

#[cfg(test)]
mod tests;

pub use account::Accounts;
pub use budget::Budget;
pub use client::Client;
pub use proof::{PREFIX, Tokens};
pub use renewals::{Parts, Renewals, Settings};
pub use seal::Seal;
pub use server::ServerNames;

use serde::{Deserialize, Serialize};

/// Where certificates of this module come from, in what the core knows of them.
pub const ORIGIN: &str = "acme";

/// A way to prove that a domain leads here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A certificate in a handshake for `acme-tls/1` (RFC 8737).
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
    /// A resource below `/.well-known/acme-challenge/` (RFC 8555, 8.3).
    #[serde(rename = "http-01")]
    Http01,
    /// A TXT record (RFC 8555, 8.4).
    #[serde(rename = "dns-01")]
    Dns01,
}
