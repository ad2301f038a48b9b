//! Domains and certificates in the core: which host leads where, and which certificate answers.
//! The plugin `fixture_site` stands for those that answer sites.

mod certificates;
mod client;
mod cloud;
mod requests;
mod settings;
