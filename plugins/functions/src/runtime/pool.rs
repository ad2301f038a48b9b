//! Which instances there are, and which one a call gets.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sdk_plugin::{Error, Result, codes};

use super::instance::{Instance, MAX_OPEN_CALLS, Message, micros};
use super::{Claim, Invocation, Target};

/// How many instances there may be.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Of one function, because the others are busy.
    pub per_function: usize,
    /// Of all functions together.
    pub total: usize,
    /// How long one waits for another call before it ends.
    pub idle: Duration,
    /// How much memory the process may take before idle ones go, in bytes.
    pub memory: u64,
}

/// The part of all instances that one space may have: the rest is there for the others.
const SPACE_SHARE: (usize, usize) = (3, 4);

/// Why a space that has lost so many gets no more.
const LOST_TOO_MANY: &str =
    "functions of the space asked too often for more than the engine can hold; they run again when the server has been restarted";

/// How many of those that are idle go at once when memory is short: one of so many.
const RELIEF: usize = 4;

/// How many instances of a space may be lost until the server is restarted: their memory stays.
const MAX_LOST: usize = 8;

/// The instances.
pub struct Pool {
    limits: PoolLimits,
    state: Mutex<State>,
    /// Memory is short.
    pressed: AtomicBool,
}

#[derive(Default)]
struct State {
    instances: HashMap<Arc<str>, Vec<Arc<Instance>>>,
    count: usize,
    /// How many have been lost, by space.
    lost: HashMap<String, usize>,
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
    pub(super) fn send(mut self, invocation: Box<Invocation>, claim: Claim) -> Arc<Instance> {
        // From here on the instance gives the lease back.
        self.used = true;
        self.instance.give(invocation, claim);
        self.instance.clone()
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
        Self { limits, state: Mutex::default(), pressed: AtomicBool::new(false) }
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
        let state = self.lock();
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
    /// `Throttling.Api.Concurrency` when there is no room and no instance is idle,
    /// `FunctionResourceExhausted` when the space has lost too many.
    pub fn add(&self, target: &Arc<Target>) -> Result<(Lease, Option<Receiver<Message>>)> {
        let mut state = self.lock();
        let instances = state.instances.get(&target.key).map_or(&[][..], Vec::as_slice);
        if let Some(instance) = self.best(instances, state.count) {
            return Ok((Lease::of(instance), None));
        }
        if state.lost.get(&target.space).is_some_and(|lost| *lost >= MAX_LOST) {
            return Err(Error::new(codes::FUNCTION_RESOURCE, LOST_TOO_MANY));
        }
        let share = (self.limits.total * SPACE_SHARE.0 / SPACE_SHARE.1).max(1);
        let busy = |what: &str| Err(Error::new(codes::THROTTLED_CONCURRENCY, what).retryable());
        if state.of_space(&target.space) >= share && !state.evict(Some(&target.space)) {
            return busy("the space has as many instances of functions as one may have, and all are busy; try again later");
        }
        if state.count >= self.limits.total && !state.evict(None) {
            return busy("too many functions are running; try again later");
        }
        if self.pressed.load(Ordering::Relaxed) && !state.evict(None) {
            return busy("the server is short of memory; try again later");
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

    /// Takes out an instance whose thread has stopped for ever, and whose memory is not given back.
    pub fn lose(&self, instance: &Arc<Instance>) {
        self.remove(instance);
        *self.lock().lost.entry(instance.target.space.clone()).or_default() += 1;
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

    /// Has idle instances end when the process takes more memory than it may. Called regularly.
    pub fn relieve(&self, resident: u64) {
        let pressed = resident > self.limits.memory;
        self.pressed.store(pressed, Ordering::Relaxed);
        if !pressed {
            return;
        }
        let mut state = self.lock();
        let idle = state.instances.values().flatten().filter(|instance| instance.leases() == 0).count();
        let gone = (0..idle.div_ceil(RELIEF)).take_while(|_| state.evict(None)).count();
        tracing::warn!(resident, limit = self.limits.memory, gone, "memory is short; instances of functions that were idle have ended");
    }

    /// How many instances take calls.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.lock().count
    }
}

impl State {
    fn remove(&mut self, instance: &Arc<Instance>) {
        let Some(instances) = self.instances.get_mut(&instance.target.key) else { return };
        let before = instances.len();
        instances.retain(|other| !Arc::ptr_eq(other, instance));
        self.count -= before - instances.len();
        if instances.is_empty() {
            self.instances.remove(&instance.target.key);
        }
    }

    fn of_space(&self, space: &str) -> usize {
        self.instances.values().flatten().filter(|instance| instance.target.space == space).count()
    }

    /// Takes out an idle instance: of a space, or of the one that has most of them; there the one
    /// that has been idle for longest.
    fn evict(&mut self, space: Option<&str>) -> bool {
        let mut by_space: HashMap<&str, usize> = HashMap::new();
        for instance in self.instances.values().flatten() {
            *by_space.entry(&instance.target.space).or_default() += 1;
        }
        let idle = self.instances.values().flatten().filter(|instance| instance.leases() == 0);
        let idle = idle.filter(|instance| space.is_none_or(|space| instance.target.space == space));
        let rank = |instance: &&Arc<Instance>| {
            let many = by_space.get(instance.target.space.as_str()).copied().unwrap_or(0);
            (many, micros().saturating_sub(instance.last_used.load(Ordering::Relaxed)))
        };
        let oldest = idle.max_by_key(rank).cloned();
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
        of_space("s", key, concurrency)
    }

    fn of_space(space: &str, key: &str, concurrency: usize) -> Arc<Target> {
        Arc::new(Target { key: key.into(), space: space.to_owned(), name: key.to_owned(), memory: 1, concurrency })
    }

    fn pool(per_function: usize, total: usize) -> Pool {
        Pool::new(PoolLimits { per_function, total, idle: Duration::from_secs(1), memory: u64::MAX })
    }

    #[test]
    fn an_instance_is_shared_until_it_is_busy() {
        let pool = pool(2, 10);
        let target = target("a", 100);
        assert!(matches!(pool.choose("a"), Choice::Make));
        let (first, _receiver) = pool.add(&target).expect("room");
        let Choice::Existing(second) = pool.choose("a") else { panic!("it has room") };
        assert!(Arc::ptr_eq(&first.instance, &second.instance));
        first.instance.running();
        std::thread::sleep(Duration::from_millis(2));
        assert!(matches!(pool.choose("a"), Choice::Make), "busy");
        let (_third, _receiver) = pool.add(&target).expect("room");
        assert_eq!(pool.len(), 2);
    }

    #[test]
    fn the_longest_idle_makes_room_and_busy_ones_do_not() {
        let pool = pool(1, 2);
        let (a, _ra) = pool.add(&of_space("a", "a", 1)).expect("room");
        let (b, _rb) = pool.add(&of_space("b", "b", 1)).expect("room");
        assert_eq!(pool.add(&of_space("c", "c", 1)).err().expect("no room").code(), codes::THROTTLED_CONCURRENCY);
        let instance = a.instance.clone();
        drop(a);
        let (_c, _rc) = pool.add(&of_space("c", "c", 1)).expect("a made room");
        assert!(instance.is_retired());
        assert_eq!(pool.len(), 2);
        drop(b);
    }

    #[test]
    fn one_space_leaves_room_for_others() {
        let pool = pool(1, 4);
        let mut held = Vec::new();
        for key in ["a1", "a2", "a3"] {
            held.push(pool.add(&of_space("a", key, 1)).expect("room"));
        }
        let refused = pool.add(&of_space("a", "a4", 1)).err().expect("its share is taken");
        assert!(refused.message().contains("the space has as many"), "{refused}");
        held.push(pool.add(&of_space("b", "b1", 1)).expect("the rest is for others"));
        let (lease, _messages) = held.remove(0);
        drop(lease);
        let (_again, _messages) = pool.add(&of_space("a", "a4", 1)).expect("one of its own made room");
        assert_eq!(pool.len(), 4);
    }

    #[test]
    fn a_space_loses_so_many_and_no_more() {
        let pool = pool(1, 10);
        for n in 0..MAX_LOST {
            let (lease, _messages) = pool.add(&of_space("a", &format!("a{n}"), 1)).expect("room");
            pool.lose(lease.instance());
        }
        assert_eq!(pool.len(), 0);
        let refused = pool.add(&of_space("a", "a", 1)).err().expect("too many");
        assert_eq!((refused.code(), refused.message()), (codes::FUNCTION_RESOURCE, LOST_TOO_MANY));
        assert!(pool.add(&of_space("b", "b", 1)).is_ok());
    }

    #[test]
    fn whoever_has_most_gives_up_an_idle_one() {
        let pool = pool(1, 4);
        let a = pool.add(&of_space("a", "a1", 1)).expect("room");
        for key in ["b1", "b2", "b3"] {
            drop(pool.add(&of_space("b", key, 1)).expect("room"));
        }
        let first = a.0.instance.clone();
        drop(a);
        let _c = pool.add(&of_space("c", "c1", 1)).expect("made room");
        assert!(!first.is_retired(), "although it has been idle for longer");
    }

    #[test]
    fn idle_instances_go_when_memory_is_short() {
        let pool = Pool::new(PoolLimits { per_function: 1, total: 10, idle: Duration::from_secs(1), memory: 1000 });
        let (busy, _messages) = pool.add(&target("busy", 1)).expect("room");
        for n in 0..6 {
            drop(pool.add(&target(&format!("idle{n}"), 1)).expect("room"));
        }
        pool.relieve(1000);
        assert_eq!(pool.len(), 7);
        pool.relieve(1001);
        assert_eq!(pool.len(), 5);
        for _ in 0..10 {
            pool.relieve(1001);
        }
        assert_eq!(pool.len(), 1);
        let refused = pool.add(&target("new", 1)).err().expect("no memory");
        assert!(refused.message().contains("short of memory"), "{refused}");
        pool.relieve(10);
        assert!(pool.add(&target("new", 1)).is_ok());
        drop(busy);
    }
}
