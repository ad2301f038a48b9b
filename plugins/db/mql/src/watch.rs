//! The time that work may take.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use crate::error::{Code, Error, Result};

/// How many steps there are between two looks at the clock.
const INTERVAL: usize = 4096;

/// The count once the time is over.
const OVER: usize = usize::MAX;

/// As many elements are sorted at once.
const RUN: usize = 2048;

/// Says when work has to end. What goes through many values counts its steps, a step being what
/// it takes to compare two small values, and every few thousand of them the watch looks at the
/// clock. Once the time is over it stays over.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    deadline: Option<Instant>,
    /// A count that threads overwrite for each other is as good: it only says when to look.
    steps: AtomicUsize,
}

impl Watch {
    pub(crate) fn until(deadline: Option<Instant>) -> Self {
        Self { deadline, steps: AtomicUsize::new(0) }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Counts steps, and says whether the time is over.
    #[inline]
    pub(crate) fn is_over_after(&self, steps: usize) -> bool {
        let steps = self.steps.load(Relaxed).saturating_add(steps);
        if steps < INTERVAL {
            self.steps.store(steps, Relaxed);
            return false;
        }
        self.look()
    }

    /// Counts steps without a look at the clock; the next step that is counted otherwise makes up
    /// for it.
    pub(crate) fn note(&self, steps: usize) {
        let before = self.steps.load(Relaxed);
        if before != OVER {
            self.steps.store(before.saturating_add(steps).min(INTERVAL), Relaxed);
        }
    }

    /// Counts steps.
    ///
    /// # Errors
    /// `MaxTimeMSExpired` when the time is over.
    #[inline]
    pub(crate) fn spend(&self, steps: usize) -> Result<()> {
        if self.is_over_after(steps) { Err(expired()) } else { Ok(()) }
    }

    /// Looks at the clock.
    ///
    /// # Errors
    /// `MaxTimeMSExpired` when the time is over.
    pub(crate) fn check(&self) -> Result<()> {
        if self.look() { Err(expired()) } else { Ok(()) }
    }

    /// Whether a look at the clock found that the time is over.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.steps.load(Relaxed) == OVER
    }

    #[cold]
    fn look(&self) -> bool {
        let over = self.is_over() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        self.steps.store(if over { OVER } else { 0 }, Relaxed);
        over
    }

    /// Sorts as [`slice::sort_by`] does, but ends when the time is over; nothing is left then.
    ///
    /// # Errors
    /// `MaxTimeMSExpired`.
    pub(crate) fn sort_by<T>(&self, items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) -> Result<()> {
        if items.len() <= RUN || self.deadline.is_none() {
            items.sort_by(compare);
            return Ok(());
        }
        let mut rest = std::mem::take(items).into_iter();
        let mut runs = Vec::new();
        while rest.len() > 0 {
            let mut run: Vec<T> = rest.by_ref().take(RUN).collect();
            self.spend(INTERVAL)?;
            run.sort_by(&mut compare);
            runs.push(run);
        }
        while runs.len() > 1 {
            let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
            let mut pairs = runs.into_iter();
            while let Some(first) = pairs.next() {
                merged.push(match pairs.next() {
                    Some(second) => self.merge(first, second, &mut compare)?,
                    None => first,
                });
            }
            runs = merged;
        }
        *items = runs.pop().unwrap_or_default();
        Ok(())
    }

    fn merge<T>(&self, mut first: Vec<T>, second: Vec<T>, compare: &mut impl FnMut(&T, &T) -> Ordering) -> Result<Vec<T>> {
        if let (Some(last), Some(next)) = (first.last(), second.first())
            && compare(last, next).is_le()
        {
            first.extend(second);
            return Ok(first);
        }
        let mut merged = Vec::with_capacity(first.len() + second.len());
        let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
        while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
            self.spend(16)?;
            let next = if compare(a, b).is_le() { first.next() } else { second.next() };
            merged.extend(next);
        }
        merged.extend(first);
        merged.extend(second);
        Ok(merged)
    }
}

impl Clone for Watch {
    fn clone(&self) -> Self {
        Self::until(self.deadline)
    }
}

pub(crate) fn expired() -> Error {
    Error::new(Code::MaxTimeMSExpired, "operation exceeded time limit")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_clock_is_looked_at_every_few_thousand_steps() {
        let watch = Watch::until(Some(Instant::now()));
        let steps = (0..).find(|_| watch.spend(1).is_err()).unwrap();
        assert_eq!(steps, INTERVAL - 1);
        assert!(watch.is_over() && watch.spend(0).is_err(), "it stays over");
        assert!((0..INTERVAL * 3).all(|_| Watch::default().spend(1).is_ok()), "there is no deadline");
        assert!(!watch.clone().is_over());
    }

    #[test]
    fn what_is_noted_counts() {
        let watch = Watch::until(Some(Instant::now()));
        watch.note(INTERVAL * 2);
        assert!(!watch.is_over());
        assert_eq!(watch.spend(1).unwrap_err().code(), Code::MaxTimeMSExpired);
        watch.note(1);
        assert!(watch.is_over());
    }

    #[test]
    fn sorting_is_stable_and_ends_in_time() {
        let later = Watch::until(Some(Instant::now() + Duration::from_secs(600)));
        for count in [0, 1, RUN, RUN + 1, 5 * RUN + 7, 8 * RUN] {
            let items: Vec<(usize, usize)> = (0..count).map(|i| (i.wrapping_mul(0x9E37_79B9) % 97, i)).collect();
            let (mut ours, mut theirs) = (items.clone(), items);
            later.sort_by(&mut ours, |a, b| a.0.cmp(&b.0)).unwrap();
            theirs.sort_by_key(|item| item.0);
            assert_eq!(ours, theirs);
        }
        let past = Watch::until(Some(Instant::now()));
        let mut items: Vec<usize> = (0..RUN * 4).rev().collect();
        assert_eq!(past.sort_by(&mut items, Ord::cmp).unwrap_err().code(), Code::MaxTimeMSExpired);
    }
}
