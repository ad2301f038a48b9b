//! Analytics of mini programs (manual, section 6): applications, collection, reports, and export of
//! raw events.
//!
//! Clients send batches of observations of sessions, which are stored and acknowledged by
//! [`collect`]. [`fold`] makes files of them. [`state`] is what is known of an application, in
//! memory, for [`reports`]. What figures mean is the matter of `analytics_engine`.

mod apps;
mod clock;
mod collect;
mod config;
mod errors;
mod export;
mod fold;
mod plugin;
mod reports;
mod service;
mod state;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use plugin::Analytics;

sdk_plugin::export_plugin!(Analytics);
