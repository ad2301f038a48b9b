//! Elementary functions of decimals, to 34 digits.

use num_bigint::{BigInt, BigUint, Sign};

use super::series::{self, BITS, one};
use super::{DIGITS, Decimal, Rounding, digits, ten_to};

/// Below this power of ten the odd functions are their argument to more than 34 digits.
const TINY: i64 = -18;
/// Beyond this every power of e is infinite or zero.
const EXP_BOUND: i64 = 15_000;
/// The highest power that is calculated by multiplication.
const EXACT_POWER: u64 = 64;

/// `x × 2^-bits × 10^exponent`.
fn scaled(x: &BigInt, bits: i64, exponent: i64) -> Decimal {
    if x.sign() == Sign::NoSign {
        return Decimal::ZERO;
    }
    let size = i64::try_from(x.bits()).unwrap_or(0) - bits;
    // 40 digits or one more, by log₁₀ 2 ≈ 0.30103.
    let places = 40 - size * 30_103 / 100_000;
    let magnitude = x.magnitude();
    let digits = if places >= 0 { magnitude * ten_to(places.unsigned_abs()) } else { magnitude / ten_to(places.unsigned_abs()) };
    let digits = if bits >= 0 { digits >> bits.unsigned_abs() } else { digits << bits.unsigned_abs() };
    Decimal::rounded(x.sign() == Sign::Minus, digits, exponent - places, true).toward(0)
}

fn fixed(x: &BigInt) -> Decimal {
    scaled(x, BITS as i64, 0)
}

/// A value's size as a quotient of integers.
fn quotient(coefficient: &BigUint, exponent: i64) -> (BigUint, BigUint) {
    let power = ten_to(exponent.unsigned_abs());
    if exponent >= 0 { (coefficient * power, BigUint::from(1_u32)) } else { (coefficient.clone(), power) }
}

fn signed(negative: bool, x: BigInt) -> BigInt {
    if negative { -x } else { x }
}

impl Decimal {
    /// The power of ten of the first digit.
    fn magnitude(&self) -> i64 {
        match self {
            Self::Finite { coefficient, exponent, .. } => exponent + i64::try_from(digits(coefficient)).unwrap_or(0) - 1,
            _ => i64::MAX,
        }
    }

    fn is_tiny(&self) -> bool {
        self.is_zero() || self.magnitude() < TINY
    }

    fn infinity(negative: bool) -> Self {
        Self::Infinite { negative }
    }

    /// The value as a fixed-point number; not for what is infinite or huge.
    fn to_fixed(&self) -> BigInt {
        match self {
            Self::Finite { negative, coefficient, exponent } => {
                let (a, b) = quotient(coefficient, *exponent);
                signed(*negative, series::ratio(&a, &b))
            }
            _ => BigInt::ZERO,
        }
    }

    /// The size of the value as a quotient of integers; not for what is infinite.
    fn size(&self) -> (BigUint, BigUint) {
        match self {
            Self::Finite { coefficient, exponent, .. } => quotient(coefficient, *exponent),
            _ => (BigUint::ZERO, BigUint::from(1_u32)),
        }
    }

    /// A function that takes what is infinite to `limit`, with its sign, and is its argument near
    /// to zero.
    fn odd(&self, limit: impl Fn() -> Self, function: impl Fn(&Self) -> Self) -> Self {
        match self {
            Self::NaN => Self::NaN,
            Self::Infinite { negative: true } => limit().negated(),
            Self::Infinite { negative: false } => limit(),
            tiny if tiny.is_tiny() => tiny.clone(),
            other => function(other),
        }
    }

    pub(crate) fn sqrt(&self) -> Self {
        match self {
            Self::Infinite { negative: false } => self.clone(),
            Self::Finite { coefficient, exponent, .. } if !self.is_negative() => {
                let wished = exponent.div_euclid(2);
                let odd = exponent.rem_euclid(2).unsigned_abs();
                let shift = (DIGITS + 3) as u64;
                let square = coefficient * ten_to(odd + 2 * shift);
                let root = square.sqrt();
                let inexact = &root * &root != square;
                let result = Self::rounded(false, root, wished - i64::try_from(shift).unwrap_or(0), inexact);
                if inexact { result } else { result.toward(wished) }
            }
            _ => Self::NaN,
        }
    }

