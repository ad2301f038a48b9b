//! When what is done. Some tasks fold the applications whose turn it is; one gives a turn to each that
//! has batches, each interval; one tidies. None of them ends before the plugin does: what panics is
//! logged and begun again, and what does not end is given up, which is the same as a kill.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use tokio::time::{sleep, timeout};

use super::turns::Turn;
use crate::service::Service;

/// How many applications are folded at once.
const AT_ONCE: usize = 4;
/// How long the work on one application may take.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// The wait after a panic, which is doubled up to the longest while there are more.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl<C: Calls> Service<C> {
    /// Folds until the plugin stops.
    pub async fn keep_folding(self: Arc<Self>) {
        let mut tasks: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(self.clone().watched("folding", Self::take_turns))).collect();
        tasks.push(tokio::spawn(self.clone().watched("giving turns", Self::keep_giving_turns)));
        tasks.push(tokio::spawn(self.watched("tidying", Self::keep_tidying)));
        join_all(tasks).await;
    }

    /// Does work until it ends, again and again where it panics.
    async fn watched<F: Future<Output = ()> + Send>(self: Arc<Self>, what: &str, work: impl Fn(Arc<Self>) -> F + Send) {
        let mut pause = PAUSE;
        loop {
            let begun = Instant::now();
            let Err(panic) = AssertUnwindSafe(work(self.clone())).catch_unwind().await else { return };
            if begun.elapsed() > LONGEST_PAUSE * 2 {
                pause = PAUSE;
            }
            tracing::error!(panic = message(&*panic), "{what} of analytics panicked: it goes on in {} s", pause.as_secs());
            if !self.waited(pause).await {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits; false when the plugin stops meanwhile.
    async fn waited(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.stopping.cancelled() => false,
            () = sleep(time) => true,
        }
    }

    async fn take_turns(self: Arc<Self>) {
        loop {
            let turn = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return,
                turn = self.turns.next() => turn,
            };
            self.take_turn(turn).await;
        }
    }

    async fn take_turn(&self, turn: Turn<'_>) {
        // A turn that is dropped here, or by a panic, has failed.
        if let Some(complete) = self.alone(turn.app(), "folded", self.fold(turn.app())).await {
            let app = turn.app().to_owned();
            turn.end(complete);
            self.kick_if_much_waits(&app);
        }
        self.registry.evict(self.idle(), self.config.memory());
    }

    /// Kicks are ignored during a fold, which may have made its last look before.
    fn kick_if_much_waits(&self, app: &str) {
        if self.limits.waiting(app) >= self.config.fold_events {
            self.turns.kick(app);
        }
    }

    async fn keep_giving_turns(self: Arc<Self>) {
        while self.waited(self.config.fold_every()).await {
            if let Err(error) = self.give_turns().await {
                tracing::warn!(?error, "it is not known what is to be folded for analytics: it is tried again");
            }
        }
    }

    /// Has every application folded that has batches.
    async fn give_turns(&self) -> Result<()> {
        if !self.prepared.load(Ordering::Relaxed) {
            self.apps.prepare().await?;
            self.store.manifests.prepare().await?;
            self.prepared.store(true, Ordering::Relaxed);
        }
        let mut waiting = Vec::new();
        while let Some(app) = self.store.pending.next_app(waiting.last().map(String::as_str)).await? {
            waiting.push(app);
        }
        self.limits.only(&waiting);
        self.turns.round(&waiting);
        Ok(())
    }

    async fn keep_tidying(self: Arc<Self>) {
        while self.waited(self.config.fold_every()).await {
            if let Err(error) = self.tidy_all().await {
                tracing::warn!(?error, "analytics could not be tidied: it is tried again");
            }
        }
    }

    /// Does all that is due besides folding.
    async fn tidy_all(&self) -> Result<()> {
        let (now, mut after) = (self.clock.now(), None);
        loop {
            let due = self.store.manifests.due_after(now, after.as_deref()).await?;
            for app in &due {
                self.alone(app, "tidied", self.tidy(app)).await;
            }
            match due.into_iter().last() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        for app in self.apps.gone().await? {
            self.alone(&app.key, "removed", self.forget(&app.key)).await;
        }
        self.registry.evict(self.idle(), self.config.memory());
        self.store.peers.forget_old(self.clock.now()).await
    }

    /// Does work on one application. That it goes wrong, or takes too long, keeps no other back.
    async fn alone<T>(&self, app: &str, what: &str, work: impl Future<Output = Result<T>>) -> Option<T> {
        if self.stopping.is_cancelled() {
            return None;
        }
        match timeout(self.patience, work).await {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => tracing::warn!(?error, app, "an analytics application could not be {what}: it is tried again"),
            Err(_) => tracing::warn!(app, "an analytics application was not {what} in time: it is given up, and tried again"),
        }
        None
    }

    /// One round of all, as the tasks do it together.
    #[cfg(test)]
    pub async fn round(&self) -> Result<()> {
        self.give_turns().await?;
        self.take_all_turns().await;
        self.tidy_all().await
    }

    /// All turns that there are, as one of the tasks takes them.
    #[cfg(test)]
    pub async fn take_all_turns(&self) {
        while let Some(turn) = self.turns.take() {
            self.take_turn(turn).await;
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}
