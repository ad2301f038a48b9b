//! What the way of a call needs to know, kept so that a warm call asks no database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use sdk_plugin::Result;
use tokio::sync::OnceCell;

use crate::package::Package;
use crate::runtime::Target;

/// How long another node's changes may go unseen.
const LIFE: Duration = Duration::from_secs(10);
/// How many functions are remembered.
const MAX_FUNCTIONS: usize = 10_000;

/// A function that can be called.
#[derive(Debug)]
pub struct Ready {
    /// What instances are made for.
    pub target: Arc<Target>,
    /// The storage key of its package.
    pub package: String,
    /// The function's own time limit, in seconds.
    pub timeout: u64,
}

type Known = HashMap<String, (Instant, Arc<Ready>)>;

/// The functions that were called lately, by space and name.
#[derive(Default)]
pub struct Functions(RwLock<HashMap<String, Known>>);

impl Functions {
    /// A function, if what is known of it is fresh.
    pub fn get(&self, space: &str, name: &str) -> Option<Arc<Ready>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (at, ready) = known.get(space)?.get(name)?;
        (at.elapsed() < LIFE).then(|| ready.clone())
    }

    /// Remembers a function.
    pub fn put(&self, ready: Arc<Ready>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(HashMap::len).sum::<usize>() >= MAX_FUNCTIONS {
            known.clear();
        }
        let target = &ready.target;
        known.entry(target.space.clone()).or_default().insert(target.name.clone(), (Instant::now(), ready));
    }

    /// Forgets a function; all of a space, without a name.
    pub fn forget(&self, space: &str, name: Option<&str>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match name {
            None => drop(known.remove(space)),
            Some(name) => {
                if let Some(functions) = known.get_mut(space) {
                    functions.remove(name);
                }
            }
        }
    }
}

type Slot = Arc<OnceCell<Arc<Package>>>;

/// Unpacked packages, by their storage keys. A package never changes once it is deployed.
pub struct Packages {
    limit: usize,
    state: Mutex<PackagesState>,
}

#[derive(Default)]
struct PackagesState {
    slots: HashMap<String, (u64, Slot)>,
    clock: u64,
}

impl Packages {
    /// A cache of at most `limit` bytes; the newest package stays even when it is larger.
    pub fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// A package; read once, however many ask for it at the same time.
    ///
    /// # Errors
    /// What `read` answers. It is tried again for whoever asks next.
    pub async fn get<F: Future<Output = Result<Package>>>(&self, key: &str, read: impl FnOnce() -> F) -> Result<Arc<Package>> {
        let slot = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.clock += 1;
            let now = state.clock;
            let (used, slot) = state.slots.entry(key.to_owned()).or_default();
            *used = now;
            slot.clone()
        };
        let package = slot.get_or_try_init(|| async { read().await.map(Arc::new) }).await.cloned();
        self.shrink(key);
        package
    }

    fn shrink(&self, newest: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // What failed to be read, and is not being read, goes.
        state.slots.retain(|_, (_, slot)| slot.initialized() || Arc::strong_count(slot) > 1);
        let size =
            |state: &PackagesState| state.slots.values().filter_map(|(_, slot)| slot.get()).map(|package| package.size()).sum::<usize>();
        while size(&state) > self.limit {
            let oldest =
                state.slots.iter().filter(|(key, (_, slot))| *key != newest && slot.initialized()).min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
            state.slots.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(bytes: usize) -> Package {
        Package::of(&[("index.js", &"x".repeat(bytes))])
    }

    #[tokio::test]
    async fn the_oldest_package_goes_and_a_failure_is_not_kept() {
        let packages = Packages::new(250);
        let failed = packages.get("a", || async { Err(sdk_plugin::Error::new("X", "no")) }).await;
        assert_eq!(failed.expect_err("fails").code(), "X");
        for key in ["a", "b", "a", "c"] {
            packages.get(key, || async { Ok(package(100)) }).await.expect("reads");
        }
        packages.get("a", || async { panic!("it is there") }).await.expect("cached");
        let again = packages.get("b", || async { Err(sdk_plugin::Error::new("X", "gone")) }).await;
        assert_eq!(again.expect_err("was evicted").code(), "X");
    }
}
