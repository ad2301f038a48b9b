//! Dates from text in no given format: the absolute formats of the date library that MongoDB uses
//! (<https://www.php.net/manual/datetime.formats.php>), with its rule that the longest match counts.
//! What is relative to the present, such as `tomorrow`, is not a date here, as in MongoDB.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::abbreviation;
use super::local::IsoDay;
use super::parsed::{Parsed, Written, failure, wrong};
use crate::error::Result;
use crate::iso::days_from_civil;

/// What a piece of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Date,
    /// The day of the year.
    Ordinal,
    Week,
    Time,
    DateAndTime,
    /// The time, or after a time the year.
    FourDigits,
    Year,
    /// Seconds since 1970.
    Seconds,
    DayOfWeek,
    Zone,
    Blank,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Parts of the patterns, by the letter that stands for each after a `~`: month and day with and
/// without a leading zero, name of a month, year, suffix of a day, hour, minute, second, fraction.
const PARTS: &[(char, &str)] = &[
    ('M', "(?P<m>0[0-9]|1[0-2])"),
    ('m', "(?P<m>1[0-2]|0?[0-9])"),
    ('D', "(?P<d>[0-2][0-9]|3[01])"),
    ('d', "(?P<d>3[01]|[0-2]?[0-9])"),
    (
        'N',
        "(?P<n>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)",
    ),
    ('Y', "(?P<y>[0-9]{4})"),
    ('y', "(?P<y>[0-9]{2})"),
    ('v', "(?P<y>[0-9]{1,4})"),
    ('x', "(?:st|nd|rd|th)?"),
    ('H', "(?P<h>2[0-4]|[01][0-9])"),
    ('h', "(?P<h>2[0-4]|[01]?[0-9])"),
    ('g', "(?P<h>1[0-2]|0?[1-9])"),
    ('I', "(?P<i>[0-5][0-9])"),
    ('i', "(?P<i>[0-5]?[0-9])"),
    ('S', "(?P<s>60|[0-5][0-9])"),
    ('s', "(?P<s>60|[0-5]?[0-9])"),
    ('f', r"(?:\.(?P<f>[0-9]+))"),
    ('a', r"[ \t]*(?P<a>[ap])\.?m\b\.?"),
];

const PATTERNS: &[(Kind, &str)] = &[
    (Kind::Date, "~Y-~m-~d"),
    (Kind::Date, "~y-~M-~D"),
    (Kind::Date, "~Y/~m/~d"),
    (Kind::Date, "~Y-~m"),
    (Kind::Date, "~Y~M~D"),
    (Kind::DateAndTime, "~Y~M~D[t ]?~H:?~I:?~S"),
    (Kind::Date, "~m/~d(?:/(?P<y>[0-9]{4}|[0-9]{2}))?"),
    (Kind::Date, r"~d[.\t-]~m[.-]~Y"),
    (Kind::Date, r"~d[.\t]~m\.~y"),
    (Kind::Date, r"~d~x[ \t.-]*~N[ \t.-]*~v"),
    (Kind::Date, r"~N[ .\t-]*~Y"),
    (Kind::Date, r"~Y[ .\t-]*~N"),
    (Kind::Date, r"~N[ .\t-]*~d[,.stndrh\t ]+~v"),
    (Kind::Date, r"~N[ .\t-]*~d[,.stndrh\t ]*"),
    (Kind::DateAndTime, r"~N[ .\t-]*~d[,.stndrh\t ]*t?~h[:.]~i(?:[:.]~s~f?)?"),
    (Kind::DateAndTime, r"~N[ .\t-]*~d[,.stndrh\t ]*~g[:.]~i(?:[:.]~s)?~a"),
    (Kind::Date, r"~d~x[ .\t-]*~N"),
    (Kind::Date, "~N-~D-~v"),
    (Kind::Date, "~v-~N-~D"),
    (Kind::Date, "~N"),
    (Kind::Week, "~Y-?w(?P<w>0[1-9]|[1-4][0-9]|5[0-3])(?:-?(?P<d>[0-7]))?"),
    (Kind::Ordinal, r"~Y[.-]?(?P<d>00[1-9]|0[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|36[0-6])"),
    (Kind::Time, "t?~h[:.]~i(?:[:.]~s~f?)?"),
    (Kind::Time, "~g(?:[:.]~i(?:[:.]~s)?)?~a"),
    (Kind::Time, "t~H(?:~I~S?)?"),
    (Kind::FourDigits, "t?~H~I"),
    (Kind::Year, "~Y"),
    (Kind::Seconds, "@(?P<s>-?[0-9]{1,12})"),
    (Kind::DayOfWeek, r"(?P<n>sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:day)?\b"),
    (Kind::Zone, r"(?P<z>(?:gmt|utc)?[+-][0-9]{1,2}(?::?[0-9]{1,2})?|\(?[a-z]{1,6}\)?)"),
    (Kind::Blank, r"[ .,\t]+"),
];

