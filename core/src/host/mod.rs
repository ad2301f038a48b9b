//! The plugin host: finds libraries, starts plugins in the order of what they call, replaces them
//! while they are in use, and stops them.

mod instance;
mod library;
mod order;
mod schedule;
mod services;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use sdk_plugin::abi::host::HostFrame;
use sdk_plugin::abi::load::PluginLibrary;
use sdk_plugin::abi::plugin::STEP_TIMEOUT;
use sdk_plugin::{Error, HostInfo, Manifest, Result, codes};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::config::{self, Config};
use crate::router::Router;
use crate::secrets::MasterKey;
use crate::telemetry::log::lowest_level;
use crate::telemetry::metrics::{Metrics, PluginMetrics};

pub use instance::{Instance, Lease};
pub use library::{locate, open};
use schedule::Scheduler;
use services::Services;

/// Where a plugin is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being loaded or started.
    Starting,
    /// It takes calls.
    Ready,
    /// It takes no new calls; those in flight end.
    Draining,
    /// It has ended.
    Stopped,
    /// It could not be started, and why.
    Failed(String),
}

impl State {
    fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}

/// The place of one plugin of the TOML file; instances come and go in it.
pub struct Slot {
    /// The plugin's id.
    pub id: String,
    file: PathBuf,
    required: bool,
    current: ArcSwapOption<Instance>,
    manifest: Mutex<Manifest>,
    state: Mutex<State>,
    /// Held while an instance is replaced.
    changing: tokio::sync::Mutex<()>,
    metrics: Arc<PluginMetrics>,
}

impl Slot {
    /// Takes the instance that serves now; it is not stopped before the lease is given back.
    ///
    /// # Errors
    /// `ServiceUnavailable` when there is none, `Throttling.Api.Concurrency` when it is full.
    pub fn lease(&self) -> Result<Lease> {
        match self.current.load_full() {
            Some(instance) => Lease::take(instance, self.metrics.clone()),
            None => Err(Error::new(codes::UNAVAILABLE, format!("the plugin `{}` is not running", self.id)).retryable()),
        }
    }

    /// Whether an instance takes calls.
    pub fn is_running(&self) -> bool {
        self.current.load().is_some()
    }

    /// What the current instance declares.
    pub fn manifest(&self) -> Manifest {
        self.manifest.lock().map(|manifest| manifest.clone()).unwrap_or_default()
    }

    fn set_state(&self, state: State) {
        self.metrics.ready.set(i64::from(state == State::Ready));
        if let Ok(mut slot) = self.state.lock() {
            *slot = state;
        }
    }

    /// Where the plugin is in its life.
    pub fn state(&self) -> State {
        self.state.lock().map_or(State::Stopped, |state| state.clone())
    }

    fn describe(&self) -> Value {
        let state = self.state();
        let manifest = self.manifest();
        json!({
            "id": self.id,
            "name": manifest.name,
            "version": manifest.version,
            "library": self.file,
            "required": self.required,
            "state": state.name(),
            "message": if let State::Failed(why) = &state { why } else { "" },
            "methods": manifest.methods,
            "calls": self.metrics.calls.get(),
            "errors": self.metrics.errors.get(),
        })
    }
}

/// All plugins of the process.
pub struct PluginHost {
    slots: BTreeMap<String, Arc<Slot>>,
    router: Router,
    master: MasterKey,
    data: PathBuf,
    config_file: Option<PathBuf>,
    log_level: String,
    scheduler: Scheduler,
}

/// How long an instance that was replaced may still work on its last calls.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

impl PluginHost {
    /// Loads every enabled plugin, checks that they fit together, and starts them.
    ///
    /// # Errors
    /// The first failure of a required plugin; whatever was started by then is stopped again.
    pub async fn start(
        config: &Config,
        config_file: Option<PathBuf>,
        router: Router,
        master: MasterKey,
        metrics: &Metrics,
    ) -> Result<Arc<Self>> {
        let mut slots = BTreeMap::new();
        let mut libraries = Vec::new();
        for (id, plugin) in config.plugins.iter().filter(|(_, plugin)| plugin.is_enabled()) {
            let in_plugin = |e: Error| Error::new(codes::CONFIG, format!("plugins.{id}: {}", e.message())).with_source(e);
            let file = locate(plugin).map_err(in_plugin)?;
            let slot = Arc::new(Slot {
                id: id.clone(),
                file: file.clone(),
                required: plugin.is_required(),
                current: ArcSwapOption::empty(),
                manifest: Mutex::default(),
                state: Mutex::new(State::Starting),
                changing: tokio::sync::Mutex::default(),
                metrics: Arc::new(metrics.plugin(id)),
            });
            match open(file).await.and_then(|library| Ok((library, library.manifest()?))) {
                Ok((library, manifest)) => {
                    if let Ok(mut place) = slot.manifest.lock() {
                        place.clone_from(&manifest);
                    }
                    libraries.push((slot.clone(), plugin.clone(), library, manifest));
                }
                Err(e) if slot.required => return Err(in_plugin(e)),
                Err(e) => {
                    tracing::error!(plugin = id, error = ?e, "an optional plugin was refused");
                    slot.set_state(State::Failed(e.message().to_owned()));
                }
            }
            slots.insert(id.clone(), slot);
        }
        let host = Arc::new(Self {
            slots,
            router,
            master,
            data: config.data_dir(),
            config_file,
            log_level: config.log.level.clone(),
            scheduler: Scheduler::start().await?,
        });
        host.router.publish(Router::table(host.slots.values().cloned().collect(), None)?);
        for index in order::by_calls(&libraries.iter().map(|(.., manifest)| manifest).collect::<Vec<_>>()) {
            let Some((slot, plugin, library, manifest)) = libraries.get(index) else { continue };
            match host.make(slot, plugin, *library, manifest.clone()).await {
                Ok(instance) => {
                    slot.current.store(Some(instance));
                    slot.set_state(State::Ready);
                    tracing::info!(plugin = slot.id, version = manifest.version, "plugin started");
                }
                Err(e) => {
                    slot.set_state(State::Failed(e.message().to_owned()));
                    let error = Error::new(e.code().to_owned(), format!("plugins.{}: {}", slot.id, e.message())).with_source(e);
                    if slot.required {
                        host.stop().await;
                        return Err(error);
                    }
                    tracing::error!(plugin = slot.id, ?error, "an optional plugin did not start");
                }
            }
        }
        Ok(host)
    }

