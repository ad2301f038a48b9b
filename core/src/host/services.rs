//! What the host does for one plugin instance, within what its manifest declares.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sdk_plugin::abi::host::HostServices;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Error, Event, Manifest, Reply, Result, codes, events};
use serde_json::{Value, json};
use tracing::Level;

use super::Slot;
use super::schedule::{Jobs, Scheduler};
use crate::router::Router;
use crate::secrets::MasterKey;

pub struct Services {
    plugin: String,
    slot: Weak<Slot>,
    manifest: Manifest,
    router: Router,
    master: MasterKey,
    jobs: Jobs,
}

/// How long a plugin may work on a schedule that is due.
const SCHEDULE_PATIENCE: Duration = Duration::from_secs(600);

impl Services {
    pub fn new(slot: &Arc<Slot>, manifest: Manifest, router: Router, master: MasterKey, scheduler: Scheduler) -> Self {
        Self { plugin: slot.id.clone(), slot: Arc::downgrade(slot), manifest, router, master, jobs: Jobs::new(scheduler) }
    }

    pub fn jobs(&self) -> Jobs {
        self.jobs.clone()
    }
}

impl HostServices for Services {
    fn call(self: Arc<Self>, call: Call) -> BoxFuture<'static, Result<Reply>> {
        async move {
            if !Manifest::covers(&self.manifest.calls, &call.method) {
                let message = format!("the plugin `{}` does not declare that it calls `{}`", self.plugin, call.method);
                return Err(Error::new(codes::INVALID_METHOD, message));
            }
            self.router.make(call).await
        }
        .boxed()
    }

    fn emit(self: Arc<Self>, event: Event) -> BoxFuture<'static, Result<()>> {
        async move { self.router.emit(event).await }.boxed()
    }

    fn schedule(self: Arc<Self>, name: String, cron: String) -> BoxFuture<'static, Result<()>> {
        async move {
            let slot = self.slot.clone();
            let due = move |name: String| {
                let slot = slot.upgrade();
                async move {
                    let Some(slot) = slot else { return };
                    let told = async {
                        let event = Event::json(events::SCHEDULE_DUE, "", &json!({"name": name}))?;
                        slot.lease()?.event(event, SCHEDULE_PATIENCE).await
                    };
                    if let Err(error) = told.await {
                        tracing::error!(plugin = slot.id, schedule = name, ?error, "a schedule failed");
                    }
                }
                .boxed()
            };
            self.jobs.add(name, &cron, due).await
        }
        .boxed()
    }

    fn secret(&self, name: &str) -> Result<Vec<u8>> {
        if !Manifest::covers(&self.manifest.secrets, name) {
            return Err(Error::new(codes::CONFIG, format!("the plugin `{}` does not declare the secret `{name}`", self.plugin)));
        }
        Ok(self.master.derive(&format!("plugin/{}/{name}", self.plugin)).to_vec())
    }

    fn log(&self, level: Level, target: &str, message: &str, fields: Value) {
        let fields = match &fields {
            Value::Object(map) if map.is_empty() => String::new(),
            fields => fields.to_string(),
        };
        let plugin = self.plugin.as_str();
        match level {
            Level::ERROR => tracing::error!(plugin, module = target, fields, "{message}"),
            Level::WARN => tracing::warn!(plugin, module = target, fields, "{message}"),
            Level::INFO => tracing::info!(plugin, module = target, fields, "{message}"),
            Level::DEBUG => tracing::debug!(plugin, module = target, fields, "{message}"),
            _ => tracing::trace!(plugin, module = target, fields, "{message}"),
        }
    }
}
