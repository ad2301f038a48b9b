//! Names of deployments, uploads and manifests. They begin with a letter that says which, and tell
//! when they were made, so that the sweep need not ask any store for times.

use uuid::Uuid;

/// The letter of deployments.
pub const DEPLOYMENT: char = 'd';
/// The letter of single uploads.
pub const UPLOAD: char = 'u';
/// The letter of manifests.
pub const MANIFEST: char = 'm';

/// A new name.
pub fn new(letter: char) -> String {
    format!("{letter}{}", Uuid::now_v7().simple())
}

/// Whether a text is a name of this kind.
pub fn is(letter: char, name: &str) -> bool {
    name.len() == 33 && name.starts_with(letter) && made(name).is_some()
}

/// When a name was made, in milliseconds since 1970.
pub fn made(name: &str) -> Option<u64> {
    let uuid = Uuid::try_parse(name.get(1..)?).ok()?;
    let (seconds, nanos) = uuid.get_timestamp()?.to_unix();
    Some(seconds * 1000 + u64::from(nanos) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;

    #[test]
    fn names_tell_when_they_were_made() {
        let before = now();
        let name = new(UPLOAD);
        assert!((before..=now()).contains(&made(&name).unwrap_or(0)));
        assert!(is(UPLOAD, &name) && !is(DEPLOYMENT, &name));
        for bad in ["", "u", "é", "u00000000000000000000000000000000", "../x"] {
            assert!(!is(UPLOAD, bad), "{bad}");
        }
    }
}
