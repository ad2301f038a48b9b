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
