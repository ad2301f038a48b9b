//! Collection: `analytics.collect`. A batch is checked, stored as one document, and acknowledged
//! when the database has it. Nothing else has to work for that: files and figures follow later.

pub mod batch;
pub mod known;
pub mod limits;
mod newcomers;
pub mod queue;
pub mod rate;
mod refusals;

use analytics_engine::DeviceKey;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Error, Result};
use serde::Serialize;

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
    pub async fn collect(&self, call: &Call) -> Result<Collected> {
        let params = Params::read(&call.params)?;
        let app = self.apps.for_client(&call.space, &params.app_key).await?;
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
            self.admit(&app.key, DeviceKey::of(&batch.device), &call.caller.ip).await?;
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
    async fn admit(&self, app: &str, device: DeviceKey, from: &str) -> Result<()> {
        let newcomers = &self.limits.newcomers;
        let known = self.registry.known(app);
        match known.as_ref().and_then(|known| Some((known.has(device)?, known.count()))) {
            Some((true, _)) => return Ok(()),
            Some((false, users)) => newcomers.heard(app, users as u64),
            None if newcomers.asks(app) => {
                if let Ok(head) = self.store.manifests.head(app).await {
                    newcomers.heard(app, head.users);
                }
            }
            None => {}
        }
        let (limit, why) = match newcomers.enter(app, device, from.parse().ok()) {
            Ok(()) => return Ok(()),
            Err(Exceeded::Devices) => ("max_devices", "the application has as many devices as it may have"),
            Err(Exceeded::Rate) => ("max_new_devices_per_minute", "too many new devices come to the application"),
            Err(Exceeded::Address) => ("max_new_devices_per_address", "too many new devices come from this address"),
        };
        Err(self.refuse(app, limit, why))
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
