//! Dates as text in a format, as `$dateToString` writes them.

use std::fmt::Write as _;

use super::super::room;
use super::local::Local;
use super::zone::Zone;
use crate::error::{Error, Result};

/// The format when none is given.
pub(super) const ISO: &str = "%Y-%m-%dT%H:%M:%S.%LZ";

/// A piece of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(char),
    Specifier(char),
}

/// The pieces of a format that may have certain specifiers.
///
/// # Errors
/// 18535, 18536.
pub(super) fn pieces<'f>(format: &'f str, allowed: &'f str) -> impl Iterator<Item = Result<Piece>> + 'f {
    let mut chars = format.chars();
    std::iter::from_fn(move || {
        let piece = match chars.next()? {
            '%' => match chars.next() {
                None => Err(Error::at(18535, "Unmatched '%' at end of format string")),
                Some('%') => Ok(Piece::Literal('%')),
                Some(c) if allowed.contains(c) => Ok(Piece::Specifier(c)),
                Some(c) => Err(Error::at(18536, format!("Invalid format character '%{c}' in format string"))),
            },
            c => Ok(Piece::Literal(c)),
        };
        Some(piece)
    })
}

/// Checks a format.
///
/// # Errors
/// 18535, 18536.
pub(super) fn check(format: &str, allowed: &str) -> Result<()> {
    pieces(format, allowed).try_for_each(|piece| piece.map(|_| ()))
}

/// The specifiers of what is written.
pub(super) const WRITTEN: &str = "dGHjLmMSuUVwYzZ";

/// Writes a date.
///
/// # Errors
/// Those of the format, 18537 for a year that four digits cannot show, `BSONObjectTooLarge`.
pub(super) fn write(format: &str, millis: i64, zone: Zone) -> Result<String> {
    let at = Local::at(millis, zone);
    let mut out = String::new();
    for piece in pieces(format, WRITTEN) {
        let piece = piece?;
        let mut padded = |value: i64, width: usize| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{value:0width$}");
        };
        match piece {
            Piece::Literal(c) => out.push(c),
            Piece::Specifier('d') => padded(at.day, 2),
            Piece::Specifier('G') => padded(year(at.iso().year)?, 4),
            Piece::Specifier('H') => padded(at.hour, 2),
            Piece::Specifier('j') => padded(at.day_of_year(), 3),
            Piece::Specifier('L') => padded(at.millisecond, 3),
            Piece::Specifier('m') => padded(at.month, 2),
            Piece::Specifier('M') => padded(at.minute, 2),
            Piece::Specifier('S') => padded(at.second, 2),
            Piece::Specifier('u') => padded(at.iso().day, 1),
            Piece::Specifier('U') => padded(at.week(), 2),
            Piece::Specifier('V') => padded(at.iso().week, 2),
            Piece::Specifier('w') => padded(at.day_of_week() + 1, 1),
            Piece::Specifier('Y') => padded(year(at.year)?, 4),
            Piece::Specifier('Z') => padded(at.offset / 60, 1),
            Piece::Specifier(_) => {
                let minutes = at.offset.abs() / 60;
                let sign = if at.offset < 0 { '-' } else { '+' };
                let _ = write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60);
            }
        }
        room::string(out.len())?;
    }
    Ok(out)
}

fn year(year: i64) -> Result<i64> {
    match year {
        0..=9999 => Ok(year),
        _ => Err(Error::at(18537, format!("$dateToString is only defined on year 0-9999, tried to use year {year}"))),
    }
}
