//! Arithmetic on decimals as IEEE 754-2008 defines it for decimal128: 34 digits, rounded to the
//! nearest, and of two equally near to the even one.

mod functions;
mod parse;
mod series;

use std::cmp::Ordering;

use bson::{Bson, Decimal128};
use num_bigint::BigUint;

const DIGITS: usize = 34;
const MIN_EXPONENT: i64 = -6176;
const MAX_EXPONENT: i64 = 6111;

/// Bits of the coefficient in the usual encoding; the exponent follows, then the sign.
const COEFFICIENT_BITS: u32 = 113;
/// In the encoding where the exponent begins with two ones, the coefficient would be too large.
const LARGE: u128 = 0b11 << 125;
const INFINITY: u128 = 0b11110 << 122;
const NAN: u128 = 0b11111 << 122;
const SIGN: u128 = 1 << 127;

/// A decimal that can be calculated with: `±coefficient × 10^exponent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decimal {
    NaN,
    Infinite { negative: bool },
    Finite { negative: bool, coefficient: BigUint, exponent: i64 },
}

/// Which whole number a fraction is rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    HalfEven,
    TowardZero,
    Up,
    Down,
}

fn ten_to(power: u64) -> BigUint {
    BigUint::from(10_u32).pow(u32::try_from(power).unwrap_or(u32::MAX))
}

fn digits(coefficient: &BigUint) -> usize {
    if *coefficient == BigUint::ZERO { 0 } else { coefficient.to_string().len() }
}

impl Decimal {
    pub(crate) const ZERO: Self = Self::finite_zero(false);

    const fn finite_zero(negative: bool) -> Self {
        Self::Finite { negative, coefficient: BigUint::ZERO, exponent: 0 }
    }

    /// The value of a number; not-a-number for all else. Of a double the first 15 digits count,
    /// as in MongoDB's arithmetic.
    pub(crate) fn of(value: &Bson) -> Self {
        match value {
            Bson::Int32(n) => Self::integer(i128::from(*n)),
            Bson::Int64(n) => Self::integer(i128::from(*n)),
            Bson::Double(n) => Self::from_double(*n, 15),
            Bson::Decimal128(n) => Self::decode(*n),
            _ => Self::NaN,
        }
    }

    pub(crate) fn integer(n: i128) -> Self {
        Self::rounded(n < 0, BigUint::from(n.unsigned_abs()), 0, false)
    }

    /// A double's value to 34 digits.
    pub(crate) fn of_double(n: f64) -> Self {
        Self::from_double(n, DIGITS).toward(0)
    }

