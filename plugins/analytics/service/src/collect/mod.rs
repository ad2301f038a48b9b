//! Collection: `analytics.collect`. A batch is checked, stored as one document, and acknowledged
//! when the database has it. Nothing else has to work for that: files and figures follow later.

pub mod batch;
pub mod known;
pub mod limits;
pub mod queue;

use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Result};
use serde::Serialize;

use crate::errors::{throttled, unavailable};
use crate::service::Service;
use batch::{Params, Rejected};
use limits::Backlog;

/// What a client is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collected {
    /// The server's time, in milliseconds since 1970.
    pub server_time: i64,
    /// How many events were taken.
    pub accepted: usize,
    /// Those that were not, and are not to be sent again.
    pub rejected: Vec<Rejected>,
    /// Whether nothing was taken because the client's clock is off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub clock_off: bool,
}

impl<C: Calls> Service<C> {
    /// Takes a batch of a client.
    ///
    /// # Errors
    /// `InvalidParams.Format`, `InvalidAppKey.NotFound`, `Throttling.Api`, `ServiceUnavailable`.
    pub async fn collect(&self, call: &Call) -> Result<Collected> {
        let params = Params::read(&call.params)?;
        let app = self.apps.of(&call.space, &params.app_key).await?;
        let now = self.clock.now();
        if params.clock_is_off(now) {
            return Ok(Collected { server_time: now, accepted: 0, rejected: Vec::new(), clock_off: true });
        }
        if !self.limits.take(&app.key, params.count()) {
            return Err(throttled("the application sends more events than are taken: keep them and send them again later"));
        }
        let (batch, rejected) = params.check(now, self.config.late_days);
        let accepted = batch.events.len();
        if accepted > 0 {
            self.check_backlog(&app.key).await?;
            self.store.peers.announce(&self.clock).await?;
            self.queue.store(&app.key, batch, call.deadline).await?;
            let waiting = self.limits.stored(&app.key, accepted as u64);
            if waiting >= self.config.fold_events {
                self.kick.notify_one();
            }
        }
        Ok(Collected { server_time: now, accepted, rejected, clock_off: false })
    }

    async fn check_backlog(&self, app: &str) -> Result<()> {
        let full = match self.limits.backlog(app) {
            Backlog::Small => false,
            Backlog::Full => true,
            Backlog::Unknown => {
                let waiting = self.store.pending.events(app).await?;
                self.limits.set_waiting(app, waiting);
                waiting > self.config.max_pending_events
            }
        };
        if full { Err(unavailable("too many events wait to be counted: keep them and send them again later")) } else { Ok(()) }
    }
}
