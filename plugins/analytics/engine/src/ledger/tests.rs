//! The ledger by itself.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::segment;

const HOUR: i64 = 3_600_000;
/// 2026-01-01T00:00:00Z, 08:00 in Shanghai.
const NEW_YEAR: i64 = 1_767_225_600_000;

fn ledger() -> Ledger {
    Ledger::new(Calendar::named("Asia/Shanghai").unwrap())
}

fn told(device: &str, start: i64, duration: u32, channel: ChannelId) -> Observation {
    Observation { device: DeviceKey::of(device), start, duration, channel }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[test]
fn what_is_told_again_changes_nothing_and_longer_times_win() {
    let mut ledger = ledger();
    assert_eq!(ledger.note(&told("a", NEW_YEAR, 0, ChannelId::NONE)), Noted::Launch);
    assert_eq!(ledger.note(&told("a", NEW_YEAR, 900, ChannelId::NONE)), Noted::Longer);
    assert_eq!(ledger.note(&told("a", NEW_YEAR, 500, ChannelId::NONE)), Noted::Nothing);
    let before = ledger.snapshot(NEW_YEAR);
    assert_eq!(ledger.note(&told("a", NEW_YEAR, 900, ChannelId::NONE)), Noted::Nothing);
    assert_eq!(ledger.note(&told("a", NEW_YEAR, 901, ChannelId::NONE)), Noted::Longer);
    let (was, is) = (before.day(day("2026-01-01")).unwrap().duration, ledger.snapshot(NEW_YEAR).day(day("2026-01-01")).unwrap().duration);
    assert_eq!((was, is), (900, 901), "a snapshot stays as it was");
}

#[test]
fn an_earlier_session_makes_a_device_new_on_its_day_and_of_its_channel() {
    let mut ledger = ledger();
    let (spring, autumn) = (ledger.note_channel("spring"), ledger.note_channel("autumn"));
    ledger.note(&told("a", NEW_YEAR, 0, spring));
    let snapshot = ledger.snapshot(NEW_YEAR);
    assert_eq!((snapshot.newcomers(day("2026-01-01")).len(), snapshot.members("spring").len()), (1, 1));
    assert_eq!(snapshot.channel_figures(day("2026-01-01"))[0].channel, spring);
    assert_eq!((snapshot.cumulative(day("2025-12-30")), snapshot.cumulative(day("2026-01-01"))), (0, 1));
    ledger.note(&told("a", NEW_YEAR - 48 * HOUR, 0, autumn));
    let snapshot = ledger.snapshot(NEW_YEAR);
    assert!(snapshot.newcomers(day("2026-01-01")).is_empty());
    assert_eq!((snapshot.newcomers(day("2025-12-30")).len(), snapshot.members("spring").len()), (1, 0));
    let figures = snapshot.channel_figures(day("2026-01-01"));
    assert_eq!((figures[0].channel, figures[0].new, figures[0].active), (autumn, 0, 1));
    assert_eq!(snapshot.cumulative(day("2025-12-30")), 1);
}

#[test]
fn a_snapshot_that_is_asked_late_tells_later_ones_nothing_old() {
    let mut ledger = ledger();
    let (spring, autumn) = (ledger.note_channel("spring"), ledger.note_channel("autumn"));
    ledger.note(&told("a", NEW_YEAR, 0, spring));
    let before = ledger.snapshot(NEW_YEAR);
    ledger.note(&told("a", NEW_YEAR - 48 * HOUR, 0, autumn));
    let after = ledger.snapshot(NEW_YEAR);
    let first = day("2026-01-01");
    let of = |snapshot: &Snapshot| snapshot.channel_figures(first).iter().map(|some| (some.channel, some.new)).collect::<Vec<_>>();
    assert_eq!((of(&before), of(&after)), (vec![(spring, 1)], vec![(autumn, 0)]));
}

#[test]
fn a_device_that_moves_changes_the_ages_of_all_its_days() {
    const DAY: i64 = 24 * HOUR;
    let mut ledger = ledger();
    for (device, days) in [("a", [0, 1, 30].as_slice()), ("b", &[1, 3]), ("c", &[0, 31])] {
        for n in days {
            ledger.note(&told(device, NEW_YEAR + n * DAY, 0, ChannelId::NONE));
        }
    }
    let now = NEW_YEAR + 40 * DAY;
    // How many of the devices of the day after so many were new how many days before.
    let of = |snapshot: &Snapshot, after: i32| -> Vec<(usize, u32)> {
        let ages = snapshot.ages(day("2026-01-01").plus(after));
        ages.into_iter().enumerate().filter(|(_, count)| *count > 0).collect()
    };
    let before = ledger.snapshot(now);
    before.prepare();
    let was = [vec![(0, 2)], vec![(0, 1), (1, 1)], vec![(2, 1)], vec![(30, 1)], Vec::new()];
    assert_eq!([0, 1, 3, 30, 31].map(|after| of(&before, after)), was);
    // A session on another day than those whose ages change.
    ledger.note(&told("a", NEW_YEAR - DAY, 0, ChannelId::NONE));
    let moved = ledger.snapshot(now);
    assert_eq!([0, 1, 3, 30].map(|after| of(&moved, after)), [vec![(0, 1), (1, 1)], vec![(0, 1), (2, 1)], vec![(2, 1)], Vec::new()]);
    assert_eq!([0, 1, 3, 30, 31].map(|after| of(&before, after)), was, "a snapshot stays as it was");
}

#[test]
fn of_two_channels_at_one_instant_the_first_by_name_counts_in_any_order() {
    for order in [["b", "a"], ["a", "b"]] {
        let mut ledger = ledger();
        for name in order {
            let channel = ledger.note_channel(name);
            ledger.note(&told("x", NEW_YEAR, 0, channel));
        }
        let snapshot = ledger.snapshot(NEW_YEAR);
        assert_eq!((snapshot.members("a").len(), snapshot.members("b").len()), (1, 0), "{order:?}");
    }
}

#[test]
fn days_ahead_are_shown_once_they_begin() {
    let mut ledger = ledger();
    let late = NEW_YEAR + 15 * HOUR;
    ledger.note(&told("a", late, 0, ChannelId::NONE));
    ledger.note(&told("b", late + 2 * HOUR, 0, ChannelId::NONE));
    let (first, second) = (day("2026-01-01"), day("2026-01-02"));
    let today = ledger.snapshot(late);
    assert_eq!((today.active_between(first, second).len(), today.active_counts(first, second, [7], None)), (1, [vec![1, 1]]));
    assert_eq!(today.cumulative(second), 1);
    let tomorrow = ledger.snapshot(late + HOUR);
    assert_eq!((tomorrow.active_between(first, second).len(), tomorrow.active_counts(first, second, [7], None)), (2, [vec![1, 2]]));
    assert_eq!(tomorrow.cumulative(second), 2);
}

#[test]
fn released_days_are_noted_only_when_they_are_held_again() {
    let mut ledger = ledger();
    ledger.note(&told("a", NEW_YEAR, 5, ChannelId::NONE));
    ledger.snapshot(NEW_YEAR);
    let first = day("2026-01-01");
    let saved = ledger.changes().days.remove(&first).unwrap();
    ledger.saved();
    ledger.release(first);
    assert_eq!(ledger.lacks(NEW_YEAR), Some(first));
    assert_eq!(ledger.note(&told("b", NEW_YEAR, 0, ChannelId::NONE)), Noted::Nothing);
    assert_eq!(ledger.snapshot(NEW_YEAR).active(first).len(), 1);
    ledger.hold(first, saved);
    assert_eq!(ledger.note(&told("b", NEW_YEAR, 0, ChannelId::NONE)), Noted::Launch);
    assert_eq!(ledger.snapshot(NEW_YEAR).active(first).len(), 2);
}

#[test]
fn what_was_noted_while_changes_were_saved_is_saved_next() {
    let mut ledger = ledger();
    ledger.note(&told("a", NEW_YEAR, 5, ChannelId::NONE));
    let changes = ledger.changes();
    assert_eq!((changes.devices.len(), changes.days.len()), (1, 1));
    ledger.note(&told("b", NEW_YEAR + 24 * HOUR, 0, ChannelId::NONE));
    assert_eq!(ledger.changes().days.len(), 2, "the first were not saved");
    ledger.note(&told("b", NEW_YEAR + 24 * HOUR, 7, ChannelId::NONE));
    ledger.saved();
    let changes = ledger.changes();
    assert_eq!((changes.devices.len(), changes.days.into_keys().collect::<Vec<_>>()), (0, vec![day("2026-01-02")]));
    ledger.saved();
    assert!(ledger.changes().days.is_empty());
}

#[test]
fn segments_give_the_same_state_back() {
    let mut ledger = ledger();
    let channel = ledger.note_channel("渠道");
    for n in 0..500_i64 {
        ledger.note(&told(&format!("d{}", n % 90), NEW_YEAR + n * HOUR, n as u32, if n % 3 == 0 { channel } else { ChannelId::NONE }));
    }
    let first = ledger.changes();
    let devices = segment::write_devices(&ledger, &first.devices).unwrap();
    ledger.saved();
    ledger.note(&told("d7", NEW_YEAR - HOUR, 1, channel));
    let second = ledger.changes();
    let corrected = segment::write_devices(&ledger, &second.devices).unwrap();
    assert_eq!(second.devices.len(), 1);

    let mut again = super::Ledger::new(*ledger.calendar());
    again.load_channels(ledger.channels().names());
    again.load_devices(devices.clone()).unwrap();
    again.load_devices(corrected.clone()).unwrap();
    let merged = segment::merge_devices([devices, corrected]).unwrap();
    let all = (0..ledger.devices().len() as u32).collect();
    assert_eq!(merged, segment::write_devices(&ledger, &all).unwrap());
    for day in first.days.keys() {
        let parts = [&first, &second].into_iter().filter_map(|changes| changes.days.get(day));
        let (count, merged) = segment::merge_sessions(parts.map(|part| segment::write_sessions(part).unwrap())).unwrap();
        let sessions = segment::read_sessions(merged).unwrap();
        assert_eq!(sessions.len() as u64, count);
        assert_eq!(Some(&sessions), ledger.sessions(*day).as_ref());
        again.load_day(*day, &sessions);
    }
    let now = NEW_YEAR + 1000 * HOUR;
    let (one, other) = (ledger.snapshot(now), again.snapshot(now));
    assert_eq!(one.newcomers, other.newcomers);
    let days: Vec<Day> = one.days.keys().copied().collect();
    assert_eq!(days, other.days.keys().copied().collect::<Vec<_>>());
    for day in days {
        assert_eq!((one.day(day), one.channel_figures(day), one.ages(day)), (other.day(day), other.channel_figures(day), other.ages(day)));
    }
    assert!(again.changes().days.is_empty(), "what is loaded is not to be saved");
    assert_eq!(again.note(&told("d7", NEW_YEAR - HOUR, 1, channel)), Noted::Nothing, "its day is not held");
    assert_eq!(again.lacks(NEW_YEAR - HOUR), Some(day("2026-01-01")));
}

#[test]
fn broken_segments_are_refused() {
    let mut ledger = ledger();
    ledger.note(&told("a", NEW_YEAR, 5, ChannelId::NONE));
    let changes = ledger.changes();
    let sessions = segment::write_sessions(changes.days.values().next().unwrap()).unwrap();
    assert!(segment::read_sessions(sessions.slice(..sessions.len() / 2)).is_err());
    assert!(segment::read_events(sessions.clone()).is_err());
    assert!(ledger.load_devices(sessions).is_err());
}

#[test]
fn channels_are_bounded() {
    let mut ledger = ledger();
    for n in 0..channels::MOST {
        assert_ne!(ledger.note_channel(&n.to_string()), ChannelId::OTHER);
    }
    assert_eq!(ledger.note_channel("one more"), ChannelId::OTHER);
    assert_eq!(ledger.note_channel("7").0, 9);
    assert_eq!(ledger.note_channel(&"x".repeat(65)), ChannelId::OTHER);
}
