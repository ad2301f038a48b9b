//! When the clock on the wall shows what.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// How many parts of a day have instants of their own: half hours, since all changes of clocks are by
/// whole ones.
pub const SLOTS: usize = 48;

/// The milliseconds of a slot.
pub const SLOT: i64 = 1_800_000;

/// The first instant of a local day, so many days after another.
pub fn start_of(zone: Tz, first: NaiveDate, days: u32) -> i64 {
    let date = first.checked_add_days(Days::new(u64::from(days))).unwrap_or(first);
    instants(zone, date.and_time(NaiveTime::MIN)).0
}

/// For each slot of a local day, when the clock shows its beginning: the first and the last instant,
/// which differ where it is put back. What is skipped begins when the clock has been put forward.
pub fn slots(zone: Tz, first: NaiveDate, days: u32) -> [(i64, i64); SLOTS] {
    let date = first.checked_add_days(Days::new(u64::from(days))).unwrap_or(first);
    let midnight = date.and_time(NaiveTime::MIN);
    std::array::from_fn(|slot| instants(zone, midnight + TimeDelta::milliseconds(SLOT * slot as i64)))
}

fn instants(zone: Tz, wall: NaiveDateTime) -> (i64, i64) {
    let mut wall = wall;
    loop {
        let known = zone.from_local_datetime(&wall);
        if let (Some(first), Some(last)) = (known.earliest(), known.latest()) {
            return (first.timestamp_millis(), last.timestamp_millis());
        }
        wall += TimeDelta::milliseconds(SLOT);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn a_day_of_a_skipped_midnight_begins_an_hour_later() {
        // Chile puts clocks forward at the end of 2026-09-05.
        let slots = slots(Tz::America__Santiago, date(2026, 9, 6), 0);
        assert_eq!(slots[0], slots[2]);
        assert_eq!(slots[3].0 - slots[2].0, SLOT);
        assert_eq!(start_of(Tz::America__Santiago, date(2026, 9, 5), 2) - slots[0].0, 23 * 2 * SLOT);
    }

    #[test]
    fn half_an_hour_is_repeated_on_lord_howe_island() {
        // 2026-04-05 02:00 becomes 01:30.
        let slots = slots(Tz::Australia__Lord_Howe, date(2026, 4, 1), 4);
        let repeated: Vec<usize> = (0..SLOTS).filter(|slot| slots[*slot].0 != slots[*slot].1).collect();
        assert_eq!(repeated, [3]);
        assert_eq!(slots[3].1 - slots[3].0, SLOT);
    }
}
