//! Websites of spaces (manual, section 5): their files, releases and settings, and serving them.
//!
//! A site's content is a *release*: an immutable [manifest](manifest) that says which path has
//! which contents. Contents are objects in the storage, shared by the releases that name them.
//! Which release visitors see is one field of one record, so that they see the old site or the
//! new one, never a mix.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`record`], [`records`] | the record of a site: its settings, kept releases, open deployments |
//! | [`manifest`] | what a release has at which path |
//! | [`release`], [`deployment`] | how a new release comes to be |
//! | [`sweep`] | what is removed, and why that is safe |
//! | [`current`], [`contents`] | what is kept in memory, and why it is not stale |
//! | [`serve`] | answers to visitors |
//! | [`manage`] | the management actions |
//! | [`transfer`] | uploads and downloads by signed addresses |

#![deny(missing_docs)]

mod allowed;
mod clock;
mod code;
mod config;
mod contents;
mod current;
mod deployment;
mod ids;
mod manage;
mod manifest;
mod objects;
mod path;
mod plugin;
mod record;
mod records;
mod release;
mod serve;
mod service;
mod signature;
mod sweep;
#[cfg(test)]
mod testing;
mod transfer;
mod usage;

pub use plugin::Sites;

sdk_plugin::export_plugin!(Sites);
