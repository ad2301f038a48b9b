//! Whether a history of transactions is one that snapshot isolation allows.
//!
//! Every document is a list, and every writer appends a mark of its own, so that a document shows
//! who wrote it in which order. A history is what each client did and saw; the final lists say
//! what became of it.

use std::collections::{BTreeMap, BTreeSet};

/// A list as somebody saw it: the marks of those who had written.
pub type Seen = Vec<u64>;

/// What one client did, a transaction or a single command.
#[derive(Clone, Debug)]
pub struct Event {
    /// The mark that it appended.
    pub mark: u64,
    /// Whether it was a transaction: its reads are of one moment.
    pub transaction: bool,
    /// Whether its writes were acknowledged. Those of others must never be seen.
    pub committed: bool,
    /// What it saw of each document before it wrote to it.
    pub reads: BTreeMap<usize, Seen>,
    /// The documents it wrote to.
    pub writes: BTreeSet<usize>,
    /// Moments of a clock that all clients share: when it began, when its first read had been
    /// answered, when its commit was asked for, when that was answered.
    pub began: u64,
    pub first_read: u64,
    pub asked: u64,
    pub answered: u64,
}

/// What is wrong with a history; empty when nothing is.
pub fn check(history: &[Event], finals: &[Seen]) -> Vec<String> {
    let mut wrong = Vec::new();
    let events: BTreeMap<u64, &Event> = history.iter().map(|event| (event.mark, event)).collect();
    lists(&events, finals, &mut wrong);
    reads(history, finals, &mut wrong);
    writes(history, finals, &mut wrong);
    let Some(before) = predecessors(finals) else {
        wrong.push("writers saw each other in a circle".to_owned());
        return wrong;
    };
    for event in history.iter().filter(|event| event.transaction) {
        snapshot(event, &events, finals, &before, &mut wrong);
    }
    wrong
}

/// Every acknowledged write is there, once, and no other.
fn lists(events: &BTreeMap<u64, &Event>, finals: &[Seen], wrong: &mut Vec<String>) {
    for (document, list) in finals.iter().enumerate() {
        let marks: BTreeSet<u64> = list.iter().copied().collect();
        if marks.len() != list.len() {
            wrong.push(format!("document {document} has a write twice: {list:?}"));
        }
        for event in events.values() {
            let there = marks.contains(&event.mark);
            let expected = event.committed && event.writes.contains(&document);
            if expected && !there {
                wrong.push(format!("document {document} lost the write of {event:?}"));
            } else if there && !expected {
                wrong.push(format!("document {document} has a write that was rolled back or never made: {event:?}"));
            }
        }
    }
}

/// What was seen of a document is what it was at some moment, and no older than what had been
/// acknowledged before.
fn reads(history: &[Event], finals: &[Seen], wrong: &mut Vec<String>) {
    for event in history {
        for (document, seen) in &event.reads {
            if !finals[*document].starts_with(seen) {
                wrong.push(format!("{event:?} saw of document {document} what it never was: {:?}", finals[*document]));
                continue;
            }
            for other in history.iter().filter(|other| other.committed && other.writes.contains(document) && other.mark != event.mark) {
                let visible = seen.contains(&other.mark);
                if other.answered < event.began && !visible {
                    wrong.push(format!("{event:?} did not see of document {document} what {other:?} had written before"));
                }
                if event.transaction && other.asked > event.first_read && visible {
                    wrong.push(format!("{event:?} saw of document {document} what {other:?} wrote later"));
                }
            }
        }
    }
}

/// Whoever read a document and then wrote to it wrote right behind what it had read.
fn writes(history: &[Event], finals: &[Seen], wrong: &mut Vec<String>) {
    for event in history.iter().filter(|event| event.committed) {
        for document in &event.writes {
            let place = finals[*document].iter().position(|mark| *mark == event.mark);
            if let (Some(seen), Some(place)) = (event.reads.get(document), place)
                && seen.len() != place
            {
                wrong.push(format!(
                    "others wrote to document {document} between the read and the write of {event:?}: {:?}",
                    finals[*document]
                ));
            }
        }
    }
}

/// All writers that come before each one, by the order of any document; `None` when that is a circle.
fn predecessors(finals: &[Seen]) -> Option<BTreeMap<u64, BTreeSet<u64>>> {
    let mut direct: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for list in finals {
        for (place, mark) in list.iter().enumerate() {
            let before = direct.entry(*mark).or_default();
            before.extend(place.checked_sub(1).map(|place| list[place]));
        }
    }
    let mut all: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    while all.len() < direct.len() {
        let ready: Vec<u64> = direct
            .iter()
            .filter(|(mark, before)| !all.contains_key(mark) && before.iter().all(|other| all.contains_key(other)))
            .map(|(mark, _)| *mark)
            .collect();
        if ready.is_empty() {
            return None;
        }
        for mark in ready {
            let mut before = direct[&mark].clone();
            for other in &direct[&mark] {
                before.extend(&all[other]);
            }
            all.insert(mark, before);
        }
    }
    Some(all)
}

