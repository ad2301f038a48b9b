//! Amounts: text in yuan outside, whole fen at the gateway. No binary fraction comes between.

/// The fen of an amount in yuan such as `"12.30"`, with at most ten digits before the point and two
/// behind it.
pub fn fen(yuan: &str) -> Option<i64> {
    let (whole, part) = yuan.split_once('.').unwrap_or((yuan, "0"));
    let digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole, 10) || !digits(part, 2) {
        return None;
    }
    let hundredths: i64 = part.parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 100 + if part.len() == 1 { hundredths * 10 } else { hundredths })
}

/// An amount in yuan with two places.
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn yuan_become_fen_and_back() {
        for (text, whole) in
            [("0.01", 1), ("12.30", 1230), ("12.3", 1230), ("7", 700), ("0.29", 29), ("1.15", 115), ("9999999999.99", 999_999_999_999)]
        {
            assert_eq!(fen(text), Some(whole), "{text}");
            assert_eq!(fen(&yuan(whole)), Some(whole));
        }
        assert_eq!((yuan(5), yuan(120), yuan(-5)), ("0.05".to_owned(), "1.20".to_owned(), "-0.05".to_owned()));
        for text in ["", ".", "1.", ".5", "1.234", "-1", "+1", "1e2", " 1", "1,00", "１", "10000000000", "1.2.3", "NaN"] {
            assert_eq!(fen(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_fen_of_a_thousand_yuan_survives() {
        for whole in 0..100_000 {
            assert_eq!(fen(&yuan(whole)), Some(whole));
        }
    }
}
