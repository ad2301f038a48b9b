//! Times: of the clock, and in texts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time, in milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A time as the management API shows it: `2026-11-18T03:46:02Z`.
pub fn text(millis: u64) -> String {
    // Texts cannot say years after 9999.
    const END: u64 = 253_402_300_799_000;
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis.min(END))).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(text(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(text(u64::MAX), "9999-12-31T23:59:59Z");
        assert!(now() > 1_700_000_000_000);
    }
}