/// All that a transaction saw is of one moment: with a writer it saw all that this one wrote, and
/// all writers before it.
fn snapshot(
    event: &Event,
    events: &BTreeMap<u64, &Event>,
    finals: &[Seen],
    before: &BTreeMap<u64, BTreeSet<u64>>,
    wrong: &mut Vec<String>,
) {
    let mut visible: BTreeSet<u64> = BTreeSet::new();
    for mark in event.reads.values().flatten() {
        visible.insert(*mark);
        visible.extend(before.get(mark).into_iter().flatten());
    }
    let latest = visible.iter().filter_map(|mark| events.get(mark)).map(|other| other.asked).max().unwrap_or(0);
    for (document, seen) in &event.reads {
        for mark in finals[*document].iter().filter(|mark| !seen.contains(mark)) {
            if visible.contains(mark) {
                wrong.push(format!("a torn read: {event:?} saw {mark}, or what followed it, and not in document {document}"));
            }
            if events.get(mark).is_some_and(|other| other.answered < latest) {
                wrong.push(format!("{event:?} saw what was written after {mark}, and not {mark} in document {document}"));
            }
        }
    }
}

fn event(mark: u64, times: [u64; 4], reads: &[(usize, &[u64])], writes: &[usize]) -> Event {
    let [began, first_read, asked, answered] = times;
    let reads = reads.iter().map(|(document, seen)| (*document, seen.to_vec())).collect();
    Event { mark, transaction: true, committed: true, reads, writes: writes.iter().copied().collect(), began, first_read, asked, answered }
}

#[test]
fn good_histories_pass() {
    let one = event(1, [0, 1, 2, 3], &[(0, &[]), (1, &[])], &[0, 1]);
    let two = event(2, [4, 5, 6, 7], &[(0, &[1]), (1, &[1])], &[1]);
    let early = event(3, [0, 1, 8, 9], &[(0, &[]), (1, &[])], &[]);
    let aborted = Event { committed: false, ..event(4, [0, 1, 8, 9], &[(0, &[])], &[0]) };
    let history = [one, two, early, aborted];
    assert_eq!(check(&history, &[vec![1], vec![1, 2]]), Vec::<String>::new());
}

#[test]
fn each_kind_of_fault_is_found() {
    let one = event(1, [0, 1, 2, 3], &[(0, &[]), (1, &[])], &[0, 1]);
    let found = |history: &[Event], finals: &[Seen], fault: &str| {
        let wrong = check(history, finals);
        assert!(wrong.iter().any(|wrong| wrong.contains(fault)), "{fault}: {wrong:?}");
    };
    found(std::slice::from_ref(&one), &[vec![1], vec![]], "lost the write");
    found(std::slice::from_ref(&one), &[vec![1, 1], vec![1]], "a write twice");
    found(&[Event { committed: false, ..one.clone() }], &[vec![1], vec![]], "rolled back");
    let torn = event(2, [0, 5, 6, 7], &[(0, &[1]), (1, &[])], &[]);
    found(&[one.clone(), torn], &[vec![1], vec![1]], "a torn read");
    let stale = event(2, [4, 5, 6, 7], &[(0, &[])], &[]);
    found(&[one.clone(), stale], &[vec![1], vec![1]], "did not see");
    let overwrote = event(2, [0, 1, 4, 5], &[(0, &[])], &[0]);
    found(&[one.clone(), overwrote], &[vec![1, 2], vec![1]], "between the read and the write");
    let invented = event(2, [4, 5, 6, 7], &[(0, &[9])], &[]);
    found(&[one.clone(), invented], &[vec![1], vec![1]], "what it never was");
    let other = event(2, [0, 1, 2, 3], &[], &[0, 1]);
    found(&[one.clone(), other], &[vec![1, 2], vec![2, 1]], "in a circle");
    let later = event(2, [4, 5, 6, 7], &[(1, &[1])], &[1]);
    let backwards = event(3, [2, 9, 10, 11], &[(0, &[]), (1, &[1, 2])], &[]);
    found(&[one, later, backwards], &[vec![1], vec![1, 2]], "a torn read");
}
