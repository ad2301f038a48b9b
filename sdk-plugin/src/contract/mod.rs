//! Methods whose form is agreed on, so that a plugin which provides them can be replaced.

pub mod cloudcall;
pub mod db;
pub mod domains;
pub mod files;
pub mod login;
pub mod management;
pub mod platforms;
pub mod storage;

use std::future::Future;

use crate::{Call, Host, Reply, Result};

/// The space of mpcloud's own records: spaces, users, functions. No client can address it.
pub const SYSTEM_SPACE: &str = "mpcloud-system";

/// Whoever can make calls: a plugin through its [`Host`], or the core.
pub trait Calls: Clone + Send + Sync + 'static {
    /// Makes a call; see [`Host::call`].
    fn make(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send;
}

impl Calls for Host {
    async fn make(&self, call: Call) -> Result<Reply> {
        self.call(call).await
    }
}
