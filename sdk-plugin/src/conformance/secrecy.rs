//! What must not be shown, and where it is looked for.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Shorter texts may be somewhere by chance.
const SHORTEST: usize = 8;

/// Texts that nothing a plugin shows may have.
#[derive(Clone, Default)]
pub(super) struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Adds a secret: its lines, and what they are as a part of an address.
    pub(super) fn add(&mut self, secret: &str) {
        // The first and last lines of PEM are everybody's.
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST && !line.starts_with("-----"));
        for line in lines {
            self.0.insert(line.to_owned());
            self.0.insert(encoded(line));
        }
    }

    /// Panics when a text has a secret.
    pub(super) fn are_not_in(&self, shown: &str, what: &str) {
        let found = self.0.iter().find(|secret| shown.contains(secret.as_str()));
        assert!(found.is_none(), "{what} shows the secret `{}`: {shown}", found.map_or("", String::as_str));
    }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_line_by_line_and_encoded() {
        let mut secrets = Secrets::default();
        secrets.add("-----BEGIN KEY-----\nMIIabc/defghi\nshort\n-----END KEY-----");
        secrets.are_not_in("-----BEGIN KEY----- short", "an error");
        for shown in ["x MIIabc/defghi", "a=MIIabc%2Fdefghi&b"] {
            assert!(std::panic::catch_unwind(|| secrets.are_not_in(shown, "an error")).is_err(), "{shown}");
        }
    }
}
