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
    let mut active: Vec<Shrinking> = differing.into_iter().map(Shrinking::new).collect();
    let mut settled = Vec::new();
    while !active.is_empty() {
        let windows: Vec<Vec<Case>> = active.iter_mut().map(Shrinking::window).collect();
        let flat: Vec<Case> = windows.iter().flatten().cloned().collect();
        let mut outcomes = evaluate_both(mingo, &flat).into_iter();
        let mut next = Vec::new();
        for (mut shrinking, window) in active.into_iter().zip(windows) {
            let mut found = None;
            for case in window {
                let Some((ours, theirs)) = outcomes.next() else { break };
                let item = &shrinking.item;
                if found.is_some() || agree(&ours, &theirs) || !alike((&ours, &theirs), (&item.ours, &item.theirs)) {
                    continue;
                }
                let explained = differences::explanation(all, &Seen { case: &case, ours: &ours, theirs: &theirs });
                let step = Settled { case, ours, theirs, number: item.number, explained };
                match explained {
                    None => found = Some(step),
                    Some(_) => _ = shrinking.second.get_or_insert(step),
                }
            }
            if found.is_none() && shrinking.steps.is_empty() {
                found = shrinking.second.take();
                if found.is_none() {
                    let Settled { case, ours, theirs, .. } = &shrinking.item;
                    shrinking.item.explained = differences::explanation(all, &Seen { case, ours, theirs });
                    settled.push(shrinking.item);
                    continue;
                }
            }
            next.push(found.map_or(shrinking, Shrinking::new));
        }
        active = next;
    }
    settled
}

/// How many steps are tried at a time.
const WINDOW: usize = 12;

struct Shrinking {
    item: Settled,
    /// Those not tried yet, the largest last.
    steps: Vec<Case>,
    /// The first step that leaves an explained difference.
    second: Option<Settled>,
}

impl Shrinking {
    fn new(item: Settled) -> Self {
        let mut steps = smaller(&item.case);
        steps.reverse();
        Self { item, steps, second: None }
    }

    fn window(&mut self) -> Vec<Case> {
        let rest = self.steps.len().saturating_sub(WINDOW);
        let mut window = self.steps.split_off(rest);
        window.reverse();
        window
    }
}
