//! Times as the management API writes them: ISO 8601 in UTC, such as `2026-11-23T10:09:45Z`.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// Writes milliseconds since 1970, to the second. Years outside 0..=9999 do not occur here.
pub fn format(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Reads `YYYY-MM-DDThh:mm:ssZ`, with or without a fraction of a second, as milliseconds since
/// 1970. None when it is not such a time.
pub fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 60 || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let days = days_since_1970(year, month, day);
    if civil(days) != (year, month, day) {
        return None;
    }
    let milliseconds: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + milliseconds)
}

fn fields(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut fields = [0; 3];
    let mut parts = text.split(separator);
    for (field, width) in fields.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *field = part.parse().ok()?;
    }
    parts.next().is_none().then_some(fields)
}

// The proleptic Gregorian calendar, counted in years that begin in March, so that the leap day
// comes last; an era is the 400 years after which the calendar repeats.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56Z", 951_827_696_000),
            ("2019-06-15T00:00:00Z", 1_560_556_800_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
            ("1969-12-31T23:59:59Z", -1000),
        ] {
            assert_eq!(parse(text), Some(ms), "{text}");
            assert_eq!(format(ms), text);
        }
        assert_eq!(parse("1970-01-01T00:00:00.25Z"), Some(250));
    }

    #[test]
    fn every_day_of_four_centuries_reads_back() {
        for day in -146_097..146_097 {
            let ms = day * DAY * 1000;
            assert_eq!(parse(&format(ms)), Some(ms));
        }
    }

    #[test]
    fn other_text_is_no_time() {
        for bad in [
            "",
            "2026-11-23",
            "2026-11-23T10:09:45",
            "2026-11-23T10:09:45+08:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-1-23T10:09:45Z",
            "2026-11-23T10:09:45.Z",
            "+026-11-23T10:09:45Z",
            "2026-11-00T10:09:45Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
