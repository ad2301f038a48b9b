//! Where instants fall in local time.

use crate::{Calendar, Day};

/// So many minutes are kept.
const KEPT: usize = 64;

/// The local hours of the minutes that were looked up last: no zone has changed its clock within a
/// minute since 1972.
#[derive(Debug)]
pub(super) struct Places([Option<Place>; KEPT]);

#[derive(Clone, Copy, Debug)]
struct Place {
    minute: i64,
    at: (Day, u8),
}

impl Default for Places {
    fn default() -> Self {
        Self([None; KEPT])
    }
}

impl Places {
    const MINUTE: i64 = 60_000;

    /// The local day and hour of an instant, in milliseconds since 1970.
    pub fn of(&mut self, calendar: &Calendar, instant: i64) -> (Day, u8) {
        let minute = instant.div_euclid(Self::MINUTE);
        let Some(place) = self.0.get_mut(minute as usize % KEPT) else { return calendar.locate(instant) };
        match place {
            Some(place) if place.minute == minute => place.at,
            _ => {
                let at = calendar.locate(instant);
                *place = Some(Place { minute, at });
                at
            }
        }
    }
}

/// Where instants fall that mostly are of the same day as the one before: few of them need a look at
/// the zone.
#[derive(Debug, Default)]
pub(super) struct NearDays {
    /// The last day, and when it begins, where it is plain.
    last: Option<(Day, i64)>,
}

impl NearDays {
    const HOUR: i64 = 3_600_000;

    /// The local day and hour of an instant, in milliseconds since 1970.
    pub fn of(&mut self, calendar: &Calendar, instant: i64) -> (Day, u8) {
        if let Some((day, start)) = self.last
            && (start..start + 24 * Self::HOUR).contains(&instant)
        {
            return (day, ((instant - start) / Self::HOUR) as u8);
        }
        let (day, hour) = calendar.locate(instant);
        self.last = calendar.plain_start_of(day).map(|start| (day, start));
        (day, hour)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn near_days_are_where_the_calendar_locates_instants() {
        // Clocks change at midnight, within the day, by half an hour, and not at all.
        for zone in ["America/Sao_Paulo", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"] {
            let (calendar, mut near) = (Calendar::named(zone).unwrap(), NearDays::default());
            // 2017 and 2018, by steps of 11 minutes.
            for instant in (1_483_228_800_000..1_546_300_800_000_i64).step_by(660_000) {
                for instant in [instant, instant - 86_400_000] {
                    assert_eq!(near.of(&calendar, instant), calendar.locate(instant), "{zone} {instant}");
                }
            }
            for instant in [-4_102_444_800_000, -1, 0, 4_102_444_800_000] {
                assert_eq!(near.of(&calendar, instant), calendar.locate(instant), "{zone} {instant}");
            }
        }
    }
}
