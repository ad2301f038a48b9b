//! The APIs, and how their arguments become those of the gateway.

mod content;
mod known;
mod names;
mod table;

pub use content::ask;
pub use known::{known, of_answer, of_order, of_transfer, trade_state, transfer_state, undecided};
pub use names::camel_keys;
pub use table::{APIS, Api, Way, transfer_product};