    pub(crate) fn exp(&self) -> Self {
        match self {
            Self::NaN => Self::NaN,
            Self::Infinite { negative: true } => Self::ZERO,
            Self::Infinite { negative: false } => self.clone(),
            zero if zero.is_zero() => Self::integer(1),
            _ => match self.to_long() {
                Some(n) if n.abs() <= EXP_BOUND => power_of_e(&self.to_fixed()),
                _ if self.is_negative() => Self::ZERO,
                _ => Self::infinity(false),
            },
        }
    }

    fn ln_fixed(&self) -> BigInt {
        let (a, b) = self.size();
        series::ln(&a, &b)
    }

    /// The natural logarithm of a value above zero.
    pub(crate) fn ln(&self) -> Self {
        match self {
            Self::Infinite { negative: false } => self.clone(),
            Self::Finite { .. } if !self.is_negative() && !self.is_zero() => fixed(&self.ln_fixed()),
            _ => Self::NaN,
        }
    }

    pub(crate) fn log10(&self) -> Self {
        self.log(&Self::integer(10))
    }

    /// The logarithm of a value above zero to a base above zero that is not 1.
    pub(crate) fn log(&self, base: &Self) -> Self {
        let finite = |value: &Self| value.is_finite() && !value.is_negative() && !value.is_zero();
        if !finite(self) || !finite(base) {
            return self.ln().divide(&base.ln());
        }
        let divisor = base.ln_fixed();
        if divisor.sign() == Sign::NoSign { Self::NaN } else { fixed(&series::divide(&self.ln_fixed(), &divisor)) }
    }

    pub(crate) fn pow(&self, exponent: &Self) -> Self {
        let unit = Self::integer(1);
        if exponent.is_zero() || self.subtract(&unit).is_zero() {
            return unit;
        }
        if self.is_nan() || exponent.is_nan() {
            return Self::NaN;
        }
        let whole = exponent.subtract(&exponent.to_places(0, Rounding::TowardZero)).is_zero();
        let odd = whole && exponent.is_finite() && !exponent.remainder(&Self::integer(2)).is_zero();
        let negative = self.is_negative() && odd;
        let grows = self.clone().abs().subtract(&unit).is_negative() == exponent.is_negative();
        let (Self::Finite { coefficient, exponent: scale, .. }, Self::Finite { .. }) = (self, exponent) else {
            let at_one = self.is_finite() && self.clone().abs().subtract(&unit).is_zero();
            return match grows {
                _ if at_one => unit,
                true => Self::infinity(negative),
                false => Self::finite_zero(negative),
            };
        };
        if self.is_zero() {
            return if exponent.is_negative() { Self::infinity(negative) } else { Self::finite_zero(negative) };
        }
        if self.is_negative() && !whole {
            return Self::NaN;
        }
        let times = exponent.to_long().filter(|n| whole && n.unsigned_abs() <= EXACT_POWER);
        if let Some(times) = times {
            let count = u32::try_from(times.unsigned_abs()).unwrap_or(0);
            let scale = scale * i64::from(count);
            let power = Self::Finite { negative, coefficient: coefficient.pow(count), exponent: scale };
            if times < 0 {
                return unit.divide(&power);
            }
            return Self::rounded(negative, coefficient.pow(count), scale, false);
        }
        let (a, b) = exponent.size();
        let product = signed(exponent.is_negative(), self.ln_fixed() * BigInt::from(a) / BigInt::from(b));
        let result = if product.magnitude() >> BITS > BigUint::from(EXP_BOUND.unsigned_abs()) {
            if grows { Self::infinity(false) } else { Self::ZERO }
        } else {
            power_of_e(&product)
        };
        if negative { result.negated() } else { result }
    }

