//! Amounts, in hundredths.

/// Reads an amount with two places, as platforms want it.
pub fn read(text: &str) -> Option<u64> {
    let (whole, places) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(places) || places.len() != 2 || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(places.parse().ok()?)
}

/// Writes one.
pub fn write(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_places() {
        for (text, is) in [("0.01", 1), ("12.30", 1230), ("100000000.00", 10_000_000_000)] {
            assert_eq!((read(text), write(is)), (Some(is), text.to_owned()));
        }
        for text in ["", "1", "1.", ".10", "1.2", "1.234", "-1.00", "01.00", "1e2.00", "1,00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
