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
/// For how long kicks of an application are ignored that is left to another node. That is short, as
/// the other one does not hear of what this one collects.
const LEFT: Duration = Duration::from_secs(10);

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
    /// Those that had a turn while they were folded. The fold may have looked for batches already.
    again: HashSet<String>,
    /// Those that are left to another node, and until when their kicks are ignored.
    left: HashMap<String, Instant>,
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

    fn remove(&mut self, app: &str) {
        if self.all.remove(app) {
            self.order.retain(|other| other != app);
        }
    }
}

impl Inner {
    fn take(&mut self) -> Option<String> {
        loop {
            self.was_round = !self.was_round;
            let (first, second) = if self.was_round { (&mut self.round, &mut self.kicked) } else { (&mut self.kicked, &mut self.round) };
            let app = first.pop().or_else(|| second.pop())?;
            if self.folding.insert(app.clone()) {
                self.left.remove(&app);
                return Some(app);
            }
            self.again.insert(app);
        }
    }
}

/// A turn of an application, which nobody else has meanwhile. One that is dropped has failed.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
    app: String,
    /// Whether it was folded, and completely.
    ended: Option<bool>,
}

impl Turns {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an application folded soon. Whoever folds it now looks afterwards how much waits.
    pub fn kick(&self, app: &str) {
        let mut inner = self.inner();
        let now = Instant::now();
        let failed = inner.failed.get(app).is_some_and(|failed| now < failed.until);
        let left = inner.left.get(app).is_some_and(|until| now < *until);
        if failed || left || inner.folding.contains(app) || inner.kicked.all.len() >= MOST_KICKED {
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
        inner.left.retain(|_, until| Instant::now() < *until);
        apps.iter().for_each(|app| inner.round.push(app));
        drop(inner);
        self.more.notify_waiters();
    }

    /// Leaves an application to another node: for some seconds only rounds come to it.
    pub fn leave(&self, app: &str) {
        let mut inner = self.inner();
        inner.kicked.remove(app);
        inner.left.insert(app.to_owned(), Instant::now() + LEFT);
    }

    /// The next turn, if somebody waits for one.
    pub fn take(&self) -> Option<Turn<'_>> {
        let app = self.inner().take()?;
        Some(Turn { turns: self, app, ended: None })
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
        self.ended = Some(complete);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let app = mem::take(&mut self.app);
        let mut inner = self.turns.inner();
        inner.folding.remove(&app);
        let again = inner.again.remove(&app) && !inner.left.contains_key(&app);
        if let Some(complete) = self.ended {
            inner.failed.remove(&app);
            if again || !complete {
                inner.kicked.push(&app);
            }
        } else {
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
    fn a_turn_that_comes_during_a_fold_is_had_after_it() {
        let turns = Turns::default();
        turns.kick("a");
        let turn = turns.take().unwrap();
        turns.round(&apps(&["a"]));
        assert!(turns.take().is_none());
        turn.end(true);
        assert_eq!(taken(&turns, true).unwrap(), "a");
        assert!(turns.take().is_none());
    }

    #[test]
    fn one_that_is_not_done_is_not_lost_to_whoever_looks_while_its_turn_ends() {
        let turns = Turns::default();
        turns.kick("a");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100_000).for_each(|_| drop(taken(&turns, false))));
            }
        });
        assert_eq!(taken(&turns, true).unwrap(), "a");
    }

    #[test]
    fn kicks_of_one_that_is_left_to_another_node_are_ignored_and_rounds_are_not() {
        let turns = Turns::default();
        turns.kick("a");
        for comes_again in [false, true] {
            turns.round(&apps(&["a"]));
            let turn = turns.take().unwrap();
            if comes_again {
                turns.round(&apps(&["a"]));
                assert!(turns.take().is_none());
            }
            turns.leave("a");
            turn.end(true);
            turns.kick("a");
            assert!(turns.take().is_none());
        }
        // Whoever has folded it goes by kicks again.
        turns.round(&apps(&["a"]));
        assert_eq!(taken(&turns, true).unwrap(), "a");
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
