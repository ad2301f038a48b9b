//! What is known of a day.

use std::sync::Arc;

use crate::runs::{Finder, Runs};
use crate::snapshot::Cell;
use crate::{Calendar, Day, DayFigures, DeviceId, Session, Sessions};

/// What is known of a day. Its sessions are in three places: a session, or the longest time of one,
/// may be in any of them.
#[derive(Debug, Default)]
pub(super) struct DayState {
    /// Its figures as reports see them.
    pub cell: Option<Arc<Cell>>,
    /// What was saved of its sessions; absent when that was released.
    saved: Option<Runs>,
    /// What has been taken to be saved, and may not have been.
    saving: Sessions,
    /// What has not been taken yet.
    unsaved: Runs,
    /// Whether the figures lack some of the sessions.
    changed: bool,
}

impl DayState {
    /// A day of which only the figures are held.
    pub fn of(cell: Arc<Cell>) -> Self {
        Self { cell: Some(cell), ..Self::default() }
    }

    /// A day without sessions, which is held.
    pub fn empty() -> Self {
        Self { saved: Some(Runs::default()), ..Self::default() }
    }

    pub fn is_held(&self) -> bool {
        self.saved.is_some()
    }

    /// How many sessions releasing it would let go of; none when it is not held.
    pub fn held(&self) -> Option<usize> {
        self.saved.as_ref().map(Runs::len)
    }

    pub fn hold(&mut self, sessions: Sessions) {
        if self.saved.is_none() {
            self.saved = Some(sessions.into());
        }
    }

    /// How long a session has lasted; none when there is no such session.
    pub fn duration(&self, device: DeviceId, start: i64) -> Option<u32> {
        let saved = self.saved.as_ref().and_then(|saved| saved.duration(device, start));
        saved.max(self.saving.duration(device, start)).max(self.unsaved.duration(device, start))
    }

    /// Finds the sessions that were there before some are added.
    pub fn finder(&self) -> Finder<'_> {
        let saved = self.saved.iter().flat_map(Runs::iter);
        Finder::of(saved.chain([&self.saving]).chain(self.unsaved.iter()))
    }

    /// Adds sessions that are new, or longer than they were.
    pub fn add(&mut self, sessions: Sessions) {
        self.unsaved.add(sessions);
        self.changed = true;
    }

    /// All of its sessions; none when they are not held.
    pub fn sessions(&self) -> Option<Sessions> {
        Some(self.saved.as_ref()?.joined().join(&self.saving).join(&self.unsaved.joined()))
    }

    /// Whether its figures have to be made before they are shown.
    pub fn is_stale(&self) -> bool {
        self.changed || self.cell.is_none()
    }

    /// Makes its figures, where they lack something.
    pub fn settle(&mut self, calendar: &Calendar, day: Day) {
        if self.is_stale()
            && let Some(sessions) = self.sessions()
        {
            self.cell = Some(Arc::new(Cell::of(Arc::new(DayFigures::of(calendar, day, &sessions)))));
            self.changed = false;
        }
    }

    /// Lets go of what was saved. The figures must have been made.
    pub fn release(&mut self) {
        if !self.is_stale() {
            self.saved = None;
        }
    }

    /// What has to be saved, which is thought to be on its way then.
    pub fn take(&mut self) -> &Sessions {
        if !self.unsaved.is_empty() {
            let mut all = Runs::from(std::mem::take(&mut self.saving));
            std::mem::take(&mut self.unsaved).into_iter().for_each(|run| all.add(run));
            self.saving = all.into_joined();
        }
        &self.saving
    }

    /// What was taken has been saved.
    pub fn saved(&mut self) {
        let saving = std::mem::take(&mut self.saving);
        if let Some(saved) = &mut self.saved {
            saved.add(saving);
        }
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        let figures = self.cell.as_ref().map_or(0, |cell| cell.figures.memory());
        let saved = self.saved.as_ref().map_or(0, Runs::memory);
        figures + saved + self.saving.len() * size_of::<Session>() + self.unsaved.memory()
    }
}
