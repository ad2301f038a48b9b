//! The buckets of a report: hours, days, weeks or months, up to the present one.

use super::{Comparison, Range};
use crate::{Day, Snapshot, Unit};

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Its first day.
    pub from: Day,
    /// Its last day, which may be after today.
    pub to: Day,
    /// Its hour; none unless buckets are hours.
    pub hour: Option<u8>,
    /// Whether it has ended.
    pub complete: bool,
}

impl Span {
    /// What it is called: its first day, or its day and hour: `2026-11-26 08`.
    pub fn label(&self) -> String {
        match self.hour {
            Some(hour) => format!("{} {hour:02}", self.from),
            None => self.from.to_string(),
        }
    }

    /// Its days up to today.
    pub fn days_begun(&self, today: Day) -> impl Iterator<Item = Day> + use<> {
        days_begun(&Range { from: self.from, to: self.to }, today)
    }
}

/// The days of a range up to today.
pub(super) fn days_begun(range: &Range, today: Day) -> impl Iterator<Item = Day> + use<> {
    (range.from.0..=range.to.0.min(today.0)).map(Day)
}

/// The whole buckets that a range touches, without those that have not begun.
pub(super) fn of(snapshot: &Snapshot, range: &Range, unit: Unit) -> Vec<Span> {
    let now = snapshot.calendar.locate(snapshot.now);
    until(now, range, unit)
}

fn until((today, present): (Day, u8), range: &Range, unit: Unit) -> Vec<Span> {
    let whole = range.whole(unit);
    let firsts = std::iter::successors(Some(whole.from), |first| Some(first.step(unit, 1)));
    let begun = firsts.take_while(|first| *first <= whole.to.min(today));
    if unit == Unit::Hour {
        let hours = begun.flat_map(|day| (0..24).map(move |hour| (day, hour))).filter(|at| *at <= (today, present));
        return hours.map(|at| Span { from: at.0, to: at.0, hour: Some(at.1), complete: at < (today, present) }).collect();
    }
    begun.map(|from| (from, from.step(unit, 1).plus(-1))).map(|(from, to)| Span { from, to, hour: None, complete: to < today }).collect()
}

/// The whole buckets that a range is compared with.
///
/// By hours and days, those of [`Range::earlier`]. By weeks and months there are as many as the range
/// touches: those just before it, or those that begin with the bucket of the first earlier day, and at
/// least one bucket earlier (a week before the 20th of a month is in the same month).
pub(super) fn compared(range: &Range, comparison: Comparison, unit: Unit) -> Range {
    let earlier = range.earlier(comparison);
    if matches!(unit, Unit::Hour | Unit::Day) {
        return earlier;
    }
    let whole = range.whole(unit);
    let firsts = std::iter::successors(Some(whole.from), |first| Some(first.step(unit, 1)));
    let count = firsts.take_while(|first| *first <= whole.to).count() as i32;
    let from = match comparison {
        Comparison::Previous => whole.from.step(unit, -count),
        Comparison::Week | Comparison::Month => earlier.from.bucket(unit).min(whole.from.step(unit, -1)),
        Comparison::From(_) => earlier.from.bucket(unit),
    };
    Range { from, to: from.step(unit, count).plus(-1) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn range(from: &str, to: &str) -> Range {
        Range { from: day(from), to: day(to) }
    }

    fn labels(spans: &[Span]) -> Vec<String> {
        spans.iter().map(|span| format!("{}{}", span.label(), if span.complete { "" } else { "…" })).collect()
    }

    // 2026-11-26 is a Thursday.
    const HOUR: u8 = 2;
    fn now() -> (Day, u8) {
        (day("2026-11-26"), HOUR)
    }

    #[test]
    fn weeks_are_whole_where_the_range_begins_and_ends_within_them() {
        let spans = until(now(), &range("2026-11-11", "2026-11-26"), Unit::Week);
        assert_eq!(labels(&spans), ["2026-11-08", "2026-11-15", "2026-11-22…"]);
        assert_eq!((spans[2].from, spans[2].to), (day("2026-11-22"), day("2026-11-28")));
        assert_eq!(spans[2].days_begun(now().0).count(), 5);
    }

    #[test]
    fn a_week_that_ends_today_has_not_ended() {
        let saturday = (day("2026-11-28"), 23);
        assert_eq!(labels(&until(saturday, &range("2026-11-22", "2026-11-28"), Unit::Week)), ["2026-11-22…"]);
        let sunday = (day("2026-11-29"), 0);
        assert_eq!(labels(&until(sunday, &range("2026-11-22", "2026-11-28"), Unit::Week)), ["2026-11-22"]);
    }

    #[test]
    fn months_have_their_own_lengths() {
        let spans = until(now(), &range("2026-01-31", "2026-03-01"), Unit::Month);
        assert_eq!(labels(&spans), ["2026-01-01", "2026-02-01", "2026-03-01"]);
        assert_eq!(spans[1].days_begun(now().0).count(), 28);
    }

    #[test]
    fn what_has_not_begun_is_left_out() {
        assert_eq!(labels(&until(now(), &range("2026-11-25", "2026-12-02"), Unit::Day)), ["2026-11-25", "2026-11-26…"]);
        assert_eq!(
            labels(&until(now(), &range("2026-11-26", "2026-11-28"), Unit::Hour)),
            ["2026-11-26 00", "2026-11-26 01", "2026-11-26 02…"]
        );
        for unit in [Unit::Hour, Unit::Day, Unit::Week, Unit::Month] {
            assert_eq!(until(now(), &range("2027-01-01", "2027-01-03"), unit), []);
        }
    }

    #[test]
    fn a_month_is_compared_with_one_month_also_where_that_is_shorter() {
        let october = range("2026-10-01", "2026-10-31");
        for comparison in [Comparison::Previous, Comparison::Month, Comparison::Week] {
            assert_eq!(compared(&october, comparison, Unit::Month), range("2026-09-01", "2026-09-30"), "{comparison:?}");
        }
        assert_eq!(compared(&october, Comparison::From(day("2025-02-11")), Unit::Month), range("2025-02-01", "2025-02-28"));
    }

    #[test]
    fn the_same_days_of_a_shorter_month_begin_with_its_last_day() {
        assert_eq!(compared(&range("2026-03-31", "2026-04-01"), Comparison::Month, Unit::Day), range("2026-02-28", "2026-03-01"));
    }

    #[test]
    fn weeks_are_compared_with_as_many_weeks() {
        let asked = range("2026-11-11", "2026-11-17");
        assert_eq!(compared(&asked, Comparison::Previous, Unit::Week), range("2026-10-25", "2026-11-07"));
        assert_eq!(compared(&asked, Comparison::Week, Unit::Week), range("2026-11-01", "2026-11-14"));
        assert_eq!(compared(&asked, Comparison::Month, Unit::Week), range("2026-10-11", "2026-10-24"));
        assert_eq!(compared(&range("2026-01-20", "2026-01-25"), Comparison::Week, Unit::Month), range("2025-12-01", "2025-12-31"));
    }
}
