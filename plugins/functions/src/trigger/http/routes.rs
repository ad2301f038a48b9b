//! Which function a path of a space triggers, kept so that a warm request asks no database.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long another node's changes may go unseen.
const LIFE: Duration = Duration::from_secs(10);
/// How many spaces are remembered.
const MAX_SPACES: usize = 10_000;
/// How many paths of a space are remembered, those that lead nowhere included.
const MAX_PATHS: usize = 1_000;

/// What is known of the triggers of spaces.
#[derive(Default)]
pub struct Routes {
    spaces: Mutex<HashMap<String, Space>>,
    /// Counts changes, so that what was read before one is not remembered after it.
    changes: AtomicU64,
}

struct Space {
    at: Instant,
    enabled: bool,
    /// The name of the function; none where nothing is.
    paths: HashMap<String, Option<String>>,
}

/// A moment: what was read since may be remembered unless something has changed.
#[derive(Clone, Copy)]
pub struct Moment(u64);

/// What is known of a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// The space's triggers are switched off.
    Off,
    /// The path triggers this function, or none.
    Path(Option<String>),
    /// The triggers are switched on; the path must be looked up.
    On,
    /// Nothing is known.
    Nothing,
}

impl Routes {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Space>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a path, and the moment from which to learn more.
    pub fn get(&self, space: &str, path: &str) -> (Known, Moment) {
        let moment = Moment(self.changes.load(Ordering::Acquire));
        let spaces = self.lock();
        let known = match spaces.get(space).filter(|known| known.at.elapsed() < LIFE) {
            None => Known::Nothing,
            Some(known) if !known.enabled => Known::Off,
            Some(known) => known.paths.get(path).map_or(Known::On, |name| Known::Path(name.clone())),
        };
        (known, moment)
    }

    /// Remembers whether a space's triggers are switched on.
    pub fn put_space(&self, space: &str, enabled: bool, since: Moment) {
        let mut spaces = self.lock();
        if self.changes.load(Ordering::Acquire) != since.0 {
            return;
        }
        if spaces.len() >= MAX_SPACES {
            spaces.clear();
        }
        spaces.insert(space.to_owned(), Space { at: Instant::now(), enabled, paths: HashMap::new() });
    }

    /// Remembers where a path of a known space leads.
    pub fn put_path(&self, space: &str, path: &str, name: Option<String>, since: Moment) {
        let mut spaces = self.lock();
        if self.changes.load(Ordering::Acquire) != since.0 {
            return;
        }
        if let Some(known) = spaces.get_mut(space) {
            if known.paths.len() >= MAX_PATHS {
                known.paths.clear();
            }
            known.paths.insert(path.to_owned(), name);
        }
    }

    /// Forgets a space.
    pub fn forget(&self, space: &str) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.lock().remove(space);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_remembered() {
        let routes = Routes::default();
        let (known, before) = routes.get("s", "/http/a");
        assert_eq!(known, Known::Nothing);
        routes.put_space("s", true, before);
        assert_eq!(routes.get("s", "/http/a").0, Known::On);
        routes.put_path("s", "/http/a", Some("f".to_owned()), before);
        assert_eq!(routes.get("s", "/http/a").0, Known::Path(Some("f".to_owned())));
        routes.forget("s");
        assert_eq!(routes.get("s", "/http/a").0, Known::Nothing);
        routes.put_space("s", true, before);
        assert_eq!(routes.get("s", "/http/a").0, Known::Nothing, "it was read before the change");
        let (_, after) = routes.get("s", "/http/a");
        routes.put_space("s", false, after);
        assert_eq!(routes.get("s", "/http/a").0, Known::Off);
    }

    #[test]
    fn paths_that_lead_nowhere_take_no_more_memory_than_a_limit() {
        let routes = Routes::default();
        let (_, moment) = routes.get("s", "");
        routes.put_space("s", true, moment);
        for n in 0..3 * MAX_PATHS {
            routes.put_path("s", &format!("/http/{n}"), None, moment);
        }
        assert!(routes.lock()["s"].paths.len() <= MAX_PATHS);
    }
}