    /// Creates and starts an instance. A start that fails is followed by stop.
    async fn make(&self, slot: &Arc<Slot>, plugin: &config::Plugin, library: PluginLibrary, manifest: Manifest) -> Result<Arc<Instance>> {
        let data_dir = self.data.join(&slot.id);
        tokio::fs::create_dir_all(&data_dir)
            .await
            .map_err(|e| Error::new(codes::CONFIG, format!("cannot make the folder {}: {e}", data_dir.display())))?;
        let info = HostInfo {
            plugin: slot.id.clone(),
            data_dir: std::path::absolute(&data_dir).map_err(Error::internal)?,
            config: Value::Object(plugin.config.clone()),
            log_level: lowest_level(&self.log_level).to_owned(),
        };
        let services = Arc::new(Services::new(slot, manifest.clone(), self.router.clone(), self.master.clone(), self.scheduler.clone()));
        let jobs = services.jobs();
        let runtime = tokio::runtime::Handle::current();
        let frame = HostFrame::new(services, runtime.clone());
        let instance = library.create(frame, &info, runtime)?;
        let instance = Arc::new(Instance::new(&slot.id, instance, manifest, jobs));
        let started = async {
            instance.raw().start().await?;
            instance.raw().ready().await
        };
        let result = timeout(STEP_TIMEOUT, started)
            .await
            .unwrap_or_else(|_| Err(Error::new(codes::UNAVAILABLE, format!("did not start within {} seconds", STEP_TIMEOUT.as_secs()))));
        match result {
            Ok(()) => Ok(instance),
            Err(error) => {
                instance.end(&slot.id, DRAIN_TIMEOUT).await;
                Err(error)
            }
        }
    }

    /// Starts a plugin anew with the configuration that the file has now, then retires the old
    /// instance once its last call has ended. No call is refused in between.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; otherwise why the new one did not start, while the old one
    /// goes on.
    pub async fn reload(&self, id: &str) -> Result<()> {
        let slot = self.slots.get(id).ok_or_else(|| Error::new(codes::NOT_FOUND, format!("no plugin has the id `{id}`")))?;
        let _one_at_a_time = slot.changing.lock().await;
        let config = Config::load(self.config_file.as_deref())?;
        let plugin =
            config.plugins.get(id).ok_or_else(|| Error::new(codes::NOT_FOUND, format!("the TOML file has no plugins.{id} any more")))?;
        let library = open(locate(plugin)?).await?;
        let manifest = library.manifest()?;
        let slots = || self.slots.values().cloned().collect();
        let table = |manifest: &Manifest| Router::table(slots(), Some((id, manifest)));
        table(&manifest)?;
        let instance = self.make(slot, plugin, library, manifest.clone()).await?;
        // Another plugin may have been reloaded meanwhile.
        let table = match table(&manifest) {
            Ok(table) => table,
            Err(error) => {
                instance.end(&slot.id, DRAIN_TIMEOUT).await;
                return Err(error);
            }
        };
        if let Ok(mut place) = slot.manifest.lock() {
            *place = manifest;
        }
        let old = slot.current.swap(Some(instance));
        slot.set_state(State::Ready);
        self.router.publish(table);
        tracing::info!(plugin = id, "plugin reloaded");
        if let Some(old) = old {
            let id = slot.id.clone();
            tokio::spawn(async move { old.end(&id, DRAIN_TIMEOUT).await });
        }
        Ok(())
    }

    /// What `mpcloud plugin list` shows.
    pub fn describe(&self) -> Vec<Value> {
        self.slots.values().map(|slot| slot.describe()).collect()
    }

    /// Asks every plugin whether it can serve.
    ///
    /// # Errors
    /// The first that cannot, by its id.
    pub async fn ready(&self) -> Result<()> {
        for slot in self.slots.values().filter(|slot| slot.required) {
            let lease = slot.lease()?;
            let asked = timeout(Duration::from_secs(5), lease.instance().raw().ready()).await;
            asked
                .unwrap_or_else(|_| Err(Error::new(codes::UNAVAILABLE, "did not answer within 5 seconds")))
                .map_err(|e| Error::new(codes::UNAVAILABLE, format!("the plugin `{}`: {}", slot.id, e.message())))?;
        }
        Ok(())
    }

    /// Ends every plugin, those that call others first.
    pub async fn stop(&self) {
        let slots: Vec<_> = self.slots.values().cloned().collect();
        let manifests: Vec<_> = slots.iter().map(|slot| slot.manifest()).collect();
        for index in order::by_calls(&manifests.iter().collect::<Vec<_>>()).into_iter().rev() {
            let Some(slot) = slots.get(index) else { continue };
            if let Some(instance) = slot.current.swap(None) {
                slot.set_state(State::Draining);
                instance.end(&slot.id, DRAIN_TIMEOUT).await;
                slot.set_state(State::Stopped);
            }
        }
        self.scheduler.stop().await;
    }
}