static COMPILED: LazyLock<Vec<(Kind, Regex)>> = LazyLock::new(|| {
    let compiled = |(kind, pattern): &(Kind, &str)| {
        let full = PARTS.iter().fold((*pattern).to_owned(), |pattern, (letter, part)| pattern.replace(&format!("~{letter}"), part));
        Regex::new(&format!("(?i-u)^(?:{full})")).ok().map(|regex| (*kind, regex))
    };
    PATTERNS.iter().filter_map(compiled).collect()
});

/// The longest text that may be a date, in bytes. What is longer has more blanks than anyone writes,
/// and would take its time.
const LONGEST: usize = 1024;

/// Reads a text.
///
/// # Errors
/// `ConversionFailure` for a text that is in none of the formats, or says something twice.
pub(super) fn parse(text: &str) -> Result<Parsed> {
    let mut parsed = Parsed::default();
    let mut seen = Seen::default();
    let mut at = 0;
    if text.len() > LONGEST {
        return Err(failure(format!("Error parsing date string; it has {} bytes, and may have {LONGEST}", text.len())));
    }
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let mut longest: Option<(Kind, Captures<'_>, usize)> = None;
        for (kind, regex) in COMPILED.iter() {
            if let Some(found) = regex.captures(rest) {
                let length = found.get(0).map_or(0, |whole| whole.end());
                if longest.as_ref().is_none_or(|(.., known)| length > *known) {
                    longest = Some((*kind, found, length));
                }
            }
        }
        let Some((kind, found, length)) = longest.filter(|(.., length)| *length > 0) else {
            return Err(wrong(text, at, "Unexpected character"));
        };
        seen.piece(kind).map_err(|reason| wrong(text, at, reason))?;
        take(&mut parsed, kind, &found).map_err(|reason| wrong(text, at, reason))?;
        at += length;
    }
    Ok(parsed)
}

/// What came before in a text.
#[derive(Default)]
struct Seen {
    date: bool,
    time: bool,
    year: bool,
    zone: bool,
    day_of_week: bool,
}

impl Seen {
    fn piece(&mut self, kind: Kind) -> Result<(), &'static str> {
        let twice = |seen: &mut bool, reason: &'static str| if std::mem::replace(seen, true) { Err(reason) } else { Ok(()) };
        if matches!(kind, Kind::Date | Kind::Ordinal | Kind::Week | Kind::DateAndTime | Kind::Seconds) {
            twice(&mut self.date, "Double date specification")?;
        }
        if matches!(kind, Kind::Time | Kind::DateAndTime | Kind::Seconds) {
            twice(&mut self.time, "Double time specification")?;
        }
        match kind {
            Kind::FourDigits if !self.time => self.time = true,
            Kind::FourDigits | Kind::Year => twice(&mut self.year, "Double date specification")?,
            Kind::Zone | Kind::Seconds => twice(&mut self.zone, "Double timezone specification")?,
            Kind::DayOfWeek => twice(&mut self.day_of_week, "Double day of week specification")?,
            _ => {}
        }
        Ok(())
    }
}

fn number(found: &Captures<'_>, name: &str) -> Option<i64> {
    found.name(name).and_then(|digits| digits.as_str().parse().ok())
}

/// Two digits mean the years from 1970 to 2069.
fn year(found: &Captures<'_>) -> Option<i64> {
    let year = number(found, "y")?;
    Some(match found.name("y").map_or(0, |digits| digits.as_str().len()) {
        4.. => year,
        _ if year < 70 => year + 2000,
        _ if year < 100 => year + 1900,
        _ => year,
    })
}

/// The position of a name by its first three letters.
fn named(names: &[&str], found: &Captures<'_>) -> Option<i64> {
    let name = found.name("n")?.as_str().get(..3)?.to_ascii_lowercase();
    names.iter().position(|known| *known == name).and_then(|at| i64::try_from(at).ok())
}

