//! States that are loaded because collection asks for them: who is known can only be told of an
//! application in memory, and where nothing waits, or another node folds, nobody else loads it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::apps::App;
use crate::service::Service;
use crate::state::sync::Upto;

/// How many are loaded at once.
const AT_ONCE: usize = 2;
/// How often the same is, at the most.
const EVERY: Duration = Duration::from_secs(60);
/// How many applications are kept in mind before those are forgotten that may be loaded again.
const MOST: usize = 10_000;

/// What is being loaded, and was of late.
#[derive(Debug)]
pub struct Loading {
    turns: Arc<Semaphore>,
    apps: Mutex<HashMap<String, Load>>,
}

#[derive(Debug)]
struct Load {
    begun: Instant,
    running: bool,
}

/// One that is being loaded, until this is dropped.
#[derive(Debug)]
struct Turn {
    loading: Arc<Loading>,
    app: String,
    _turn: OwnedSemaphorePermit,
}

impl Default for Loading {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), apps: Mutex::default() }
    }
}

impl Loading {
    fn apps(&self) -> MutexGuard<'_, HashMap<String, Load>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn to load an application; none while it is loaded, just after that, or while others are.
    /// Nobody waits: whoever comes next asks again.
    fn begin(self: &Arc<Self>, app: &str) -> Option<Turn> {
        let mut apps = self.apps();
        let rests = |load: &Load| load.running || load.begun.elapsed() < EVERY;
        if apps.get(app).is_some_and(rests) {
            return None;
        }
        if apps.len() >= MOST {
            apps.retain(|_, load| rests(load));
        }
        let turn = self.turns.clone().try_acquire_owned().ok()?;
        apps.insert(app.to_owned(), Load { begun: Instant::now(), running: true });
        Some(Turn { loading: self.clone(), app: app.to_owned(), _turn: turn })
    }

    /// Waits until nothing is loaded.
    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub async fn quiet(&self) {
        drop(self.turns.acquire_many(AT_ONCE as u32).await.unwrap());
    }

    /// Forgets an application.
    pub fn forget(&self, app: &str) {
        self.apps().remove(app);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(load) = self.loading.apps().get_mut(&self.app) {
            load.running = false;
        }
    }
}

impl<C: Calls> Service<C> {
    /// Brings the state of an application up to date in the background, and loads it where it is not
    /// in memory, unless that was done a moment ago.
    pub(super) fn load_soon(self: &Arc<Self>, app: &Arc<App>) {
        let Some(turn) = self.limits.loading.begin(&app.key) else { return };
        let (service, app) = (self.clone(), app.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = service.stopping.cancelled() => {}
                outcome = timeout(service.patience, service.load(&app)) => match outcome {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(?error, app = app.key, "it could not be loaded who is known to an analytics application"),
                    Err(_) => tracing::warn!(app = app.key, "it was not loaded in time who is known to an analytics application"),
                },
            }
            service.registry.evict(service.idle(), service.config.memory());
            drop(turn);
        });
    }

    async fn load(&self, app: &App) -> Result<()> {
        let _room = self.room_for(&app.key).await?;
        let entry = self.registry.entry(&app.key);
        let mut slot = entry.lock(Instant::now() + self.patience).await?;
        entry.bring(&mut slot, &self.store, app, &self.how(), Upto::Moment).await.map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_is_loaded_once_at_a_time_and_few_are_together() {
        let loading = Arc::<Loading>::default();
        let first = loading.begin("a").unwrap();
        assert!(loading.begin("a").is_none());
        let second = loading.begin("b").unwrap();
        assert!(loading.begin("c").is_none());
        drop(first);
        assert!(loading.begin("a").is_none(), "it was loaded a moment ago");
        let third = loading.begin("c").unwrap();
        drop((second, third));
        loading.forget("a");
        assert!(loading.begin("a").is_some());
    }

    #[test]
    fn what_rests_is_forgotten_when_there_are_too_many() {
        let loading = Arc::<Loading>::default();
        let long_ago = Instant::now().checked_sub(2 * EVERY).unwrap();
        for n in 0..MOST {
            loading.apps().insert(n.to_string(), Load { begun: long_ago, running: n == 0 });
        }
        let _turn = loading.begin("a").unwrap();
        assert_eq!(loading.apps().len(), 2);
        assert!(loading.begin("0").is_none() && loading.begin("1").is_some());
    }
}
