//! Dates from text in a given format, as `$dateFromString` reads them.

use super::format::{Piece, pieces};
use super::lenient;
use super::local::IsoDay;
use super::parsed::{Parsed, Written, failure, wrong};
use crate::error::Result;

/// The specifiers of what is read.
pub(super) const READ: &str = "dGHLmMSuVYzZ";

/// What is left of a text.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// So many digits at most, and how many there are.
    fn number(&mut self, most: usize, missing: &str) -> Result<(i64, usize)> {
        let digits = self.rest().bytes().take(most).take_while(u8::is_ascii_digit).count();
        let number = self.rest().get(..digits).and_then(|digits| digits.parse().ok());
        let number = number.ok_or_else(|| wrong(self.text, self.at, missing))?;
        self.at += digits;
        Ok((number, digits))
    }

    fn literal(&mut self, c: char) -> Result<()> {
        if !self.rest().starts_with(c) {
            return Err(wrong(self.text, self.at, "The format separator does not match"));
        }
        self.at += c.len_utf8();
        Ok(())
    }

    /// A time zone, as an offset or an abbreviation.
    fn zone(&mut self) -> Result<Written> {
        let (zone, length) =
            lenient::zone(self.rest()).ok_or_else(|| wrong(self.text, self.at, "The timezone could not be found in the database"))?;
        self.at += length;
        Ok(zone)
    }

    /// A time zone, as minutes with a sign.
    fn minutes(&mut self) -> Result<Written> {
        const MISSING: &str = "Invalid timezone offset in minutes";
        let sign = match self.rest().as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(wrong(self.text, self.at, MISSING)),
        };
        self.at += 1;
        let (minutes, _) = self.number(4, MISSING)?;
        Ok(Written { offset: sign * minutes * 60, name: None })
    }
}

/// Reads a text.
///
/// # Errors
/// `ConversionFailure` for a text that the format does not fit.
pub(super) fn parse(text: &str, format: &str) -> Result<Parsed> {
    let mut cursor = Cursor { text, at: 0 };
    let mut parsed = Parsed::default();
    let (mut hour, mut minute, mut second) = (None, None, None);
    let (mut iso_year, mut iso_week, mut iso_day) = (None, None, None);
    for piece in pieces(format, READ) {
        let specifier = match piece? {
            Piece::Literal(c) => {
                cursor.literal(c)?;
                continue;
            }
            Piece::Specifier(specifier) => specifier,
        };
        let cursor = &mut cursor;
        let mut number = |most: usize, missing: &str| cursor.number(most, missing).map(|(number, _)| Some(number));
        match specifier {
            'd' => parsed.day = number(2, "A two digit day could not be found")?,
            'G' => iso_year = number(4, "A four digit ISO year could not be found")?,
            'H' => hour = number(2, "A two digit hour could not be found")?,
            'm' => parsed.month = number(2, "A two digit month could not be found")?,
            'M' => minute = number(2, "A two digit minute could not be found")?,
            'S' => second = number(2, "A two digit second could not be found")?,
            'u' => iso_day = number(1, "A one digit ISO day of week could not be found")?,
            'V' => iso_week = number(2, "A two digit ISO week could not be found")?,
            'Y' => parsed.year = number(4, "A four digit year could not be found")?,
            'L' => {
                let (fraction, digits) = cursor.number(3, "A three digit millisecond could not be found")?;
                parsed.millisecond = fraction * 10_i64.pow(3 - digits.min(3) as u32);
                hour = hour.or(Some(0));
            }
            'z' => parsed.zone = Some(cursor.zone()?),
            _ => parsed.zone = Some(cursor.minutes()?),
        }
    }
    if cursor.at < text.len() {
        return Err(wrong(text, cursor.at, "Trailing data"));
    }
    if hour.or(minute).or(second).is_some() {
        let (hour, minute, second) = (hour.unwrap_or(0), minute.unwrap_or(0), second.unwrap_or(0));
        if hour > 23 || minute > 59 || second > 59 {
            return Err(wrong(text, text.len(), "The parsed time was invalid"));
        }
        parsed.time = Some(hour * 3600 + minute * 60 + second);
    }
    if iso_year.or(iso_week).or(iso_day).is_some() {
        if parsed.year.or(parsed.month).or(parsed.day).is_some() {
            return Err(wrong(text, text.len(), "Mixing of ISO dates with natural dates is not allowed"));
        }
        if let Some(year) = iso_year {
            let (week, day) = (iso_week.unwrap_or(1), iso_day.unwrap_or(1));
            let weeks = IsoDay { year: year + 1, week: 1, day: 1 }.days() - IsoDay { year, week: 1, day: 1 }.days();
            if !(1..=weeks / 7).contains(&week) || !(1..=7).contains(&day) {
                return Err(failure(format!("Error parsing date string '{text}'; {}: The parsed date was invalid ''", text.len())));
            }
            parsed.set_iso(IsoDay { year, week, day });
        }
    }
    Ok(parsed)
}