fn take(parsed: &mut Parsed, kind: Kind, found: &Captures<'_>) -> Result<(), &'static str> {
    match kind {
        Kind::Date | Kind::DateAndTime => {
            // A month with a year only means its first day.
            let day = number(found, "d").or(year(found).map(|_| 1).filter(|_| found.name("n").is_some() || found.name("m").is_some()));
            parsed.year = year(found).or(parsed.year);
            parsed.month = number(found, "m").or(named(&MONTHS, found).map(|month| month + 1));
            parsed.day = day;
            if kind == Kind::DateAndTime {
                time(parsed, found);
            }
        }
        Kind::Ordinal => {
            let (year, day) = (number(found, "y").unwrap_or(0), number(found, "d").unwrap_or(1));
            parsed.set_days(days_from_civil(year, 1, 1) + day - 1);
        }
        Kind::Week => {
            let (year, week) = (number(found, "y").unwrap_or(0), number(found, "w").unwrap_or(1));
            parsed.set_iso(IsoDay { year, week, day: number(found, "d").unwrap_or(1) });
        }
        Kind::Time => time(parsed, found),
        Kind::FourDigits if parsed.time.is_some() => {
            parsed.year = Some(number(found, "h").unwrap_or(0) * 100 + number(found, "i").unwrap_or(0));
        }
        Kind::FourDigits => time(parsed, found),
        Kind::Year => parsed.year = number(found, "y"),
        Kind::Seconds => {
            let seconds = number(found, "s").unwrap_or(0);
            parsed.set_days(seconds.div_euclid(86_400));
            parsed.time = Some(seconds.rem_euclid(86_400));
            parsed.zone = Some(Written { offset: 0, name: None });
        }
        Kind::DayOfWeek => parsed.day_of_week = named(&DAYS, found),
        Kind::Zone => {
            let written = found.name("z").map_or("", |zone| zone.as_str());
            let unknown = "passing a time zone identifier as part of the string is not allowed";
            parsed.zone = Some(zone(written).ok_or(unknown)?.0);
        }
        Kind::Blank => {}
    }
    Ok(())
}

fn time(parsed: &mut Parsed, found: &Captures<'_>) {
    let hour = number(found, "h").unwrap_or(0);
    let hour = match found.name("a").map(|half| half.as_str()) {
        Some("a" | "A") => hour % 12,
        Some(_) => hour % 12 + 12,
        None => hour,
    };
    parsed.time = Some(hour * 3600 + number(found, "i").unwrap_or(0) * 60 + number(found, "s").unwrap_or(0));
    let fraction = found.name("f").map_or("", |digits| digits.as_str());
    let thousandths = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    parsed.millisecond = thousandths.fold(0, |n, digit| n * 10 + i64::from(digit.saturating_sub(b'0')));
}

/// A time zone at the beginning of a text: an offset with or without `GMT` or `UTC`, or an
/// abbreviation with or without brackets. Says how long it is, in bytes.
pub(super) fn zone(text: &str) -> Option<(Written, usize)> {
    let prefix = text.get(..3).filter(|prefix| prefix.eq_ignore_ascii_case("gmt") || prefix.eq_ignore_ascii_case("utc"));
    let after = prefix.map_or(0, str::len);
    let signed = text.get(after..).filter(|rest| rest.starts_with(['+', '-']));
    if let Some(rest) = signed {
        let digits: Vec<i64> =
            rest.bytes().skip(1).filter(|b| *b != b':').take_while(u8::is_ascii_digit).take(4).map(|b| i64::from(b - b'0')).collect();
        let colon = rest.find(':').filter(|at| (2..=3).contains(at));
        let (hours, minutes) = match (digits.as_slice(), colon) {
            ([h], None) => (*h, 0),
            ([a, b], None) => (a * 10 + b, 0),
            ([h, a, b], _) => (*h, a * 10 + b),
            ([a, b, c, d], _) => (a * 10 + b, c * 10 + d),
            _ => return None,
        };
        let sign = if rest.starts_with('-') { -1 } else { 1 };
        let length = after + 1 + digits.len() + usize::from(colon.is_some());
        return Some((Written { offset: sign * (hours * 3600 + minutes * 60), name: None }, length));
    }
    let open = usize::from(text.starts_with('('));
    let letters = text.get(open..)?.bytes().take_while(u8::is_ascii_alphabetic).count();
    let name = text.get(open..open + letters)?;
    let close = usize::from(open == 1 && text.get(open + letters..).is_some_and(|rest| rest.starts_with(')')));
    let offset = abbreviation::offset(name)?;
    Some((Written { offset, name: Some(name.to_ascii_uppercase()) }, open + letters + close))
}

#[cfg(test)]
mod tests {
    use super::{COMPILED, PATTERNS};

    #[test]
    fn all_patterns_are_regular_expressions() {
        assert_eq!(COMPILED.len(), PATTERNS.len());
    }
}
