//! Makes a case on which both sides differ as small as it can be.

use crate::agree::agree;
use crate::case::{Case, Outcome};
use crate::evaluate::evaluate;
use crate::process::{Answer, Mingo};
use crate::shrink::{leaps, smaller};

/// A case on which both sides differ.
pub struct Differing {
    pub case: Case,
    pub ours: Outcome,
    pub theirs: Outcome,
    /// The number of the case that it came from.
    pub number: u64,
}

/// Both sides' outcomes of cases.
pub fn evaluate_both(mingo: &mut Mingo, cases: &[Case]) -> Vec<(Outcome, Answer)> {
    let lines: Vec<String> = cases.iter().map(Case::line).collect();
    mingo.send(&lines);
    let ours: Vec<Outcome> = cases.iter().map(evaluate).collect();
    ours.into_iter().zip(mingo.receive(cases.len())).collect()
}

/// How many steps are tried at a time.
const WINDOW: usize = 24;

/// Takes steps that leave the difference, until none does.
pub fn settle(mingo: &mut Mingo, mut differing: Differing) -> Differing {
    let mut steps = leaps(&differing.case);
    steps.extend(smaller(&differing.case));
    while let Some(next) = first(mingo, &differing, &steps) {
        differing = next;
        steps = smaller(&differing.case);
    }
    differing
}

/// The first step that leaves a difference of the same kind.
fn first(mingo: &mut Mingo, from: &Differing, steps: &[Case]) -> Option<Differing> {
    steps.chunks(WINDOW).find_map(|window| {
        let outcomes = evaluate_both(mingo, window);
        window.iter().zip(outcomes).find_map(|(case, (ours, answer))| {
            let theirs = answer.outcome;
            let leaves = !agree(&ours, &theirs) && alike((&ours, &theirs), (&from.ours, &from.theirs));
            leaves.then(|| Differing { case: case.clone(), ours, theirs, number: from.number })
        })
    })
}

/// A difference of another kind would be another difference.
fn alike(a: (&Outcome, &Outcome), b: (&Outcome, &Outcome)) -> bool {
    let kind = |(ours, theirs): (&Outcome, &Outcome)| {
        let number = if let Outcome::Error(number, _) = ours { Some(*number) } else { None };
        (number, matches!(theirs, Outcome::Error(..)))
    };
    kind(a) == kind(b)
}
