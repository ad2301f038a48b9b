//! Logarithms, powers, roots and trigonometry.

use bson::Bson;

use super::arithmetic::{Pair, double, not_numeric};
use super::call::{Args, nth};
use super::decimal128::Decimal;
use super::summation::narrow;
use super::{nullish, type_name};
use crate::error::{Error, Result};

/// A function of one number, of doubles and of decimals.
struct Unary {
    name: &'static str,
    double: fn(f64) -> f64,
    decimal: fn(&Decimal) -> Decimal,
}

impl Unary {
    fn run(&self, args: &Args<'_>) -> Result<Bson> {
        match nth(args, 0) {
            Bson::Decimal128(n) => Ok((self.decimal)(&Decimal::decode(*n)).into()),
            value => match double(value) {
                Some(n) => Ok(Bson::Double((self.double)(n))),
                None => not_numeric(self.name, value),
            },
        }
    }

    /// Runs the function where the argument lies between bounds that are allowed themselves.
    fn within(&self, args: &Args<'_>, least: f64, most: f64) -> Result<Bson> {
        match double(nth(args, 0)) {
            Some(n) if n < least || n > most => {
                let name = self.name;
                Err(Error::at(50989, format!("cannot apply {name} to {}, value must in [{least},{most}]", nth(args, 0))))
            }
            _ => self.run(args),
        }
    }

    fn finite(&self, args: &Args<'_>) -> Result<Bson> {
        match double(nth(args, 0)) {
            Some(n) if n.is_infinite() => {
                Err(Error::at(50989, format!("cannot apply {} to {}, value must in (-inf,inf)", self.name, nth(args, 0))))
            }
            _ => self.run(args),
        }
    }
}

pub(super) fn exp(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$exp", double: f64::exp, decimal: Decimal::exp }.run(args)
}

pub(super) fn sqrt(args: &Args<'_>) -> Result<Bson> {
    if is_below(nth(args, 0), 0.0) {
        return Err(Error::at(28714, "$sqrt's argument must be greater than or equal to 0"));
    }
    Unary { name: "$sqrt", double: f64::sqrt, decimal: Decimal::sqrt }.run(args)
}

fn is_below(value: &Bson, bound: f64) -> bool {
    crate::number::is_number(value) && !is_nan(value) && crate::compare(value, &Bson::Double(bound)).is_lt()
}

fn is_nan(value: &Bson) -> bool {
    double(value).is_some_and(f64::is_nan)
}

/// Whether a number is above zero, or not a number, of which the logarithm is not one either.
fn has_logarithm(value: &Bson) -> bool {
    is_nan(value) || crate::compare(value, &Bson::Int32(0)).is_gt()
}

fn positive(name: &str, value: &Bson, code: i32) -> Result<()> {
    if crate::number::is_number(value) && !has_logarithm(value) {
        return Err(Error::at(code, format!("{name}'s argument must be a positive number, but is {value}")));
    }
    Ok(())
}

pub(super) fn ln(args: &Args<'_>) -> Result<Bson> {
    positive("$ln", nth(args, 0), 28766)?;
    Unary { name: "$ln", double: f64::ln, decimal: Decimal::ln }.run(args)
}

pub(super) fn log10(args: &Args<'_>) -> Result<Bson> {
    positive("$log10", nth(args, 0), 28761)?;
    Unary { name: "$log10", double: f64::log10, decimal: Decimal::log10 }.run(args)
}

pub(super) fn log(args: &Args<'_>) -> Result<Bson> {
    let (value, base) = (nth(args, 0), nth(args, 1));
    if nullish(value) || nullish(base) {
        return Ok(Bson::Null);
    }
    for (which, value, code) in [("argument", value, 28756), ("base", base, 28757)] {
        if !crate::number::is_number(value) {
            return Err(Error::at(code, format!("$log's {which} must be numeric, not {}", type_name(value))));
        }
    }
    positive("$log", value, 28758)?;
    if !has_logarithm(base) || crate::equal(base, &Bson::Int32(1)) {
        return Err(Error::at(28759, format!("$log's base must be a positive number not equal to 1, but is {base}")));
    }
    Ok(match Pair::of(value, base) {
        Some(Pair::Decimal(value, base)) => value.log(&base).into(),
        _ => Bson::Double(double(value).unwrap_or(f64::NAN).ln() / double(base).unwrap_or(f64::NAN).ln()),
    })
}

