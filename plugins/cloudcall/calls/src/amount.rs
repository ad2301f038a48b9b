//! Amounts of money: hundredths of the currency's main unit, never binary floats.

use std::fmt;

/// The most that is taken, in hundredths: a hundred thousand million.
const MOST: u64 = 10_000_000_000_000;

/// An amount above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(u64);

impl Amount {
    /// Reads decimal text with at most two places, such as `12`, `12.3` or `12.30`. None for
    /// anything else, for zero, and for more than a hundred thousand million.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(places) || whole.len() > 16 || places.len() > 2 {
            return None;
        }
        let hundredths: u64 = format!("{places:0<2}").parse().ok()?;
        let amount = whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(hundredths)?;
        (1..=MOST).contains(&amount).then_some(Self(amount))
    }

    /// Whether two texts are the same amount; texts that are no amounts are the same as nothing.
    pub fn same(a: &str, b: &str) -> bool {
        Self::parse(a).is_some_and(|a| Self::parse(b) == Some(a))
    }

    /// The larger of two texts; one that is no amount is less than any.
    pub fn larger<'a>(a: &'a str, b: &'a str) -> &'a str {
        if Self::parse(b) > Self::parse(a) { b } else { a }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimal_and_have_two_places() {
        for (text, is) in [("12", "12.00"), ("0.1", "0.10"), ("0.01", "0.01"), ("100000000", "100000000.00"), ("007.5", "7.50")] {
            assert_eq!(Amount::parse(text).unwrap().to_string(), is);
        }
        for text in ["", "0", "0.00", ".5", "1.", "1.234", "-1", "+1", "1e3", "1,5", " 1", "1 ", "NaN", "99999999999999999", "１"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        assert!(Amount::same("1", "1.00") && !Amount::same("1", "1.01") && !Amount::same("", ""));
        assert_eq!([Amount::larger("2", "10"), Amount::larger("", "1"), Amount::larger("1", "")], ["10", "1", "1"]);
    }
}
