//! Times of records.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 3600 * 1000;

/// Now, in milliseconds since 1970.
pub fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// A time of a record as the system's; in whole seconds, as HTTP has it.
pub fn system_time(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(millis / 1000)
}

/// A time as `YYYY-MM-DDTHH:MM:SSZ`.
pub fn iso(millis: u64) -> String {
    let (year, month, day) = date(millis);
    let seconds = millis % DAY / 1000;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The month of a time in UTC as `YYYY-MM`.
pub fn month(millis: u64) -> String {
    let (year, month, _) = date(millis);
    format!("{year:04}-{month:02}")
}

/// The Gregorian date of a time. Years are counted from March on, so that leap days come last.
fn date(millis: u64) -> (u64, u64, u64) {
    let days = millis / DAY + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_651_200, "2026-11-26T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso(seconds * 1000), expected);
        }
        assert_eq!(month(1_767_225_599_999), "2025-12");
        assert_eq!(month(1_767_225_600_000), "2026-01");
    }
}