    fn sin_cos(&self) -> Option<(BigInt, BigInt)> {
        let Self::Finite { negative, .. } = self else {
            return None;
        };
        let (a, b) = self.size();
        let extra = a.bits().saturating_sub(b.bits()) + 1;
        let x = signed(*negative, BigInt::from((a << (BITS + extra)) / b));
        Some(series::sin_cos(&x, extra))
    }

    pub(crate) fn sin(&self) -> Self {
        self.odd(|| Self::NaN, |x| x.sin_cos().map_or(Self::NaN, |(sin, _)| fixed(&sin)))
    }

    pub(crate) fn cos(&self) -> Self {
        self.sin_cos().map_or(Self::NaN, |(_, cos)| fixed(&cos))
    }

    pub(crate) fn tan(&self) -> Self {
        let quotient = |(sin, cos): (BigInt, BigInt)| {
            if cos.sign() == Sign::NoSign { Self::NaN } else { fixed(&series::divide(&sin, &cos)) }
        };
        self.odd(|| Self::NaN, |x| x.sin_cos().map_or(Self::NaN, quotient))
    }

    /// `1 - |x|` and `1 + |x|` as fixed-point numbers.
    fn beside_one(&self) -> (BigInt, BigInt) {
        let size = self.clone().abs().to_fixed();
        (one() - &size, one() + size)
    }

    /// The inverse sine of a value between -1 and 1.
    pub(crate) fn asin(&self) -> Self {
        self.odd(
            || Self::NaN,
            |x| {
                let (less, more) = x.beside_one();
                if less.sign() == Sign::Minus {
                    return Self::NaN;
                }
                let cosine = series::sqrt(&series::multiply(&less, &more));
                let sine = x.clone().abs().to_fixed();
                let angle = if cosine.sign() == Sign::NoSign {
                    series::pi(BITS) >> 1_u32
                } else {
                    series::atan(sine.magnitude(), cosine.magnitude())
                };
                fixed(&signed(x.is_negative(), angle))
            },
        )
    }

    /// The inverse cosine of a value between -1 and 1.
    pub(crate) fn acos(&self) -> Self {
        if !self.is_finite() {
            return Self::NaN;
        }
        let (less, more) = self.beside_one();
        if less.sign() == Sign::Minus {
            return Self::NaN;
        }
        let (less, more) = if self.is_negative() { (more, less) } else { (less, more) };
        if more.sign() == Sign::NoSign {
            return fixed(&series::pi(BITS));
        }
        let tangent = series::sqrt(&series::divide(&less, &more));
        fixed(&(series::atan(tangent.magnitude(), one().magnitude()) * 2))
    }

    pub(crate) fn atan(&self) -> Self {
        self.odd(
            || fixed(&(series::pi(BITS) >> 1_u32)),
            |x| {
                let (a, b) = x.size();
                fixed(&signed(x.is_negative(), series::atan(&a, &b)))
            },
        )
    }

    /// The angle of the point `(x, self)`.
    pub(crate) fn atan2(&self, x: &Self) -> Self {
        if self.is_nan() || x.is_nan() {
            return Self::NaN;
        }
        let left = matches!(x, Self::Infinite { negative: true } | Self::Finite { negative: true, .. });
        let below = matches!(self, Self::Infinite { negative: true } | Self::Finite { negative: true, .. });
        // Of two that are infinite each counts as 1, beside one that is infinite all else as 0.
        let size = |value: &Self, other: &Self| match (value, other) {
            (Self::Infinite { .. }, _) => (BigUint::from(1_u32), BigUint::from(1_u32)),
            (_, Self::Infinite { .. }) => (BigUint::ZERO, BigUint::from(1_u32)),
            _ => value.size(),
        };
        let ((y_a, y_b), (x_a, x_b)) = (size(self, x), size(x, self));
        let (a, b) = (y_a * x_b, y_b * x_a);
        if a == BigUint::ZERO && !left {
            return Self::finite_zero(below);
        }
        if !left && self.is_finite() && x.is_finite() && !x.is_zero() {
            let tangent = self.divide(x);
            if tangent.is_tiny() {
                return tangent;
            }
        }
        let pi = series::pi(BITS);
        let angle =
            if b == BigUint::ZERO { if a == BigUint::ZERO { BigInt::ZERO } else { pi.clone() >> 1_u32 } } else { series::atan(&a, &b) };
        fixed(&signed(below, if left { pi - angle } else { angle }))
    }

