//! Arithmetic with MongoDB's numeric types.

use bson::Bson;

use crate::error::{Error, Result};
use crate::expression::decimal128::{Decimal, Rounding};

/// Whether a value is a number.
pub(crate) fn is_number(value: &Bson) -> bool {
    matches!(value, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_))
}

/// The value as an integer, if it is a number without a fraction that fits.
pub(crate) fn integer(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        Bson::Double(n) if n.fract() == 0.0 && n.abs() < 9_223_372_036_854_775_808.0 => Some(*n as i64),
        // As `1.00` or `1E+2` it is an integer too.
        Bson::Decimal128(n) => {
            let n = Decimal::decode(*n);
            let whole = n.to_places(0, Rounding::TowardZero);
            if n.subtract(&whole).is_zero() { whole.to_long() } else { None }
        }
        _ => None,
    }
}

/// A number without its fraction, if it is one that fits.
pub(crate) fn truncated(value: &Bson) -> Option<i64> {
    match value {
        Bson::Double(n) if n.abs() < 9_223_372_036_854_775_808.0 => Some(n.trunc() as i64),
        Bson::Double(_) => None,
        Bson::Decimal128(n) => Decimal::decode(*n).to_long(),
        other => integer(other),
    }
}

fn double(value: &Bson) -> f64 {
    match value {
        Bson::Int32(n) => f64::from(*n),
        Bson::Int64(n) => *n as f64,
        Bson::Double(n) => *n,
        _ => f64::NAN,
    }
}

/// The sum of two numbers as `$inc` makes it: of the wider of the two types, an int32 that does
/// not hold it widens to int64.
///
/// # Errors
/// `BadValue` when an int64 overflows.
pub(crate) fn sum(a: &Bson, b: &Bson) -> Result<Bson> {
    combine(a, b, i64::checked_add, |a, b| a + b, Decimal::add)
}

/// The product of two numbers as `$mul` makes it, with the types of [`sum`].
///
/// # Errors
/// `BadValue` when an int64 overflows.
pub(crate) fn product(a: &Bson, b: &Bson) -> Result<Bson> {
    combine(a, b, i64::checked_mul, |a, b| a * b, Decimal::multiply)
}

fn combine(
    a: &Bson,
    b: &Bson,
    long: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
    decimal: fn(&Decimal, &Decimal) -> Decimal,
) -> Result<Bson> {
    match (a, b) {
        (Bson::Decimal128(_), _) | (_, Bson::Decimal128(_)) => Ok(Bson::Decimal128(decimal(&Decimal::of(a), &Decimal::of(b)).encode())),
        (Bson::Double(_), _) | (_, Bson::Double(_)) => Ok(Bson::Double(real(double(a), double(b)))),
        _ => {
            let (Some(x), Some(y)) = (integer(a), integer(b)) else {
                return Err(Error::bad("a number is expected"));
            };
            let result = long(x, y).ok_or_else(|| Error::bad("the result does not fit into 64 bits"))?;
            let both_narrow = matches!((a, b), (Bson::Int32(_), Bson::Int32(_)));
            Ok(match i32::try_from(result) {
                Ok(narrow) if both_narrow => Bson::Int32(narrow),
                _ => Bson::Int64(result),
            })
        }
    }
}

/// A number with its type, as MongoDB's messages show it.
pub(crate) fn described(value: &Bson) -> String {
    let kind = match value {
        Bson::Int32(_) => "NumberInt",
        Bson::Int64(_) => "NumberLong",
        Bson::Decimal128(_) => "NumberDecimal",
        _ => "NumberDouble",
    };
    format!("({kind}){value}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::bson;

    use super::*;

    #[test]
    fn types_widen_and_never_wrap() {
        assert_eq!(sum(&bson!(1), &bson!(2)), Ok(bson!(3)));
        assert_eq!(sum(&bson!(i32::MAX), &bson!(1)), Ok(bson!(2_147_483_648_i64)));
        assert_eq!(sum(&bson!(1_i64), &bson!(2)), Ok(bson!(3_i64)));
        assert_eq!(sum(&bson!(1), &bson!(0.5)), Ok(bson!(1.5)));
        assert_eq!(product(&bson!(i32::MAX), &bson!(2)), Ok(bson!(4_294_967_294_i64)));
        assert!(sum(&bson!(i64::MAX), &bson!(1)).is_err());
        assert!(product(&bson!(i64::MIN), &bson!(-1)).is_err());
        assert_eq!(integer(&bson!(2.5)), None);
        assert_eq!(integer(&bson!(2.0)), Some(2));
        assert_eq!(described(&bson!(5_i64)), "(NumberLong)5");
    }

    #[test]
    fn decimals() {
        let decimal = |text: &str| Bson::Decimal128(text.parse().unwrap());
        assert_eq!(sum(&decimal("1.10"), &bson!(2)), Ok(decimal("3.10")));
        // Of a double 15 digits count.
        assert_eq!(sum(&bson!(0.5), &decimal("0.25")), Ok(decimal("0.750000000000000")));
        assert_eq!(product(&decimal("1.5"), &bson!(i64::MAX)), Ok(decimal("13835058055282163710.5")));
        for (text, whole, cut) in
            [("1.00", Some(1), Some(1)), ("1E+2", Some(100), Some(100)), ("-2.5", None, Some(-2)), ("NaN", None, None)]
        {
            assert_eq!((integer(&decimal(text)), truncated(&decimal(text))), (whole, cut), "{text}");
        }
        assert_eq!(integer(&decimal("1E+30")), None);
    }
}
