//! Looking up names: DNS over UDP, and over TCP for what does not fit (RFC 1035, RFC 7766).

mod message;
mod resolver;

pub use resolver::Resolver;
