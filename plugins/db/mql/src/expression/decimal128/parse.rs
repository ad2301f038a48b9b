//! Decimals from text.

use num_bigint::BigUint;

use super::{DIGITS, Decimal};

/// How far an exponent counts; beyond, every number is zero or infinite.
const FAR: i64 = 1 << 40;

impl Decimal {
    /// Reads digits with an optional sign, point and exponent, or `Infinity`, `Inf` or `NaN` in any
    /// case, rounded to 34 digits. `None` for all else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, size) = match text.strip_prefix(['+', '-']) {
            Some(size) => (text.starts_with('-'), size),
            None => (false, text),
        };
        if size.eq_ignore_ascii_case("infinity") || size.eq_ignore_ascii_case("inf") {
            return Some(Self::Infinite { negative });
        }
        if size.eq_ignore_ascii_case("nan") {
            return Some(Self::NaN);
        }
        let (mantissa, exponent) = match size.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (size, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = whole.bytes().chain(fraction.bytes());
        if mantissa.len() <= usize::from(mantissa.contains('.')) || !digits.clone().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let mut exponent = exponent.saturating_sub(i64::try_from(fraction.len()).unwrap_or(FAR)).clamp(-FAR, FAR);
        // Digits that cannot count are not worth the work: only whether one of them is not zero.
        let mut kept = String::new();
        for digit in digits.by_ref() {
            if !(kept.is_empty() && digit == b'0') {
                kept.push(char::from(digit));
            }
            if kept.len() > DIGITS + 2 {
                break;
            }
        }
        let mut inexact = false;
        for digit in digits {
            inexact |= digit != b'0';
            exponent = exponent.saturating_add(1);
        }
        let coefficient = if kept.is_empty() { BigUint::ZERO } else { kept.parse().ok()? };
        Some(if coefficient == BigUint::ZERO {
            Self::Finite { negative, coefficient, exponent: exponent.clamp(super::MIN_EXPONENT, super::MAX_EXPONENT) }
        } else if exponent > super::MAX_EXPONENT + DIGITS as i64 {
            Self::Infinite { negative }
        } else {
            Self::rounded(negative, coefficient, exponent, inexact)
        })
    }
}

/// An exponent, no farther than [`FAR`].
fn power(text: &str) -> Option<i64> {
    let (negative, size) = match text.strip_prefix(['+', '-']) {
        Some(size) => (text.starts_with('-'), size),
        None => (false, text),
    };
    if size.is_empty() || !size.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let size = size.parse().unwrap_or(FAR).min(FAR);
    Some(if negative { -size } else { size })
}
