//! What becomes of a difference: it is made small, and explained or reported.

use crate::agree::agree;
use crate::case::{Case, Outcome};
use crate::differences::{self, Difference, Seen};
use crate::evaluate::evaluate;
use crate::process::Mingo;
use crate::shrink::{leaps, smaller};

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
    let mut active: Vec<Shrinking> = differing.into_iter().map(Shrinking::new).collect();
    let mut settled = Vec::new();
    while !active.is_empty() {
        let windows: Vec<Vec<Case>> = active.iter_mut().map(Shrinking::window).collect();
        let flat: Vec<Case> = windows.iter().flatten().cloned().collect();
        let mut outcomes = evaluate_both(mingo, &flat).into_iter();
        let mut next = Vec::new();
        for (mut shrinking, window) in active.into_iter().zip(windows) {
            for case in window {
                let Some((ours, theirs)) = outcomes.next() else { break };
                shrinking.consider(all, case, ours, theirs);
            }
            match shrinking.advance(all) {
                Ok(shrinking) => next.push(shrinking),
                Err(done) => settled.push(done),
            }
        }
        active = next;
    }
    settled
}

/// How many steps are tried at a time.
const WINDOW: usize = 12;
/// An explained case of so many values is not made smaller.
const SMALL: usize = 24;

struct Shrinking {
    item: Settled,
    /// Those not tried yet, the best last.
    steps: Vec<Case>,
    /// Whether the steps are parts of the case by themselves.
    leaping: bool,
    /// The first step that leaves a difference which nothing explains, or else an explained one.
    best: Option<Settled>,
}

impl Shrinking {
    fn new(item: Settled) -> Self {
        let mut steps = leaps(&item.case);
        steps.reverse();
        Self { item, steps, leaping: true, best: None }
    }

    fn further(item: Settled) -> Self {
        let mut steps = smaller(&item.case);
        steps.reverse();
        Self { item, steps, leaping: false, best: None }
    }

    fn window(&mut self) -> Vec<Case> {
        let rest = self.steps.len().saturating_sub(WINDOW);
        let mut window = self.steps.split_off(rest);
        window.reverse();
        window
    }

    fn consider(&mut self, all: &[&Difference], case: Case, ours: Outcome, theirs: Outcome) {
        let Settled { ours: our_old, theirs: their_old, number, .. } = &self.item;
        if self.best.as_ref().is_some_and(|best| best.explained.is_none())
            || agree(&ours, &theirs)
            || !alike((&ours, &theirs), (our_old, their_old))
        {
            return;
        }
        let explained = differences::explanation(all, &Seen { case: &case, ours: &ours, theirs: &theirs });
        if self.best.is_none() || explained.is_none() {
            self.best = Some(Settled { case, ours, theirs, number: *number, explained });
        }
    }

    /// What to try next, or the case if it stays as it is.
    fn advance(mut self, all: &[&Difference]) -> Result<Self, Settled> {
        let unexplained = self.best.as_ref().is_some_and(|best| best.explained.is_none());
        let waiting = !self.steps.is_empty() && !unexplained && (self.leaping || self.best.is_none());
        match self.best.take() {
            best if waiting => {
                self.best = best;
                Ok(self)
            }
            Some(best) if best.explained.is_some() && best.case.size() <= SMALL => Err(best),
            Some(best) => Ok(Self::further(best)),
            None if self.leaping => Ok(Self::further(self.item)),
            None => {
                let Settled { case, ours, theirs, .. } = &self.item;
                self.item.explained = differences::explanation(all, &Seen { case, ours, theirs });
                Err(self.item)
            }
        }
    }
}
