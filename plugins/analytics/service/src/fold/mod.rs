//! Folding: batches that wait become part of files, and are deleted.
//!
//! A fold of an application brings its state up to date ([`crate::state::sync`]), writes what has
//! changed as new files, replaces the manifest if it is still the one that the state is of, and only
//! then deletes the batches. It may be killed at every step, and several nodes may do the same. One
//! that takes too long, or panics, is given up, which is as a kill that leaves a state behind: whoever
//! comes next rolls that back if something was taken out of it ([`crate::state`]).
//!
//! - **Nothing that was acknowledged is lost.** A batch is deleted only after a manifest was written
//!   whose files have it. Files are never replaced, and are deleted only when no manifest has named
//!   them for ten minutes (raw files: for as long as their addresses are good), by a node that has just
//!   written a manifest without them.
//! - **Nothing counts twice.** The parts of a day hold sessions, and joining a session again changes
//!   nothing: neither which part has it, nor in how many, nor in which order they are joined, matters.
//!   A batch that is still there after a kill, or was sent again after it was deleted, is noted again
//!   as nothing new, so that it gives no raw event either: raw events are what was new beside the
//!   files of the manifest that is replaced, and get into the next one together with these sessions.
//! - **Two nodes**: of two that replace the same version one wins. The other forgets at least what it
//!   has noted since its manifest, with the raw events of that, and takes the winner's files. Whether a
//!   write whose answer was lost has won does not matter: the state is rolled back and caught up with
//!   the manifest that is there, its batches, if they are there still, are noted again, and its new
//!   files, which that manifest may name, are left to the daily search. For peace, a node leaves an application alone that another
//!   has folded a moment ago.
//! - **Deletion**: the manifest of an application that is deleted goes before its files, so that a
//!   fold in flight loses, and deletes its own files. One that has nothing to lose against, because it
//!   writes the first manifest, looks afterwards whether the application is still there. The mark of
//!   the deleted application has the rest removed again when all folds of that time are over.
//! - **Lost files**, of folds that were killed before the manifest, are found by a daily search. They
//!   are listed before the manifest is replaced, and deleted only when that was won: a fold that wrote
//!   one of them, and has not ended, has lost by then, whatever the clocks say.

pub mod levels;
pub mod pass;
pub mod put_off;
pub mod raw;
pub mod room;
pub mod schedule;
pub mod tidy;
pub mod turns;

use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use tokio::sync::SemaphorePermit;

use crate::apps::is_key;
use crate::service::Service;

/// How many batches one fold takes.
const BATCHES: usize = 2000;
/// For so many intervals an application belongs to the node that folded it last.
const PEACE: i64 = 3;
/// So many times the events that are folded early make a backlog that any node folds.
const LARGE: u64 = 10;

impl<C: Calls> Service<C> {
    /// Folds some batches of an application; says whether nothing is left to do.
    ///
    /// # Errors
    /// What database and storage answer.
    pub async fn fold(&self, key: &str) -> Result<bool> {
        let Some(app) = self.apps.fetch(key).await? else { return self.purge_gone(key).await.map(|()| true) };
        if self.is_left_alone(key).await? {
            self.turns.leave(key);
            return Ok(true);
        }
        let _room = self.room_for(key).await?;
        self.pass(&app).await
    }

    /// Room for the state of an application, if it is still to be loaded: what is in memory gives way.
    /// One that could not be loaded has an entry all the same.
    pub(crate) async fn room_for(&self, key: &str) -> Result<Option<SemaphorePermit<'_>>> {
        if self.registry.peek(key).is_some_and(|entry| entry.is_loaded()) {
            return Ok(None);
        }
        let manifest = self.store.manifests.get(key).await?.unwrap_or_default();
        let room = self.room.take(room::estimate(&manifest)).await?;
        self.registry.evict(self.idle(), self.config.memory().saturating_sub(self.room.taken()));
        Ok(Some(room))
    }

    /// Whether another node folds an application, and keeps up.
    async fn is_left_alone(&self, key: &str) -> Result<bool> {
        let head = self.store.manifests.head(key).await?;
        if !self.is_of_another(&head.node, head.at) {
            return Ok(false);
        }
        let waiting = self.store.pending.events(key).await?;
        self.limits.set_waiting(key, waiting);
        Ok(waiting < self.config.fold_events.saturating_mul(LARGE))
    }

    /// Whether a manifest belongs to another node. One of the future was written by a clock that was wrong.
    fn is_of_another(&self, node: &str, at: i64) -> bool {
        let interval = i64::try_from(self.config.fold_every().as_millis()).unwrap_or(i64::MAX / PEACE);
        !node.is_empty() && node != self.node && (0..interval * PEACE).contains(&(self.clock.now() - at))
    }

    /// Removes what there is of an application that was deleted. One that nobody deleted, and is not
    /// there all the same, may be in a backup: nothing of it is touched.
    async fn purge_gone(&self, key: &str) -> Result<()> {
        if !is_key(key) || !self.apps.is_marked(key).await? {
            return Err(Error::internal(format!("there is data of `{key}`, and no such application: is analyticsApps complete?")));
        }
        self.purge(key).await
    }

    /// Removes all of an application, and its mark.
    async fn forget(&self, key: &str) -> Result<()> {
        self.purge_gone(key).await?;
        self.apps.forget(key).await
    }
}