    fn from_double(n: f64, digits: usize) -> Self {
        if n.is_nan() {
            return Self::NaN;
        }
        if n.is_infinite() {
            return Self::Infinite { negative: n < 0.0 };
        }
        if n == 0.0 {
            return Self::finite_zero(n.is_sign_negative());
        }
        let text = format!("{:.*e}", digits.saturating_sub(1), n.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let coefficient: BigUint = mantissa.replace('.', "").parse().unwrap_or(BigUint::ZERO);
        let places = i64::try_from(digits).unwrap_or(0) - 1;
        Self::rounded(n < 0.0, coefficient, exponent.parse::<i64>().unwrap_or(0) - places, false)
    }

    pub(crate) fn decode(value: Decimal128) -> Self {
        let bits = u128::from_le_bytes(value.bytes());
        let negative = bits & SIGN != 0;
        if bits & NAN == NAN {
            return Self::NaN;
        }
        if bits & INFINITY == INFINITY {
            return Self::Infinite { negative };
        }
        let large = bits & LARGE == LARGE;
        let biased = (if large { bits >> (COEFFICIENT_BITS - 2) } else { bits >> COEFFICIENT_BITS }) & 0x3fff;
        let coefficient = if large { 0 } else { bits & ((1 << COEFFICIENT_BITS) - 1) };
        // What has more digits than may be is a zero.
        let coefficient = if coefficient >= 10_u128.pow(34) { 0 } else { coefficient };
        let exponent = i64::try_from(biased).unwrap_or(0) + MIN_EXPONENT;
        Self::Finite { negative, coefficient: BigUint::from(coefficient), exponent }
    }

    pub(crate) fn encode(&self) -> Decimal128 {
        let sign = |negative: bool| if negative { SIGN } else { 0 };
        let bits = match self {
            Self::NaN => NAN,
            Self::Infinite { negative } => INFINITY | sign(*negative),
            Self::Finite { negative, coefficient, exponent } => {
                let biased = u128::try_from(exponent - MIN_EXPONENT).unwrap_or(0);
                sign(*negative) | biased << COEFFICIENT_BITS | u128::try_from(coefficient).unwrap_or(0)
            }
        };
        Decimal128::from_bytes(bits.to_le_bytes())
    }

    /// A finite value rounded to what can be encoded. `inexact` says that the coefficient has more
    /// digits behind its last one; then it must have more than 34.
    fn rounded(negative: bool, coefficient: BigUint, exponent: i64, inexact: bool) -> Self {
        let excess = i64::try_from(digits(&coefficient).saturating_sub(DIGITS)).unwrap_or(0);
        let drop = excess.max(MIN_EXPONENT - exponent).max(0);
        let mut coefficient = dropped(coefficient, drop, inexact, negative, Rounding::HalfEven);
        let mut exponent = exponent + drop;
        if digits(&coefficient) > DIGITS {
            coefficient /= 10_u32;
            exponent += 1;
        }
        if exponent > MAX_EXPONENT && coefficient != BigUint::ZERO {
            let room = i64::try_from(DIGITS - digits(&coefficient).min(DIGITS)).unwrap_or(0);
            let padding = exponent - MAX_EXPONENT;
            if padding > room {
                return Self::Infinite { negative };
            }
            coefficient *= ten_to(padding.unsigned_abs());
        }
        Self::Finite { negative, coefficient, exponent: exponent.min(MAX_EXPONENT) }
    }

    /// The same value with an exponent as near to the wished one as it can be.
    fn toward(self, wished: i64) -> Self {
        let Self::Finite { negative, mut coefficient, mut exponent } = self else {
            return self;
        };
        if coefficient == BigUint::ZERO {
            return Self::Finite { negative, coefficient, exponent: wished.clamp(MIN_EXPONENT, MAX_EXPONENT) };
        }
        while exponent < wished && &coefficient % 10_u32 == BigUint::ZERO {
            coefficient /= 10_u32;
            exponent += 1;
        }
        let room = i64::try_from(DIGITS.saturating_sub(digits(&coefficient))).unwrap_or(0);
        let padding = (exponent - wished).clamp(0, room);
        Self::Finite { negative, coefficient: coefficient * ten_to(padding.unsigned_abs()), exponent: exponent - padding }
    }

    pub(crate) fn is_nan(&self) -> bool {
        matches!(self, Self::NaN)
    }

    pub(crate) fn is_finite(&self) -> bool {
        matches!(self, Self::Finite { .. })
    }

    pub(crate) fn is_zero(&self) -> bool {
        matches!(self, Self::Finite { coefficient, .. } if *coefficient == BigUint::ZERO)
    }

    /// Less than zero.
    pub(crate) fn is_negative(&self) -> bool {
        match self {
            Self::NaN => false,
            Self::Infinite { negative } => *negative,
            Self::Finite { negative, .. } => *negative && !self.is_zero(),
        }
    }

    pub(crate) fn negated(self) -> Self {
        match self {
            Self::NaN => Self::NaN,
            Self::Infinite { negative } => Self::Infinite { negative: !negative },
            Self::Finite { negative, coefficient, exponent } => Self::Finite { negative: !negative, coefficient, exponent },
        }
    }

    pub(crate) fn abs(self) -> Self {
        match self {
            Self::Infinite { .. } => Self::Infinite { negative: false },
            Self::Finite { coefficient, exponent, .. } => Self::Finite { negative: false, coefficient, exponent },
            Self::NaN => Self::NaN,
        }
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::NaN, _) | (_, Self::NaN) => Self::NaN,
            (Self::Infinite { negative: a }, Self::Infinite { negative: b }) if a != b => Self::NaN,
            (Self::Infinite { negative }, _) | (_, Self::Infinite { negative }) => Self::Infinite { negative: *negative },
            (
                Self::Finite { negative: a_negative, coefficient: a, exponent: a_exponent },
                Self::Finite { negative: b_negative, coefficient: b, exponent: b_exponent },
            ) => {
                let exponent = *a_exponent.min(b_exponent);
                let a = a * ten_to((a_exponent - exponent).unsigned_abs());
                let b = b * ten_to((b_exponent - exponent).unsigned_abs());
                if a_negative == b_negative {
                    return Self::rounded(*a_negative, a + b, exponent, false);
                }
                match a.cmp(&b) {
                    Ordering::Equal => Self::rounded(false, BigUint::ZERO, exponent, false),
                    Ordering::Greater => Self::rounded(*a_negative, a - b, exponent, false),
                    Ordering::Less => Self::rounded(*b_negative, b - a, exponent, false),
                }
            }
        }
    }

    pub(crate) fn subtract(&self, other: &Self) -> Self {
        self.add(&other.clone().negated())
    }

    pub(crate) fn multiply(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::NaN, _) | (_, Self::NaN) => Self::NaN,
            (Self::Infinite { .. }, zero) | (zero, Self::Infinite { .. }) if zero.is_zero() => Self::NaN,
            (
                Self::Finite { negative: a_negative, coefficient: a, exponent: a_exponent },
                Self::Finite { negative: b_negative, coefficient: b, exponent: b_exponent },
            ) => Self::rounded(a_negative != b_negative, a * b, a_exponent + b_exponent, false),
            _ => Self::Infinite { negative: self.is_negative() != other.is_negative() },
        }
    }

    /// The quotient; of a number and zero it is infinite.
    pub(crate) fn divide(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::NaN, _) | (_, Self::NaN) | (Self::Infinite { .. }, Self::Infinite { .. }) => Self::NaN,
            (Self::Infinite { negative: a }, Self::Finite { negative: b, .. }) => Self::Infinite { negative: a != b },
            (Self::Finite { negative: a, .. }, Self::Infinite { negative: b }) => Self::finite_zero(a != b),
            (
                Self::Finite { negative: a_negative, coefficient: a, exponent: a_exponent },
                Self::Finite { negative: b_negative, coefficient: b, exponent: b_exponent },
            ) => {
                let negative = a_negative != b_negative;
                if *b == BigUint::ZERO {
                    return if *a == BigUint::ZERO { Self::NaN } else { Self::Infinite { negative } };
                }
                let wished = a_exponent - b_exponent;
                let shift = (DIGITS + 2 + digits(b)).saturating_sub(digits(a)) as u64;
                let scaled = a * ten_to(shift);
                let inexact = &scaled % b != BigUint::ZERO;
                let quotient = Self::rounded(negative, scaled / b, wished - i64::try_from(shift).unwrap_or(0), inexact);
                if inexact { quotient } else { quotient.toward(wished) }
            }
        }
    }

    /// The remainder of a division whose quotient is cut off: it has the sign of the dividend.
    pub(crate) fn remainder(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Finite { .. }, Self::Infinite { .. }) => self.clone(),
            (
                Self::Finite { negative, coefficient: a, exponent: a_exponent },
                Self::Finite { coefficient: b, exponent: b_exponent, .. },
            ) if *b != BigUint::ZERO => {
                let exponent = *a_exponent.min(b_exponent);
                let a = a * ten_to((a_exponent - exponent).unsigned_abs());
                let b = b * ten_to((b_exponent - exponent).unsigned_abs());
                Self::rounded(*negative, a % b, exponent, false)
            }
            _ => Self::NaN,
        }
    }

    /// The value with so many digits after the point, fewer than none for tens, hundreds and so
    /// on. One that would have more than 34 digits stays as it is.
    pub(crate) fn to_places(&self, places: i64, rounding: Rounding) -> Self {
        let Self::Finite { negative, coefficient, exponent } = self else {
            return self.clone();
        };
        let drop = places.saturating_neg().saturating_sub(*exponent);
        if drop <= 0 {
            return self.clone().toward(places.saturating_neg());
        }
        let coefficient = dropped(coefficient.clone(), drop, false, *negative, rounding);
        Self::rounded(*negative, coefficient, exponent + drop, false)
    }

    pub(crate) fn to_double(&self) -> f64 {
        match self {
            Self::NaN => f64::NAN,
            Self::Infinite { negative: true } => f64::NEG_INFINITY,
            Self::Infinite { negative: false } => f64::INFINITY,
            Self::Finite { negative, coefficient, exponent } => {
                let size: f64 = format!("{coefficient}e{exponent}").parse().unwrap_or(f64::NAN);
                if *negative { -size } else { size }
            }
        }
    }

    /// The value without its fraction, if it is finite and fits.
    pub(crate) fn to_long(&self) -> Option<i64> {
        match self.to_places(0, Rounding::TowardZero) {
            Self::Finite { negative, coefficient, exponent } => {
                let up = u64::try_from(exponent).ok().filter(|_| coefficient != BigUint::ZERO).unwrap_or(0);
                let size = i128::try_from(coefficient * ten_to(up)).ok()?;
                i64::try_from(if negative { -size } else { size }).ok()
            }
            _ => None,
        }
    }
}

