//! Reports of single days that have ended, beside other such days (6.7: no figures of today).

use crate::{Day, Error, Result, Snapshot};

/// The most other days.
pub const MOST_COMPARED: usize = 10;

/// Checks that all days have ended, and that there are not too many.
pub(super) fn check(snapshot: &Snapshot, date: Day, compare: &[Day]) -> Result<()> {
    if compare.len() > MOST_COMPARED {
        return Err(Error::parameter(format!("`compare` has {} days, and at most {MOST_COMPARED} are allowed", compare.len())));
    }
    let today = snapshot.today();
    match std::iter::once(&date).chain(compare).find(|day| **day >= today) {
        Some(day) => Err(Error::parameter(format!("{day} has not ended"))),
        None => Ok(()),
    }
}
