//! What becomes of a difference: it is made small, and explained or reported.

use crate::agree::agree;
use crate::case::{Case, Outcome};
use crate::differences::{self, Difference, Seen};
use crate::evaluate::evaluate;
use crate::process::Mingo;
use crate::shrink::smaller;

/// A case on which both sides differ, as small as it can be.
pub struct Settled {
    pub case: Case,
    pub ours: Outcome,
    pub theirs: Outcome,
    /// The number of the case that it came from.
    pub number: u64,
    /// The place of the difference that explains it.
    pub explained: Option<usize>,
}

/// Both sides' outcomes of cases.
pub fn evaluate_both(mingo: &mut Mingo, cases: &[Case]) -> Vec<(Outcome, Outcome)> {
    let lines: Vec<String> = cases.iter().map(Case::line).collect();
    mingo.send(&lines);
    let ours: Vec<Outcome> = cases.iter().map(evaluate).collect();
    let theirs = mingo.receive(cases.len());
    ours.into_iter().zip(theirs).map(|(ours, theirs)| (ours, Outcome::read(&theirs))).collect()
}

/// Steps that leave a difference of another kind would lead to another difference.
fn alike(a: (&Outcome, &Outcome), b: (&Outcome, &Outcome)) -> bool {
    let kind = |(ours, theirs): (&Outcome, &Outcome)| {
        let number = if let Outcome::Error(number, _) = ours { Some(*number) } else { None };
        (number, matches!(theirs, Outcome::Error(..)))
    };
    kind(a) == kind(b)
}

/// Makes all differences small, step by step. Of the next steps, those that nothing explains are
/// preferred, so that an explained difference in a case does not hide another.
pub fn settle(mingo: &mut Mingo, all: &[&Difference], differing: Vec<Settled>) -> Vec<Settled> {
    let mut active = differing;
    let mut settled = Vec::new();
    while !active.is_empty() {
        let steps: Vec<Vec<Case>> = active.iter().map(|item| smaller(&item.case)).collect();
        let flat: Vec<Case> = steps.iter().flatten().cloned().collect();
        let mut outcomes = evaluate_both(mingo, &flat).into_iter();
        let mut next = Vec::new();
        for (mut item, steps) in active.into_iter().zip(steps) {
            let mut best: Option<Settled> = None;
            for case in steps {
                let Some((ours, theirs)) = outcomes.next() else { break };
                if best.as_ref().is_some_and(|best| best.explained.is_none())
                    || agree(&ours, &theirs)
                    || !alike((&ours, &theirs), (&item.ours, &item.theirs))
                {
                    continue;
                }
                let explained = differences::explanation(all, &Seen { case: &case, ours: &ours, theirs: &theirs });
                if best.is_none() || explained.is_none() {
                    best = Some(Settled { case, ours, theirs, number: item.number, explained });
                }
            }
            match best {
                Some(best) => next.push(best),
                None => {
                    item.explained = differences::explanation(all, &Seen { case: &item.case, ours: &item.ours, theirs: &item.theirs });
                    settled.push(item);
                }
            }
        }
        active = next;
    }
    settled
}
