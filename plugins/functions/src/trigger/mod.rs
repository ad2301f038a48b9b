//! What runs functions without a client: HTTP requests and timers.

mod cron;
mod http;
mod timer;

use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::{Call, Result, codes};
use serde_json::json;

use crate::service::{Edge, Service};

pub use cron::Schedule;
pub use http::{PATH_PREFIX, PREFIX, Routes, SwitchParams, check_path};
pub use timer::{PATIENCE, Timers};

/// The triggers' part of the service.
pub struct Triggers<E> {
    /// Which spaces take HTTP requests.
    pub(crate) switches: Collection<E>,
    /// Which function has which path.
    pub(crate) paths: Collection<E>,
    pub(crate) routes: Routes,
    pub(crate) timers: Timers<E>,
}

impl<E: Edge> Triggers<E> {
    /// Triggers over the records in the system space.
    pub fn new(edge: &E, timers_at_once: usize) -> Self {
        let records = |name| Collection::new(edge.clone(), SYSTEM_SPACE, name);
        Self {
            switches: records("function_http"),
            paths: records("function_paths"),
            routes: Routes::default(),
            timers: Timers::new(records("function_timers"), timers_at_once),
        }
    }
}

impl<E: Edge> Service<E> {
    /// Whether a space exists and its administrator has not switched it off.
    async fn is_open(&self, space: &str) -> Result<bool> {
        match self.edge.make(Call::json(space, "core.checkSpace", &json!({}))?).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.code(), codes::SPACE_NOT_FOUND | codes::SPACE_DELETED | "InvalidSpace.Suspended") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes what the triggers keep of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub(crate) async fn remove_triggers(&self, space: &str) -> Result<()> {
        let of = json!({"spaceId": space});
        self.triggers.switches.delete(of.clone()).await?;
        self.triggers.paths.delete(of).await?;
        self.forget_timers(space, None).await
    }
}
