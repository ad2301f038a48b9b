//! Where mql and mingo differ on purpose, each with what MongoDB's documentation says.

mod expressions;
mod filters;
mod operands;
mod order;
mod pipelines;
mod projections;
mod refusals;
mod seen;
mod updates;

pub use seen::Seen;

/// A difference that is right.
pub struct Difference {
    pub name: &'static str,
    /// Whether it explains what both sides made of a case, which is as small as can be.
    pub covers: fn(&Seen<'_>) -> bool,
    /// What is right, and where MongoDB's manual says so: a path below
    /// `https://docs.mongodb.com/v4.2/`.
    pub because: &'static str,
}

/// All differences; the first that covers a case explains it.
pub fn all() -> Vec<&'static Difference> {
    [refusals::ALL, operands::ALL, filters::ALL, updates::ALL, projections::ALL, pipelines::ALL, order::ALL, expressions::ALL]
        .into_iter()
        .flatten()
        .collect()
}

/// The place in [`all`] of what explains a case.
pub fn explanation(all: &[&Difference], seen: &Seen<'_>) -> Option<usize> {
    all.iter().position(|difference| (difference.covers)(seen))
}
