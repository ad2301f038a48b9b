//! How long reports take: after they were asked before, after a new event, and as the first question
//! after a start where nothing was prepared.

use std::path::Path;
use std::time::{Duration, Instant};

use analytics_engine::{ChannelId, DayFigures, DeviceKey, Observation, Snapshot};
use serde_json::{Value, json};

use crate::questions::{self, Question};
use crate::{Result, memory, state};

/// How often a question is asked again.
const REPEATS: usize = 5;

/// Answers all questions about a saved state; each also as the first one after a start, where `cold`.
pub fn measure(folder: &Path, cold: bool) -> Result<Value> {
    let (saved, mut ledger, devices, days) = state::load(folder)?;
    let (Some(first), Some(last)) = (saved.days.keys().next().copied(), saved.days.keys().next_back().copied()) else {
        return Err("no days".into());
    };
    // Half an hour before the end of the last day.
    let now = ledger.calendar().start_of(last.plus(1)) - 1_800_000;
    let begun = Instant::now();
    let snapshot = ledger.snapshot(now);
    let (first_snapshot, loaded) = (begun.elapsed(), memory()?.0);
    let begun = Instant::now();
    snapshot.prepare();
    let prepared = begun.elapsed();

    let questions = questions::all(first, last);
    let mut told = Vec::new();
    for question in &questions {
        let answer: Value = serde_json::from_slice(&question.answer(&snapshot)?)?;
        let warm: Vec<f64> = (0..REPEATS).map(|_| Ok(milliseconds(ask(question, &snapshot)?))).collect::<Result<_>>()?;
        told.push(json!({"report": question.report, "params": question.params, "answer": answer, "warm": warm}));
    }
    let memory = memory()?;

    ledger.hold(last, state::sessions(folder, last)?);
    let mut snapshots = Vec::new();
    for ((number, question), told) in (0_i64..).zip(&questions).zip(&mut told) {
        let device = DeviceKey::of(&format!("another {number}"));
        ledger.note(&Observation { device, start: now - number, duration: 1_000, channel: ChannelId::NONE });
        let begun = Instant::now();
        let changed = ledger.snapshot(now);
        snapshots.push(milliseconds(begun.elapsed()));
        told["changed"] = json!(milliseconds(ask(question, &changed)?));
    }
    drop(ledger);

    let figures: Vec<_> = snapshot.days(first, last).collect();
    for (question, told) in questions.iter().zip(&mut told).filter(|_| cold) {
        let mut ledger = saved.ledger()?;
        for (day, figures) in &figures {
            ledger.load_figures(*day, DayFigures::clone(figures));
        }
        told["cold"] = json!(milliseconds(ask(question, &ledger.snapshot(now))?));
    }
    Ok(json!({
        "today": last, "questions": told, "snapshots": snapshots, "loaded": loaded, "resident": memory.0, "peak": memory.1,
        "start": {
            "devices": devices.as_secs_f64(), "days": days.as_secs_f64(), "snapshot": first_snapshot.as_secs_f64(),
        },
        "prepare": prepared.as_secs_f64(),
    }))
}

fn ask(question: &Question, snapshot: &Snapshot) -> Result<Duration> {
    let begun = Instant::now();
    question.answer(snapshot)?;
    Ok(begun.elapsed())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
