//! The space's rules, applied to every call of a mini program before any plugin sees it.

mod data;

use sdk_plugin::contract::db;
use sdk_plugin::{Call, Result};

use crate::config;

/// Decides what a client's call may do.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    data: data::Rule,
}

impl Policy {
    /// The rules of collections that have none of their own.
    pub fn new(config: config::Policy) -> Self {
        Self { data: data::Rule { read: config.data_read, write: config.data_write } }
    }

    /// Lets a client's call through, or refuses it.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied`.
    pub fn apply(&self, call: Call) -> Result<Call> {
        match call.method.as_str() {
            db::EXECUTE => self.data.apply(call),
            _ => Ok(call),
        }
    }
}
