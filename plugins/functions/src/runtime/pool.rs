//! Which instances there are, and which one a call gets.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sdk_plugin::{Error, Result, codes};

use super::instance::{Instance, MAX_OPEN_CALLS, Message, micros};
use super::{Invocation, Target};

/// How many instances there may be.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Of one function, because the others are busy.
    pub per_function: usize,
    /// Of all functions together.
    pub total: usize,
    /// How long one waits for another call before it ends.
    pub idle: Duration,
}

/// The instances.
pub struct Pool {
    limits: PoolLimits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    instances: HashMap<Arc<str>, Vec<Arc<Instance>>>,
    count: usize,
}

/// What a call gets of the pool.
pub enum Choice {
    /// An instance with room for it.
    Existing(Lease),
    /// None is there, or all have too much to do: make one.
    Make,
}

/// The right to make one call of an instance.
pub struct Lease {
    instance: Arc<Instance>,
    used: bool,
}

impl Lease {
    fn of(instance: &Arc<Instance>) -> Self {
        instance.leases.fetch_add(1, Ordering::AcqRel);
        Self { instance: instance.clone(), used: false }
    }

    /// The instance it is for.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// Makes the call.
    pub(super) fn send(mut self, invocation: Invocation) -> Result<Arc<Instance>> {
        self.instance.queue();
        // From here on the instance gives the lease back.
        self.used = true;
        if self.instance.send(Message::Start(Box::new(invocation))) {
            return Ok(self.instance.clone());
        }
        self.instance.release();
        Err(Error::new(codes::FUNCTION_SERVER, "the function's instance ended unexpectedly").retryable())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.used {
            self.instance.release();
        }
    }
}

impl Pool {
    /// A pool without instances.
    pub fn new(limits: PoolLimits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// How long an instance waits for another call.
    pub fn idle(&self) -> Duration {
        self.limits.idle
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Chooses an instance: the one with the fewest calls among those that are not busy.
    pub fn choose(&self, key: &str) -> Choice {
        let mut state = self.lock();
        state.forget_lost(key);
        let instances = state.instances.get(key).map_or(&[][..], Vec::as_slice);
        match self.best(instances, state.count) {
            Some(instance) => Choice::Existing(Lease::of(instance)),
            None => Choice::Make,
        }
    }

    fn best<'a>(&self, instances: &'a [Arc<Instance>], count: usize) -> Option<&'a Arc<Instance>> {
        let with_room = || instances.iter().filter(|instance| !instance.is_full());
        if let Some(ready) = with_room().filter(|instance| !instance.is_busy()).min_by_key(|instance| instance.leases()) {
            return Some(ready);
        }
        // More of them help a busy one only while there are cores; full ones always.
        let least = with_room().min_by_key(|instance| instance.leases())?;
        let may_grow = instances.len() < self.limits.per_function && count < self.limits.total;
        (!may_grow).then_some(least)
    }

    /// Adds an instance, unless one has become free meanwhile; evicts another when there are too many.
    ///
    /// # Errors
    /// `Throttling.Api.Concurrency` when there is no room and no instance is idle.
    pub fn add(&self, target: &Arc<Target>) -> Result<(Lease, Option<Receiver<Message>>)> {
        let mut state = self.lock();
        state.forget_lost(&target.key);
        let instances = state.instances.get(&target.key).map_or(&[][..], Vec::as_slice);
        if let Some(instance) = self.best(instances, state.count) {
            return Ok((Lease::of(instance), None));
        }
        if state.count >= self.limits.total && !state.evict() {
            return Err(Error::new(codes::THROTTLED_CONCURRENCY, "too many functions are running; try again later").retryable());
        }
        let (messages, received) = sync_channel(target.concurrency + MAX_OPEN_CALLS + 8);
        let instance = Arc::new(Instance::new(target.clone(), messages));
        state.instances.entry(target.key.clone()).or_default().push(instance.clone());
        state.count += 1;
        Ok((Lease::of(&instance), Some(received)))
    }