pub(super) fn pow(args: &Args<'_>) -> Result<Bson> {
    let (base, exponent) = (nth(args, 0), nth(args, 1));
    if nullish(base) || nullish(exponent) {
        return Ok(Bson::Null);
    }
    for (which, value, code) in [("base", base, 28762), ("exponent", exponent, 28763)] {
        if !crate::number::is_number(value) {
            return Err(Error::at(code, format!("$pow's {which} must be numeric, not {}", type_name(value))));
        }
    }
    if double(base) == Some(0.0) && is_below(exponent, 0.0) {
        return Err(Error::at(28764, "$pow cannot take a base of 0 and a negative exponent"));
    }
    Ok(match Pair::of(base, exponent) {
        Some(Pair::Decimal(base, exponent)) => base.pow(&exponent).into(),
        Some(Pair::Int(base, exponent)) => integer_power(base, exponent).map_or_else(|| real_power(base, exponent), narrow),
        Some(Pair::Long(base, exponent)) => integer_power(base, exponent).map_or_else(|| real_power(base, exponent), Bson::Int64),
        _ => Bson::Double(double(base).unwrap_or(f64::NAN).powf(double(exponent).unwrap_or(f64::NAN))),
    })
}

fn real_power(base: i64, exponent: i64) -> Bson {
    Bson::Double((base as f64).powf(exponent as f64))
}

/// The power as an integer; none if it is not one that fits.
fn integer_power(base: i64, exponent: i64) -> Option<i64> {
    match (base, exponent) {
        (1, _) => Some(1),
        (-1, exponent) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        (base, exponent) => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

pub(super) fn sin(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$sin", double: f64::sin, decimal: Decimal::sin }.finite(args)
}

pub(super) fn cos(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$cos", double: f64::cos, decimal: Decimal::cos }.finite(args)
}

pub(super) fn tan(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$tan", double: f64::tan, decimal: Decimal::tan }.finite(args)
}

pub(super) fn asin(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$asin", double: f64::asin, decimal: Decimal::asin }.within(args, -1.0, 1.0)
}

pub(super) fn acos(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$acos", double: f64::acos, decimal: Decimal::acos }.within(args, -1.0, 1.0)
}

pub(super) fn atan(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$atan", double: f64::atan, decimal: Decimal::atan }.run(args)
}

pub(super) fn atan2(args: &Args<'_>) -> Result<Bson> {
    let (y, x) = (nth(args, 0), nth(args, 1));
    match Pair::of(y, x) {
        Some(Pair::Decimal(y, x)) => Ok(y.atan2(&x).into()),
        Some(_) => Ok(Bson::Double(double(y).unwrap_or(f64::NAN).atan2(double(x).unwrap_or(f64::NAN)))),
        None if nullish(y) || nullish(x) => Ok(Bson::Null),
        None => Err(Error::at(51044, format!("$atan2 only supports numeric types, not {} and {}", type_name(y), type_name(x)))),
    }
}

pub(super) fn sinh(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$sinh", double: f64::sinh, decimal: Decimal::sinh }.run(args)
}

pub(super) fn cosh(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$cosh", double: f64::cosh, decimal: Decimal::cosh }.run(args)
}

pub(super) fn tanh(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$tanh", double: f64::tanh, decimal: Decimal::tanh }.run(args)
}

pub(super) fn asinh(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$asinh", double: f64::asinh, decimal: Decimal::asinh }.run(args)
}

pub(super) fn acosh(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$acosh", double: f64::acosh, decimal: Decimal::acosh }.within(args, 1.0, f64::INFINITY)
}

pub(super) fn atanh(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$atanh", double: f64::atanh, decimal: Decimal::atanh }.within(args, -1.0, 1.0)
}

pub(super) fn degrees_to_radians(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$degreesToRadians", double: |n| n * (std::f64::consts::PI / 180.0), decimal: Decimal::degrees_to_radians }.run(args)
}

pub(super) fn radians_to_degrees(args: &Args<'_>) -> Result<Bson> {
    Unary { name: "$radiansToDegrees", double: |n| n * (180.0 / std::f64::consts::PI), decimal: Decimal::radians_to_degrees }.run(args)
}
