//! The text that is signed.

use std::collections::BTreeMap;

/// Parameters of a request or a notification, in the order of their names' bytes.
pub type Parameters = BTreeMap<String, String>;

/// `k=v` of all parameters, joined with `&`, with their values as they are before URL encoding.
/// Empty ones, and those that are left out by name, are not part of it.
pub fn signed_text(parameters: &Parameters, without: &[&str]) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        if value.is_empty() || without.contains(&name.as_str()) {
            continue;
        }
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_by_bytes_and_values_are_not_encoded() {
        let parameters = [("b", "2&=%"), ("a", "中 +"), ("B", "1"), ("sign_type", "RSA2"), ("sign", "x"), ("empty", "")];
        let parameters: Parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(signed_text(&parameters, &["sign"]), "B=1&a=中 +&b=2&=%&sign_type=RSA2");
        assert_eq!(signed_text(&parameters, &["sign", "sign_type"]), "B=1&a=中 +&b=2&=%");
    }
}
