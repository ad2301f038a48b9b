//! Exact comparison of decimals with the other kinds of number.

use std::cmp::Ordering;

use bson::Decimal128;

/// A finite number as sign, significant digits without zeros at either end, and the power of ten
/// of the place before the first digit: `0.digits × 10^magnitude`. Zero has no digits.
pub(crate) struct Finite {
    pub(crate) negative: bool,
    pub(crate) digits: Vec<u8>,
    pub(crate) magnitude: i64,
}

pub(crate) enum Number {
    NaN,
    Infinite { negative: bool },
    Finite(Finite),
}

/// Compares numbers in the forms in which Rust and `Decimal128` print them: digits, an optional
/// point, an optional exponent; or infinity, or not a number.
fn parse(text: &str) -> Number {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("nan") {
        return Number::NaN;
    }
    if lower.starts_with("inf") {
        return Number::Infinite { negative };
    }
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let zeros = all.iter().take_while(|d| **d == b'0').count();
    let mut digits: Vec<u8> = all.into_iter().skip(zeros).collect();
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let places = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(zeros).unwrap_or(0);
    let magnitude = exponent.parse::<i64>().unwrap_or(0).saturating_add(places);
    Number::Finite(Finite { negative, digits, magnitude })
}

impl Finite {
    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let sign = self.sign();
        sign.cmp(&other.sign()).then_with(|| {
            let size = self.magnitude.cmp(&other.magnitude).then_with(|| self.digits.cmp(&other.digits));
            match sign {
                0 => Ordering::Equal,
                1 => size,
                _ => size.reverse(),
            }
        })
    }
}

fn rank(number: &Number) -> i8 {
    match number {
        Number::NaN => 0,
        Number::Infinite { negative: true } => 1,
        Number::Finite(_) => 2,
        Number::Infinite { negative: false } => 3,
    }
}

fn compare(a: &Number, b: &Number) -> Ordering {
    match (a, b) {
        (Number::Finite(a), Number::Finite(b)) => a.compare(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// What a decimal is compared with.
pub(crate) enum Operand {
    Decimal(Decimal128),
    Integer(i64),
    Double(f64),
}

impl Operand {
    pub(crate) fn number(&self) -> Number {
        match self {
            Self::Decimal(n) => parse(&n.to_string()),
            Self::Integer(n) => parse(&n.to_string()),
            // 767 digits are enough to write any double exactly.
            Self::Double(n) => parse(&format!("{n:.767e}")),
        }
    }
}

/// Compares numbers by value; not-a-number is equal to itself and less than all others.
pub(crate) fn order(a: &Operand, b: &Operand) -> Ordering {
    compare(&a.number(), &b.number())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn by_value_not_by_form() {
        let decimal = |text: &str| Operand::Decimal(text.parse().unwrap());
        for (a, b, expected) in [
            (decimal("1.10"), decimal("1.1"), Ordering::Equal),
            (decimal("0.1"), Operand::Double(0.1), Ordering::Less),
            (decimal("0.5"), Operand::Double(0.5), Ordering::Equal),
            (decimal("1E+3"), Operand::Integer(1000), Ordering::Equal),
            (decimal("-2"), Operand::Integer(-1), Ordering::Less),
            (decimal("-0"), Operand::Double(0.0), Ordering::Equal),
            (decimal("9223372036854775807.5"), Operand::Integer(i64::MAX), Ordering::Greater),
            (decimal("NaN"), Operand::Double(f64::NEG_INFINITY), Ordering::Less),
            (decimal("NaN"), Operand::Double(f64::NAN), Ordering::Equal),
            (decimal("Infinity"), Operand::Double(f64::MAX), Ordering::Greater),
            (decimal("1E-6176"), Operand::Integer(0), Ordering::Greater),
        ] {
            assert_eq!(order(&a, &b), expected);
            assert_eq!(order(&b, &a), expected.reverse());
        }
    }
}
