//! How many tasks run and wait at once, of a space and in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sdk_plugin::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::code::SERVER_BUSY;
use crate::config::Config;

/// The places for tasks.
pub struct Places {
    running: Arc<Semaphore>,
    spaces: Mutex<HashMap<String, Taken>>,
    per_space: u64,
    running_per_space: usize,
    total: u64,
}

struct Taken {
    places: u64,
    running: Arc<Semaphore>,
}

/// A place for a task, which it gives back when it ends.
pub struct Place {
    all: Arc<Places>,
    space: String,
}

impl Places {
    /// As many as the configuration says.
    pub fn new(config: &Config) -> Arc<Self> {
        let permits = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            running: Arc::new(Semaphore::new(permits(config.max_running))),
            spaces: Mutex::default(),
            per_space: config.max_tasks_per_space,
            running_per_space: permits(config.max_running_per_space),
            total: config.max_tasks,
        })
    }

    /// A place for a task of a space.
    ///
    /// # Errors
    /// `SERVER_BUSY` when there is none.
    pub fn take(self: &Arc<Self>, space: &str) -> Result<Place> {
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u64 = spaces.values().map(|taken| taken.places).sum();
        let of_space = spaces.get(space).map_or(0, |taken| taken.places);
        if all >= self.total || of_space >= self.per_space {
            let message = "too many exports, imports, restores and backups are running or waiting; try again when one has ended";
            return Err(Error::new(SERVER_BUSY, message).retryable());
        }
        let new = || Taken { places: 0, running: Arc::new(Semaphore::new(self.running_per_space)) };
        spaces.entry(space.to_owned()).or_insert_with(new).places += 1;
        Ok(Place { all: self.clone(), space: space.to_owned() })
    }
}

impl Place {
    /// Waits until the task may run. It may as long as the answer is kept.
    ///
    /// # Errors
    /// Never, as nobody closes the doors.
    pub async fn enter(&self) -> Result<[OwnedSemaphorePermit; 2]> {
        let of_space = {
            let spaces = self.all.spaces.lock().unwrap_or_else(PoisonError::into_inner);
            spaces.get(&self.space).map(|taken| taken.running.clone())
        };
        let of_space = of_space.ok_or_else(|| Error::internal("a place without a space"))?;
        // The space's first: whoever waits for a busy space keeps nobody else from running.
        let space = of_space.acquire_owned().await.map_err(Error::internal)?;
        Ok([space, self.all.running.clone().acquire_owned().await.map_err(Error::internal)?])
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut spaces = self.all.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = spaces.get_mut(&self.space) {
            taken.places -= 1;
            if taken.places == 0 {
                spaces.remove(&self.space);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn places_and_doors_are_bounded_of_a_space_and_in_all() {
        let config = Config { max_running: 2, max_running_per_space: 1, max_tasks: 3, max_tasks_per_space: 2, ..Config::default() };
        let places = Places::new(&config);
        let (a, a2) = (places.take("a").unwrap(), places.take("a").unwrap());
        assert_eq!(places.take("a").err().unwrap().code(), SERVER_BUSY);
        let b = places.take("b").unwrap();
        assert_eq!(places.take("c").err().unwrap().code(), SERVER_BUSY);

        let inside = a.enter().now_or_never().unwrap().unwrap();
        assert!(a2.enter().now_or_never().is_none(), "one of a space runs at a time");
        let other = b.enter().now_or_never().unwrap().unwrap();
        drop(inside);
        let second = a2.enter().now_or_never().unwrap().unwrap();
        drop((a, b));
        let c = places.take("c").unwrap();
        assert!(c.enter().now_or_never().is_none(), "two run at a time");
        drop(other);
        assert!(c.enter().now_or_never().is_some());
        drop(second);
    }
}
