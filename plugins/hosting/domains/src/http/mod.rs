//! HTTP requests of this plugin's own, each on a connection of its own: they are few.

mod exchange;
mod tls;

pub use exchange::{MAX_BODY, exchange};
pub use tls::Tls;
