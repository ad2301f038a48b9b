//! The gateways of platforms, on loopback: they check our signatures, keep account of money, sign
//! what they answer, push notifications, and fail when they are told to.
//!
//! They are written from the platforms' documents, apart from the plugins that they test. Keys are
//! the plugins' test keys.

pub mod alipay;
pub mod dingtalk;
mod fault;
mod http;
mod key;
pub mod money;
pub mod wechat;

pub use fault::Fault;