impl From<Decimal> for Bson {
    fn from(value: Decimal) -> Self {
        Self::Decimal128(value.encode())
    }
}

/// A coefficient without its last digits.
fn dropped(coefficient: BigUint, count: i64, inexact: bool, negative: bool, rounding: Rounding) -> BigUint {
    let Some(count) = u64::try_from(count).ok().filter(|count| *count > 0) else {
        return coefficient;
    };
    let length = digits(&coefficient) as u64;
    let some = coefficient != BigUint::ZERO || inexact;
    let (kept, order) = if count > length {
        (BigUint::ZERO, Ordering::Less)
    } else {
        let unit = ten_to(count);
        let rest = &coefficient % &unit;
        let some = rest != BigUint::ZERO || inexact;
        let order = (rest * 2_u32).cmp(&unit).then(if inexact { Ordering::Greater } else { Ordering::Equal });
        let kept = coefficient / unit;
        if !some {
            return kept;
        }
        (kept, order)
    };
    let up = match rounding {
        _ if !some => false,
        Rounding::TowardZero => false,
        Rounding::Up => !negative,
        Rounding::Down => negative,
        Rounding::HalfEven => order.is_gt() || (order.is_eq() && kept.bit(0)),
    };
    if up { kept + 1_u32 } else { kept }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
