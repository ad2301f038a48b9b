//! The service: applications, what is kept of them, and what is in memory.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result, codes};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::apps::{App, Apps, Create, Update};
use crate::clock::Clock;
use crate::collect::limits::Limits;
use crate::collect::queue::Queue;
use crate::config::Config;
use crate::fold::put_off::PutOff;
use crate::fold::room::Room;
use crate::fold::schedule::PATIENCE;
use crate::fold::turns::Turns;
use crate::state::Registry;
use crate::state::sync::How;
use crate::store::Store;

/// How long what goes on may take when the plugin stops.
const STOP: Duration = Duration::from_secs(15);

/// Analytics of all spaces.
pub struct Service<C> {
    pub(crate) calls: C,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    /// What names this process in manifests.
    pub(crate) node: String,
    /// The key of signatures.
    pub(crate) secret: Vec<u8>,
    pub(crate) apps: Apps<C>,
    pub(crate) store: Store<C>,
    pub(crate) limits: Limits,
    pub(crate) queue: Queue,
    pub(crate) registry: Arc<Registry>,
    /// Which applications are to be folded.
    pub(crate) turns: Turns,
    /// For the states that are loaded to be folded.
    pub(crate) room: Room,
    /// Which raw files are not merged for a time.
    pub(crate) put_off: PutOff,
    /// How long the work on one application may take.
    pub(crate) patience: Duration,
    /// Whether the database is prepared.
    pub(crate) prepared: AtomicBool,
    pub(crate) stopping: CancellationToken,
}

impl<C: Calls> Service<C> {
    /// A service; `secret` is the key of signatures. Nothing is read until something is asked.
    pub fn new(config: Config, calls: C, clock: Clock, secret: Vec<u8>) -> Arc<Self> {
        let node = Uuid::new_v4().to_string();
        let store = Store::new(&calls, &node);
        let registry = Arc::<Registry>::default();
        Arc::new(Self {
            apps: Apps::new(calls.clone(), clock.clone()),
            limits: Limits::of(&config),
            queue: Queue::new(store.pending.clone(), registry.clone()),
            node,
            turns: Turns::default(),
            room: Room::new(config.memory_mib),
            put_off: PutOff::default(),
            patience: PATIENCE,
            prepared: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            calls,
            config,
            clock,
            secret,
            store,
            registry,
        })
    }

    /// How long an application stays in memory.
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.config.idle_seconds)
    }

    /// How states are brought up to date.
    pub(crate) fn how(&self) -> How {
        How { keep_raw: self.config.raw_days > 0, clock: self.clock.clone() }
    }

    /// Makes an application.
    ///
    /// # Errors
    /// `InvalidParams.Format`, `QuotaExceeded.AnalyticsApps`, or what the database answers.
    pub async fn create_app(&self, space: &str, create: Create) -> Result<App> {
        if space.is_empty() {
            return Err(Error::invalid_params("an application belongs to a space: call the method in one"));
        }
        self.apps.create(space, create, self.config.max_apps_per_space).await
    }

    /// Changes an application; its time zone only as long as it has no data, whose days would be
    /// others.
    ///
    /// # Errors
    /// `InvalidParams.Format`, `InvalidAppKey.NotFound`, `Conflict`, or what the database answers.
    pub async fn update_app(&self, space: &str, update: Update) -> Result<Arc<App>> {
        let app = self.apps.require(space, &update.app_key).await?;
        if update.time_zone.as_ref().is_some_and(|zone| *zone != app.time_zone) {
            let empty =
                self.store.manifests.head(&app.key).await?.version == 0 && self.store.pending.ids(&app.key, None).await?.0.is_empty();
            if !empty {
                return Err(zone_stays(&app.time_zone));
            }
        }
        self.apps.update(space, &update).await?;
        // The first fold may have been done since.
        if let Some(zone) = &update.time_zone
            && let Some(manifest) = self.store.manifests.get(&app.key).await?
            && manifest.time_zone != *zone
        {
            self.apps.set_zone(&app.key, &manifest.time_zone).await?;
            return Err(zone_stays(&manifest.time_zone));
        }
        self.apps.require(space, &app.key).await
    }

    /// Deletes an application with all of its data.
    ///
    /// # Errors
    /// `InvalidAppKey.NotFound`, or what database and storage answer; then doing it again goes on.
    pub async fn delete_app(&self, space: &str, key: &str) -> Result<()> {
        let app = self.apps.require(space, key).await?;
        self.apps.mark(&app.key).await?;
        self.purge(&app.key).await
    }

    /// Removes the data of an application that is marked.
    pub(crate) async fn purge(&self, key: &str) -> Result<()> {
        self.registry.remove(key);
        self.limits.forget(key);
        self.store.purge(key).await
    }

    /// Removes everything of a space that is deleted. What could not be removed goes with the marks of
    /// its applications.
    ///
    /// # Errors
    /// What the database answers when not all applications could be marked.
    pub async fn remove_space(&self, space: &str) -> Result<()> {
        let apps = self.apps.of_space(space).await?;
        let mut marked = Ok(());
        let mut gone = Vec::with_capacity(apps.len());
        // First all are refused to clients, then the data goes, which takes longer.
        for app in apps {
            match self.apps.mark(&app.key).await {
                Ok(()) => gone.push(app.key),
                Err(error) => marked = Err(error),
            }
        }
        for key in gone {
            if let Err(error) = self.purge(&key).await {
                tracing::warn!(?error, app = key, "data of a space that was deleted is left: it is removed later");
            }
        }
        marked
    }

    /// Ends what goes on: batches that wait are stored, and what is being folded is ended.
    pub async fn stop(&self) {
        self.stopping.cancel();
        let (stored, folded) = tokio::join!(timeout(STOP, self.queue.stop()), timeout(STOP, self.turns.quiet()));
        if stored.is_err() {
            tracing::warn!("the plugin stops while batches of analytics wait: they were not acknowledged, and come again");
        }
        if folded.is_err() {
            tracing::warn!("the plugin stops while analytics is folded: that is begun again");
        }
    }
}

fn zone_stays(zone: &str) -> Error {
    let message = format!("the application has data whose days are those of {zone}: make another application for another time zone");
    Error::new(codes::CONFLICT, message)
}
