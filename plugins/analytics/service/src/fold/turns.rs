//! Whose turn it is to be folded. Each application that has batches comes once in a round; one of
//! which much waits is kicked, and comes out of its order. Turns are taken from the two in
//! alternation, and whoever is not done goes to the end, so that neither many applications nor a busy
//! one keep others from their turns.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// So many applications are kicked at once. The next round comes to the others.
const MOST_KICKED: usize = 1000;
/// For how long kicks of an application that could not be folded are ignored, and for how long at the
/// most when that happens again and again. Rounds come to it all the same.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The applications that are to be folded.
#[derive(Debug, Default)]
pub struct Turns {
    inner: Mutex<Inner>,
    more: Notify,
    fewer: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    kicked: Lane,
    round: Lane,
    /// Whether the last turn was one of the round.
    was_round: bool,
    folding: HashSet<String>,
    failed: HashMap<String, Failed>,
}

/// Applications in the order of their turns, each once.
#[derive(Debug, Default)]
struct Lane {
    order: VecDeque<String>,
    all: HashSet<String>,
}

#[derive(Debug)]
struct Failed {
    times: u32,
    until: Instant,
}

impl Lane {
    fn push(&mut self, app: &str) {
        if self.all.insert(app.to_owned()) {
            self.order.push_back(app.to_owned());
        }
    }

    fn pop(&mut self) -> Option<String> {
        let app = self.order.pop_front()?;
        self.all.remove(&app);
        Some(app)
    }
}

impl Inner {
    fn take(&mut self) -> Option<String> {
        loop {
            self.was_round = !self.was_round;
            let (first, second) = if self.was_round { (&mut self.round, &mut self.kicked) } else { (&mut self.kicked, &mut self.round) };
            let app = first.pop().or_else(|| second.pop())?;
            // Whoever folds it now goes on while batches are left.
            if self.folding.insert(app.clone()) {
                return Some(app);
            }
        }
    }
}

/// A turn of an application, which nobody else has meanwhile. One that is dropped has failed.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
    app: String,
    ended: bool,
}

impl Turns {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an application folded soon.
    pub fn kick(&self, app: &str) {
        let mut inner = self.inner();
        let pauses = inner.failed.get(app).is_some_and(|failed| Instant::now() < failed.until);
        if pauses || inner.kicked.all.len() >= MOST_KICKED {
            return;
        }
        inner.kicked.push(app);
        drop(inner);
        self.more.notify_waiters();
    }

    /// Has all these folded, which are in order.
    pub fn round(&self, apps: &[String]) {
        let mut inner = self.inner();
        inner.failed.retain(|app, _| apps.binary_search(app).is_ok());
        apps.iter().for_each(|app| inner.round.push(app));
        drop(inner);
        self.more.notify_waiters();
    }

    /// The next turn, if somebody waits for one.
    pub fn take(&self) -> Option<Turn<'_>> {
        let app = self.inner().take()?;
        Some(Turn { turns: self, app, ended: false })
    }

    /// The next turn, as soon as there is one.
    pub async fn next(&self) -> Turn<'_> {
        loop {
            // Before it is looked, so that what comes in between is not missed.
            let more = self.more.notified();
            if let Some(turn) = self.take() {
                return turn;
            }
            more.await;
        }
    }

    /// Waits until nothing is folded.
    pub async fn quiet(&self) {
        loop {
            let fewer = self.fewer.notified();
            if self.inner().folding.is_empty() {
                return;
            }
            fewer.await;
        }
    }
}

impl Turn<'_> {
    /// The application.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The application was folded, as far as `complete` says.
    pub fn end(mut self, complete: bool) {
        self.ended = true;
        let mut inner = self.turns.inner();
        inner.failed.remove(&self.app);
        if !complete {
            inner.kicked.push(&self.app);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let app = mem::take(&mut self.app);
        let mut inner = self.turns.inner();
        inner.folding.remove(&app);
        if !self.ended {
            let times = inner.failed.get(&app).map_or(0, |failed| failed.times);
            let pause = PAUSE.saturating_mul(1 << times.min(10)).min(LONGEST_PAUSE);
            inner.failed.insert(app, Failed { times: times + 1, until: Instant::now() + pause });
        }
        drop(inner);
        self.turns.more.notify_waiters();
        self.turns.fewer.notify_waiters();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn apps(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn taken(turns: &Turns, complete: bool) -> Option<String> {
        let turn = turns.take()?;
        let app = turn.app().to_owned();
        turn.end(complete);
        Some(app)
    }

    #[test]
    fn a_busy_application_and_a_round_alternate() {
        let turns = Turns::default();
        turns.round(&apps(&["a", "b", "c"]));
        turns.kick("busy");
        let order: Vec<String> = (0..6)
            .map(|_| turns.take())
            .map(|turn| {
                let turn = turn.unwrap();
                let app = turn.app().to_owned();
                let busy = app == "busy";
                turn.end(!busy);
                app
            })
            .collect();
        assert_eq!(order, ["a", "busy", "b", "busy", "c", "busy"]);
    }

    #[test]
    fn of_two_busy_applications_each_has_every_second_turn() {
        let turns = Turns::default();
        for app in ["a", "b", "a"] {
            turns.kick(app);
        }
        let order: Vec<String> = (0..5).map(|_| taken(&turns, false).unwrap()).collect();
        assert_eq!(order, ["a", "b", "a", "b", "a"]);
    }

    #[test]
    fn an_application_has_one_turn_at_once() {
        let turns = Turns::default();
        turns.round(&apps(&["a"]));
        let turn = turns.take().unwrap();
        turns.kick("a");
        assert!(turns.take().is_none());
        turn.end(true);
        assert!(turns.take().is_none());
        turns.kick("a");
        assert_eq!(taken(&turns, true).unwrap(), "a");
    }

    #[test]
    fn kicks_of_one_that_failed_are_ignored_for_a_time_and_rounds_are_not() {
        let turns = Turns::default();
        turns.kick("a");
        drop(turns.take().unwrap());
        turns.kick("a");
        assert!(turns.take().is_none());
        turns.round(&apps(&["a"]));
        assert_eq!(taken(&turns, true).unwrap(), "a");
        turns.kick("a");
        assert_eq!(taken(&turns, true).unwrap(), "a");
    }

    #[test]
    fn there_is_a_bound_of_kicks() {
        let turns = Turns::default();
        for app in 0..MOST_KICKED + 5 {
            turns.kick(&app.to_string());
        }
        assert_eq!(std::iter::from_fn(|| taken(&turns, true)).count(), MOST_KICKED);
    }
}
