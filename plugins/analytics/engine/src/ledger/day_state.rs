//! What is known of a day.

use std::sync::Arc;

use crate::day::Grown;
use crate::runs::{Finder, Runs};
use crate::snapshot::Cell;
use crate::{Calendar, Day, DayFigures, DeviceId, Session, Sessions};

/// Figures of at least so many times as many devices are changed by sessions, and not made anew.
const FEW: usize = 16;

/// What is known of a day. Its sessions are in three places: a session, or the longest time of one,
/// may be in any of them.
#[derive(Debug, Default)]
pub(super) struct DayState {
    /// Its figures as reports see them; none when they have to be made of its sessions.
    pub cell: Option<Arc<Cell>>,
    /// What was saved of its sessions; absent when that was released.
    saved: Option<Runs>,
    /// What has been taken to be saved, and may not have been.
    saving: Sessions,
    /// What has not been taken yet.
    unsaved: Runs,
    /// What the figures lack.
    grown: Vec<Grown>,
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

    /// Adds sessions that are new, or longer than they were, in order. The day must be held.
    pub fn add(&mut self, grown: &[Grown]) {
        let session = |grown: &Grown| Session { device: grown.device, start: grown.start, duration: grown.duration };
        self.unsaved.add(Sessions::sorted(grown.iter().map(session).collect()));
        let Some(cell) = &self.cell else { return };
        if (self.grown.len() + grown.len()) * FEW <= cell.figures.uses.len() {
            self.grown.extend_from_slice(grown);
        } else {
            (self.cell, self.grown) = (None, Vec::new());
        }
    }

    /// All of its sessions; none when they are not held.
    pub fn sessions(&self) -> Option<Sessions> {
        Some(self.saved.as_ref()?.joined().join(&self.saving).join(&self.unsaved.joined()))
    }

    /// Whether its figures have to be made before they are shown.
    pub fn is_stale(&self) -> bool {
        self.cell.is_none() || !self.grown.is_empty()
    }

    /// Makes its figures. It must be stale.
    pub fn settle(&mut self, calendar: &Calendar, day: Day) {
        let mut grown = std::mem::take(&mut self.grown);
        let figures = match self.cell.take() {
            Some(cell) => {
                grown.sort_unstable_by_key(|grown| (grown.device, grown.start, grown.duration));
                // Where no snapshot has them they are changed in place.
                let mut figures = Arc::try_unwrap(cell).map_or_else(|cell| cell.figures.clone(), |cell| cell.figures);
                Arc::make_mut(&mut figures).grow(calendar, day, &grown);
                figures
            }
            None => Arc::new(DayFigures::of(calendar, day, &self.sessions().unwrap_or_default())),
        };
        self.cell = Some(Arc::new(Cell::of(figures)));
    }

    /// Lets go of what was saved. The figures must have been made.
    pub fn release(&mut self) {
        if !self.is_stale() {
            self.saved = None;
        }
    }

    /// Whether some of its sessions wait to be saved.
    pub fn is_unsaved(&self) -> bool {
        !self.saving.is_empty() || !self.unsaved.is_empty()
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
        let figures = self.cell.as_ref().map_or(0, |cell| cell.memory());
        let saved = self.saved.as_ref().map_or(0, Runs::memory);
        figures + saved + self.saving.len() * size_of::<Session>() + self.unsaved.memory() + self.grown.capacity() * size_of::<Grown>()
    }
}
