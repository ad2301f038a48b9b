//! The adapter against a gateway on loopback, and against the SDKs that Alipay's users have.

mod calls;
mod contract;
mod failures;
mod finding;
mod logins;
mod notifications;
mod oracles;
mod responses;
