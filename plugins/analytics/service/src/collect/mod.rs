//! Collection: `analytics.collect`. A batch is checked, stored as one document, and acknowledged
//! when the database has it. Nothing else has to work for that: files and figures follow later.

pub mod batch;
pub mod known;
pub mod limits;
mod loading;
mod newcomers;
pub mod queue;
pub mod rate;
mod refusals;

use std::sync::Arc;

use analytics_engine::DeviceKey;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Error, Result};
use serde::Serialize;

use crate::apps::App;
use crate::service::Service;
use batch::{Params, Rejected};
use limits::Backlog;
use newcomers::Exceeded;

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
    pub async fn collect(self: &Arc<Self>, call: &Call) -> Result<Collected> {
        let params = Params::read(&call.params)?;
        let app = self.apps.for_client(&call.space, &params.app_key, call.deadline).await?;
        let now = self.clock.now();
        if params.clock_is_off(now) {
            return Ok(Collected { server_time: now, accepted: 0, rejected: Vec::new(), clock_off: true });
        }
        // A batch of none counts as one event.
        let sent = params.count().max(1);
        if !self.limits.devices.take((&app.key, &params.device), sent) {
            return Err(self.refuse(&app.key, "max_events_per_device", "a device sends more events than are taken"));
        }
        if !self.limits.take(&app.key, sent) {
            return Err(self.refuse(&app.key, "max_events_per_second", "the application sends more events than are taken"));
        }
        let (batch, rejected) = params.check(now, self.config.late_days);
        let accepted = batch.events.len();
        if accepted > 0 {
            self.admit(&app, DeviceKey::of(&batch.device), &call.caller.ip).await?;
            self.check_backlog(&app.key).await?;
            self.store.peers.announce(&self.clock, call.deadline).await?;
            self.queue.store(&app.key, batch, call.deadline).await?;
            let waiting = self.limits.stored(&app.key, accepted as u64);
            if waiting >= self.config.fold_events {
                self.turns.kick(&app.key);
            }
        }
        Ok(Collected { server_time: now, accepted, rejected, clock_off: false })
    }

    fn refuse(&self, app: &str, limit: &'static str, why: &str) -> Error {
        self.limits.refusals.refuse(app, limit, why)
    }

    /// Lets in a device that is known, or one more.
    async fn admit(self: &Arc<Self>, app: &Arc<App>, device: DeviceKey, from: &str) -> Result<()> {
        let newcomers = &self.limits.newcomers;
        let known = self.known(&app.key, device);
        if let Some((true, _)) = known {
            return Ok(());
        }
        // Other nodes take devices too, of which a state in memory may not have heard.
        if newcomers.asks(&app.key)
            && let Ok(head) = self.store.manifests.head(&app.key).await
        {
            newcomers.heard(&app.key, head.users);
        }
        let users = known.map_or(0, |(_, users)| users as u64);
        let Err(exceeded) = newcomers.enter(&app.key, device, from.parse().ok(), users) else { return Ok(()) };
        // It may be known for all that: to the files, or to another node.
        self.load_soon(app);
        let (limit, why) = match exceeded {
            Exceeded::Devices => ("max_devices", "the application has as many devices as it may have"),
            Exceeded::Rate => ("max_new_devices_per_minute", "too many new devices come to the application"),
            Exceeded::Address => ("max_new_devices_per_address", "too many new devices come from this address"),
        };
        match known {
            Some(_) => Err(self.refuse(&app.key, limit, why)),
            None => Err(refusals::refusal(limit, "which devices the application has is being loaded")),
        }
    }

    /// Whether a device is known, and how many are; none when the application is not in memory, which
    /// it stays while it is asked for.
    fn known(&self, app: &str, device: DeviceKey) -> Option<(bool, usize)> {
        let entry = self.registry.peek(app)?;
        let known = entry.known.has(device)?;
        entry.use_now();
        Some((known, entry.known.count()))
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
        if full { Err(self.refuse(app, "max_pending_events", "too many events wait to be counted")) } else { Ok(()) }
    }
}
