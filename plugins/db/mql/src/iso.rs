//! Dates in the one form that the SDK sends and understands: `YYYY-MM-DDTHH:mm:ss.sssZ`.

const MS_PER_DAY: i64 = 86_400_000;

/// Reads a date of exactly the form `YYYY-MM-DDTHH:mm:ss.sssZ` that exists in the calendar;
/// milliseconds since 1970. Every other text is not a date.
pub fn parse(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    let form = b"0000-00-00T00:00:00.000Z";
    let fits = b.len() == form.len() && b.iter().zip(form).all(|(c, f)| if *f == b'0' { c.is_ascii_digit() } else { c == f });
    if !fits {
        return None;
    }
    let number = |range: std::ops::Range<usize>| b.get(range).map_or(0, |d| d.iter().fold(0i64, |n, c| n * 10 + i64::from(c - b'0')));
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let (hour, minute, second, ms) = (number(11..13), number(14..16), number(17..19), number(20..23));
    if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_from_civil(year, month, day) * MS_PER_DAY + ((hour * 60 + minute) * 60 + second) * 1000 + ms)
}

/// Writes a date in that form. Years outside 0–9999 get a sign and six digits, as in JavaScript.
pub fn format(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(MS_PER_DAY), millis.rem_euclid(MS_PER_DAY));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second, ms) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{year:+07}"),
    };
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years that
/// begin in March, so that the leap day is the last day of a year.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        for (text, millis) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:34:56.789Z", 951_827_696_789),
            ("0000-01-01T00:00:00.000Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] {
            assert_eq!(parse(text), Some(millis), "{text}");
            assert_eq!(format(millis), text);
        }
        assert_eq!(format(253_402_300_800_000), "+010000-01-01T00:00:00.000Z");
        assert_eq!(format(i64::MIN).len(), "-292275055-05-16T16:47:04.192Z".len());
    }

    #[test]
    fn every_day_of_400_years_survives() {
        for day in -146_097..146_097 {
            let millis = day * MS_PER_DAY + 1;
            assert_eq!(parse(&format(millis)), (millis >= -62_167_219_200_000).then_some(millis));
        }
    }

    #[test]
    fn other_forms_stay_text() {
        for text in [
            "2020-01-01T00:00:00Z",
            "2020-01-01T00:00:00.000+08:00",
            "2020-13-01T00:00:00.000Z",
            "2019-02-29T00:00:00.000Z",
            "2020-01-01T24:00:00.000Z",
            "2020-01-01 00:00:00.000Z",
            "２020-01-01T00:00:0.000Z",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
