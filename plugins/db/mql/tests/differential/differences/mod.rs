//! Where mql and mingo differ on purpose, each with what MongoDB's documentation says.

use crate::case::{Case, Outcome};

/// A difference that is right.
pub struct Difference {
    pub name: &'static str,
    /// Whether it explains what both sides made of a case, which is as small as can be.
    pub covers: fn(&Seen<'_>) -> bool,
    /// What is right, and where it is written.
    pub because: &'static str,
}

/// A case on which both sides differ.
pub struct Seen<'a> {
    pub case: &'a Case,
    pub ours: &'a Outcome,
    pub theirs: &'a Outcome,
}

/// All differences; the first that covers a case explains it.
pub fn all() -> Vec<&'static Difference> {
    let mut all = Vec::new();
    let _ = &mut all;
    all
}

/// The place in [`all`] of what explains a case.
pub fn explanation(all: &[&Difference], seen: &Seen<'_>) -> Option<usize> {
    all.iter().position(|difference| (difference.covers)(seen))
}
