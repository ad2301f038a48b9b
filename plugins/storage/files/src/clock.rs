//! Times: of the clock, and in texts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time, in milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A time as the system has it. Those after the year 9999 become its end, as texts cannot say them.
pub fn time(millis: u64) -> SystemTime {
    const END: u64 = 253_402_300_799_000;
    UNIX_EPOCH + Duration::from_millis(millis.min(END))
}

/// A time as the management API shows it: `2026-11-18T03:46:02Z`.
pub fn text(millis: u64) -> String {
    humantime::format_rfc3339_seconds(time(millis)).to_string()
}

/// The month of a time in UTC: `2026-11`.
pub fn month(millis: u64) -> String {
    text(millis).chars().take(7).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_forms_that_are_asked_for() {
        assert_eq!(text(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(month(1_701_388_799_999), "2023-11");
        assert_eq!(month(1_701_388_800_000), "2023-12");
        assert_eq!(text(u64::MAX), "9999-12-31T23:59:59Z");
    }
}
