//! `$ceil`, `$floor`, `$round`, `$trunc`.

use bson::Bson;

use super::arithmetic::not_numeric;
use super::array::int32;
use super::call::{Args, nth};
use super::decimal128::{Decimal, Rounding};
use super::nullish;
use crate::error::{Error, Result};

pub(super) fn ceil(args: &Args<'_>) -> Result<Bson> {
    whole("$ceil", nth(args, 0), f64::ceil, Rounding::Up)
}

pub(super) fn floor(args: &Args<'_>) -> Result<Bson> {
    whole("$floor", nth(args, 0), f64::floor, Rounding::Down)
}

fn whole(name: &str, value: &Bson, double: fn(f64) -> f64, rounding: Rounding) -> Result<Bson> {
    Ok(match value {
        Bson::Int32(_) | Bson::Int64(_) => value.clone(),
        Bson::Double(n) => Bson::Double(double(*n)),
        Bson::Decimal128(n) => Decimal::decode(*n).to_places(0, rounding).into(),
        other => return not_numeric(name, other),
    })
}

pub(super) fn round(args: &Args<'_>) -> Result<Bson> {
    to_places("$round", args, f64::round_ties_even, Rounding::HalfEven)
}

pub(super) fn trunc(args: &Args<'_>) -> Result<Bson> {
    to_places("$trunc", args, f64::trunc, Rounding::TowardZero)
}

fn to_places(name: &str, args: &Args<'_>, double: fn(f64) -> f64, rounding: Rounding) -> Result<Bson> {
    let (value, places) = (nth(args, 0), args.get(1).map(AsRef::as_ref));
    if nullish(value) || places.is_some_and(nullish) {
        return Ok(Bson::Null);
    }
    if !crate::number::is_number(value) {
        return Err(Error::at(51081, format!("{name} only supports numeric types, not {}", super::type_name(value))));
    }
    let places = match places {
        None => 0,
        Some(places) => int32(places).ok_or_else(|| Error::at(51082, format!("precision argument to  {name} must be a integral value")))?,
    };
    if !(-20..=100).contains(&places) {
        let message = format!("cannot apply {name} with precision value {places} value must be in [-20, 100]");
        return Err(Error::at(51083, message));
    }
    let rounded = |decimal: Decimal| decimal.to_places(i64::from(places), rounding);
    match value {
        Bson::Int32(_) | Bson::Int64(_) if places >= 0 => Ok(value.clone()),
        Bson::Int32(_) | Bson::Int64(_) => {
            let overflow = || format!("invalid conversion from Decimal128 result in {name} resulting from arguments: [{value}, {places}]");
            let n = rounded(Decimal::of(value)).to_long().ok_or_else(|| Error::at(51080, overflow()))?;
            Ok(match value {
                Bson::Int32(_) => super::summation::narrow(n),
                _ => Bson::Int64(n),
            })
        }
        Bson::Double(n) if places == 0 => Ok(Bson::Double(double(*n))),
        Bson::Double(n) => Ok(Bson::Double(rounded(Decimal::of_double(*n)).to_double())),
        other => Ok(rounded(Decimal::of(other)).into()),
    }
}