    /// `e^|x|` as a fixed-point number, if it is not too large for one.
    fn power(&self) -> Option<BigInt> {
        self.to_long().filter(|n| n.abs() <= 100)?;
        let (power, twos) = series::exp(&self.clone().abs().to_fixed());
        Some(power << u64::try_from(twos).ok()?)
    }

    pub(crate) fn sinh(&self) -> Self {
        self.odd(
            || Self::infinity(false),
            |x| match x.power() {
                Some(power) => {
                    let inverse = series::divide(&one(), &power);
                    fixed(&signed(x.is_negative(), (power - inverse) >> 1_u32))
                }
                None => {
                    let half = x.clone().abs().exp().divide(&Self::integer(2));
                    if x.is_negative() { half.negated() } else { half }
                }
            },
        )
    }

    pub(crate) fn cosh(&self) -> Self {
        match self.power() {
            _ if self.is_nan() => Self::NaN,
            Some(power) => {
                let inverse = series::divide(&one(), &power);
                fixed(&((power + inverse) >> 1_u32))
            }
            None => self.clone().abs().exp().divide(&Self::integer(2)),
        }
    }

    pub(crate) fn tanh(&self) -> Self {
        self.odd(
            || Self::integer(1),
            |x| {
                let limit = || Self::integer(if x.is_negative() { -1 } else { 1 });
                x.power().map_or_else(limit, |power| {
                    let inverse = series::divide(&one(), &power);
                    fixed(&signed(x.is_negative(), series::divide(&(&power - &inverse), &(&power + &inverse))))
                })
            },
        )
    }

    pub(crate) fn asinh(&self) -> Self {
        self.odd(|| Self::infinity(false), |x| fixed(&signed(x.is_negative(), x.inverse_hyperbolic(1))))
    }

    /// The inverse hyperbolic cosine of a value from 1 on.
    pub(crate) fn acosh(&self) -> Self {
        match self {
            Self::Infinite { negative: false } => self.clone(),
            Self::Finite { .. } if !self.subtract(&Self::integer(1)).is_negative() => fixed(&self.inverse_hyperbolic(-1)),
            _ => Self::NaN,
        }
    }

    /// `ln(|x| + √(x² ± 1))`.
    fn inverse_hyperbolic(&self, sign: i32) -> BigInt {
        let size = self.clone().abs().to_fixed();
        let root = series::sqrt(&(series::multiply(&size, &size) + one() * sign));
        series::ln((size + root).magnitude(), one().magnitude())
    }

    /// The inverse hyperbolic tangent of a value between -1 and 1.
    pub(crate) fn atanh(&self) -> Self {
        self.odd(
            || Self::NaN,
            |x| {
                let (less, more) = x.beside_one();
                match less.sign() {
                    Sign::Minus => Self::NaN,
                    Sign::NoSign => Self::infinity(x.is_negative()),
                    Sign::Plus => fixed(&signed(x.is_negative(), series::ln(more.magnitude(), less.magnitude()) >> 1_u32)),
                }
            },
        )
    }

    pub(crate) fn degrees_to_radians(&self) -> Self {
        self.times(&(series::pi(BITS) / 180))
    }

    pub(crate) fn radians_to_degrees(&self) -> Self {
        self.times(&(series::divide(&one(), &series::pi(BITS)) * 180))
    }

    fn times(&self, factor: &BigInt) -> Self {
        match self {
            Self::Finite { negative, coefficient, exponent } => {
                scaled(&signed(*negative, BigInt::from(coefficient.clone()) * factor), BITS as i64, *exponent)
            }
            other => other.clone(),
        }
    }
}

fn power_of_e(x: &BigInt) -> Decimal {
    let (power, twos) = series::exp(x);
    scaled(&power, BITS as i64 - twos, 0)
}
