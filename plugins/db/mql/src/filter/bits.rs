//! `$bitsAllSet` and its kind.

use bson::Bson;

use crate::error::{Error, Result};
use crate::json;
use crate::number;

/// The bits that are asked for.
#[derive(Clone, Debug)]
pub(crate) enum Mask {
    Positions(Vec<u32>),
    /// The lowest bit of the first byte comes first.
    Bytes(Vec<u8>),
}

impl Mask {
    /// Parses a mask: positions, a number that is not negative, or binary data. `path` is for
    /// messages.
    pub(super) fn parse(path: &str, value: &Bson) -> Result<Self> {
        Ok(match value {
            Bson::Array(items) => Self::Positions(items.iter().map(position).collect::<Result<_>>()?),
            Bson::Binary(binary) => Self::Bytes(binary.bytes.clone()),
            number if number::is_number(number) => Self::Bytes(whole(path, number)?.to_le_bytes().to_vec()),
            other => {
                return Err(Error::bad(format!("{path} takes an Array, a number, or a BinData but received: {}", json::to_string(other))));
            }
        })
    }

    /// Whether all or any of the bits of a stored value are set, or clear. Only integers that fit
    /// into 64 bits and binary data have bits.
    pub(super) fn test(&self, value: &Bson, set: bool, all: bool) -> bool {
        match value {
            Bson::Binary(binary) => {
                let bytes = &binary.bytes;
                self.hits(all, |at| (bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)) == set)
            }
            other => number::integer(other).is_some_and(|number| {
                // Numbers are extended by their sign without end.
                self.hits(all, |at| (number >> at.min(63) & 1 == 1) == set)
            }),
        }
    }

    fn hits(&self, all: bool, hit: impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Positions(positions) => quantified(positions.iter().map(|at| usize::try_from(*at).unwrap_or(usize::MAX)), all, hit),
            Self::Bytes(bytes) => {
                let of = |(i, byte): (usize, &u8)| {
                    let byte = *byte;
                    (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| i * 8 + bit)
                };
                quantified(bytes.iter().enumerate().flat_map(of), all, hit)
            }
        }
    }
}

fn quantified(mut positions: impl Iterator<Item = usize>, all: bool, hit: impl Fn(usize) -> bool) -> bool {
    if all { positions.all(hit) } else { positions.any(hit) }
}

fn position(value: &Bson) -> Result<u32> {
    let shown = || json::to_string(value);
    if let Bson::Double(n) = value
        && n.is_nan()
    {
        return Err(Error::bad(format!("bit positions cannot take a NaN: {}", shown())));
    }
    let number = number::integer(value).ok_or_else(|| Error::bad(format!("bit positions must be an integer but got: {}", shown())))?;
    let number = i32::try_from(number)
        .map_err(|_| Error::bad(format!("bit positions cannot be represented as a 32-bit signed integer: {}", shown())))?;
    u32::try_from(number).map_err(|_| Error::bad(format!("bit positions must be >= 0 but got: {}", shown())))
}

fn whole(path: &str, value: &Bson) -> Result<i64> {
    let shown = || json::to_string(value);
    match number::integer(value) {
        Some(number) if number >= 0 => Ok(number),
        Some(_) => Err(Error::parse(format!("Expected a positive number in: {path}: {}", shown()))),
        None => Err(Error::parse(format!("Expected an integer: {path}: {}", shown()))),
    }
}
