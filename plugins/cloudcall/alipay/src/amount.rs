//! Amounts of money.

use std::fmt;

/// An amount in hundredths of the currency's main unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// An amount of hundredths.
    pub const fn hundredths(hundredths: i64) -> Self {
        Self(hundredths)
    }

    /// Reads decimal text with at most two places, such as `12.3`; none for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 2 {
            return None;
        }
        let part = part.parse::<i64>().ok()? * if part.len() == 1 { 10 } else { 1 };
        whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part).map(Self)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Text of an amount with two places; what is no amount counts as not told.
pub fn normal(text: &str) -> String {
    Amount::read(text).map(|amount| amount.to_string()).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_anything_else_is_none() {
        for (text, reads) in [("0.01", "0.01"), ("12.3", "12.30"), ("007", "7.00"), ("100000000.00", "100000000.00"), ("0", "0.00")] {
            assert_eq!(Amount::read(text).unwrap().to_string(), reads);
        }
        for text in ["", ".", "1.", ".5", "1.005", "-1", "+1", "1e3", "1,0", " 1", "NaN", "１", "99999999999999999999"] {
            assert!(Amount::read(text).is_none(), "{text}");
        }
        assert!(Amount::read("0.29").unwrap() < Amount::read("0.3").unwrap());
        assert_eq!(normal("x"), "");
    }
}
