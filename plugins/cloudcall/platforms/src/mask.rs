//! What is shown of a secret: that it is there, and whether it is the one that somebody has.

use sha2::{Digest as _, Sha256};

const DOTS: &str = "••••";

/// What stands for a secret: the first four bytes of its SHA-256, as `sha256sum` prints them.
pub fn mask(secret: &str) -> String {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(secret));
    format!("{DOTS} sha256:{}", hex::encode([a, b, c, d]))
}

/// Whether a text stands for a secret.
pub fn is_masked(text: &str) -> bool {
    text.starts_with(DOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_apart_by_their_hash() {
        // RFC 6234 has the hash of `abc`.
        assert_eq!(mask("abc"), "•••• sha256:ba7816bf");
        assert_ne!(mask("abc"), mask("abd"));
        assert!(is_masked(&mask("abc")) && !is_masked("abc"));
    }
}