    /// Takes an instance out, so that it gets no more calls.
    pub fn remove(&self, instance: &Arc<Instance>) {
        instance.retire();
        self.lock().remove(instance);
    }

    /// Takes an instance out if nobody has a lease of it.
    pub fn remove_idle(&self, instance: &Arc<Instance>) -> bool {
        let mut state = self.lock();
        let idle = instance.leases() == 0;
        if idle {
            instance.retire();
            state.remove(instance);
        }
        idle
    }

    /// Takes out the instances that `of` names.
    pub fn retire(&self, of: impl Fn(&Target) -> bool) {
        let mut state = self.lock();
        let leaving: Vec<_> = state.instances.values().flatten().filter(|instance| of(&instance.target)).cloned().collect();
        for instance in leaving {
            instance.retire();
            state.remove(&instance);
        }
    }

    /// How many instances take calls.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.lock().count
    }
}

impl State {
    /// Takes out the instances of a function whose threads have stopped for ever.
    fn forget_lost(&mut self, key: &str) {
        let lost = |instances: &Vec<Arc<Instance>>| instances.iter().filter(|instance| instance.is_lost()).cloned().collect();
        let lost: Vec<_> = self.instances.get(key).map(lost).unwrap_or_default();
        for instance in lost {
            let target = &instance.target;
            tracing::error!(
                space = target.space,
                function = target.name,
                "a function asked for more than the engine can hold; its instance is lost, and its memory until the server is restarted"
            );
            instance.retire();
            self.remove(&instance);
        }
    }

    fn remove(&mut self, instance: &Arc<Instance>) {
        let Some(instances) = self.instances.get_mut(&instance.target.key) else { return };
        let before = instances.len();
        instances.retain(|other| !Arc::ptr_eq(other, instance));
        self.count -= before - instances.len();
        if instances.is_empty() {
            self.instances.remove(&instance.target.key);
        }
    }

    /// Takes out the instance that has been idle for longest.
    fn evict(&mut self) -> bool {
        let idle = self.instances.values().flatten().filter(|instance| instance.leases() == 0);
        let oldest = idle.max_by_key(|instance| micros().saturating_sub(instance.last_used.load(Ordering::Relaxed))).cloned();
        let Some(oldest) = oldest else { return false };
        oldest.retire();
        self.remove(&oldest);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(key: &str, concurrency: usize) -> Arc<Target> {
        Arc::new(Target { key: key.into(), space: "s".to_owned(), name: key.to_owned(), memory: 1, concurrency })
    }

    fn pool(per_function: usize, total: usize) -> Pool {
        Pool::new(PoolLimits { per_function, total, idle: Duration::from_secs(1) })
    }

    #[test]
    fn an_instance_is_shared_until_it_is_busy() {
        let pool = pool(2, 10);
        let target = target("a", 100);
        assert!(matches!(pool.choose("a"), Choice::Make));
        let (first, _receiver) = pool.add(&target).expect("room");
        let Choice::Existing(second) = pool.choose("a") else { panic!("it has room") };
        assert!(Arc::ptr_eq(&first.instance, &second.instance));
        first.instance.queue();
        first.instance.running(true);
        std::thread::sleep(Duration::from_millis(2));
        assert!(matches!(pool.choose("a"), Choice::Make), "busy");
        let (_third, _receiver) = pool.add(&target).expect("room");
        assert_eq!(pool.len(), 2);
    }

    #[test]
    fn the_longest_idle_makes_room_and_busy_ones_do_not() {
        let pool = pool(1, 2);
        let (a, _ra) = pool.add(&target("a", 1)).expect("room");
        let (b, _rb) = pool.add(&target("b", 1)).expect("room");
        assert_eq!(pool.add(&target("c", 1)).err().expect("no room").code(), codes::THROTTLED_CONCURRENCY);
        let instance = a.instance.clone();
        drop(a);
        let (_c, _rc) = pool.add(&target("c", 1)).expect("a made room");
        assert!(instance.is_retired());
        assert_eq!(pool.len(), 2);
        drop(b);
    }
}
