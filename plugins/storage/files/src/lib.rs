//! The file service of mini programs (manual 4): uploads, downloads, `serverless.file.resource.…`,
//! over any database and any storage that fulfil the contracts.
//!
//! A file is a record in the system space; its bytes are an object in the storage of its own space.

#![deny(missing_docs)]

mod cdn;
mod clock;
mod code;
mod config;
mod download;
mod grant;
mod library;
mod manage;
mod media;
mod name;
mod objects;
mod plugin;
mod record;
mod resource;
mod service;
mod signed_url;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transfer;
mod upload;
mod usage;

pub use plugin::Files;

sdk_plugin::export_plugin!(Files);
