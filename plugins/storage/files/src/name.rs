//! Names of files: paths in a space, ids, and paths in URLs.
//!
//! A file's bytes are stored under a random id, so that a path is only ever a text that is compared:
//! it cannot lead anywhere. It is checked nevertheless, as URLs are made of it, and those who read
//! them resolve `..` and take `\` for `/`.

use percent_encoding::percent_decode_str;
use sdk_plugin::{Error, Result, codes};
use sha2::{Digest, Sha256};

/// The longest path, in bytes (manual 4.2).
pub const MAX_PATH: usize = 1023;
/// How long an id is.
const ID_LENGTH: usize = 32;

/// Checks a path against the rules of manual 4.2, and those that URLs need.
///
/// # Errors
/// `ParamInvalid`, with the rule that is broken.
pub fn check(path: &str) -> Result<()> {
    let refuse = |why: &str| Err(Error::new(codes::PARAM_INVALID, format!("the name of the file {why}")));
    if path.is_empty() || path.len() > MAX_PATH {
        return refuse("must have 1 to 1,023 bytes");
    }
    if path.starts_with(['/', '\\']) {
        return refuse("must not begin with / or \\");
    }
    if path.chars().any(char::is_control) {
        return refuse("must not contain control characters");
    }
    if path.split(['/', '\\']).any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse("must not have an empty segment, or one that is `.` or `..`");
    }
    Ok(())
}

/// The id of the file with a path: the same whenever it is written, so that two uploads of one
/// path meet in one record. It has no comma, as the SDKs join ids with commas.
pub fn id(space: &str, path: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(space.as_bytes());
    digest.update([0]);
    digest.update(path.as_bytes());
    let mut id = hex::encode(digest.finalize());
    id.truncate(ID_LENGTH);
    id
}

/// Whether a text has the form of an id.
pub fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A path as it stands in a URL that the SDKs put together: only what would end or change the URL
/// is escaped, and commas, which separate ids.
pub fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            ' ' | '"' | '#' | '%' | '<' | '>' | '?' | '`' | '\\' | '^' | '{' | '|' | '}' | ',' => {
                escaped.push_str(&format!("%{:02X}", u32::from(c)));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// As [`escape`], in ASCII.
pub fn escape_to_ascii(path: &str) -> String {
    let mut ascii = String::with_capacity(path.len());
    for byte in escape(path).bytes() {
        match byte {
            0..=127 => ascii.push(char::from(byte)),
            other => ascii.push_str(&format!("%{other:02X}")),
        }
    }
    ascii
}

/// The path that a part of a URL stands for, if there can be such a file.
pub fn unescape(escaped: &str) -> Option<String> {
    let path = percent_decode_str(escaped).decode_utf8().ok()?.into_owned();
    check(&path).is_ok().then_some(path)
}

/// What a name ends in after its last dot, in lower case; empty when there is none.
pub fn extension(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_ascii_lowercase())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_manual_and_lead_nowhere() {
        for good in [
            "a",
            "a.PNG",
            "图/片.png",
            "a b,c?d#e%f.jpg",
            "a\\b.png",
            "...",
            ".hidden",
            "CON",
            "a/..b",
            &"x".repeat(1023),
            &"图".repeat(341),
        ] {
            assert!(check(good).is_ok(), "{good}");
            assert_eq!(unescape(&escape(good)).as_deref(), Some(good));
            assert_eq!(unescape(&escape_to_ascii(good)).as_deref(), Some(good));
            assert!(escape_to_ascii(good).is_ascii() && !escape(good).contains([',', '?', '#', '\\', ' ']));
        }
        for bad in [
            "",
            "/a",
            "\\a",
            "a//b",
            "a/",
            "..",
            "a/../b",
            "a\\..\\b",
            "./a",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "\u{85}",
            &"x".repeat(1024),
            &"图".repeat(342),
        ] {
            assert_eq!(check(bad).unwrap_err().code(), codes::PARAM_INVALID, "{bad:?}");
        }
    }

    #[test]
    fn no_encoding_hides_a_bad_name() {
        for bad in ["%2e%2e/a", "a/%2E%2E/b", "a%2f..%2fb", "%5c..", "%00", "a%0a", "%ff", "%c0%ae%c0%ae/a", "a%2f%2fb", ""] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
        assert_eq!(unescape("%252e%252e/a").as_deref(), Some("%2e%2e/a"), "decoded once, and no more");
    }

    #[test]
    fn ids_tell_spaces_and_cases_apart() {
        let ids = [id("s", "a"), id("s", "A"), id("t", "a"), id("s", "a/b"), id("s\0a", "")];
        for (n, one) in ids.iter().enumerate() {
            assert!(is_id(one));
            assert!(ids.iter().skip(n + 1).all(|other| other != one));
        }
        assert!(!is_id("../../../../../../../../../../aa") && !is_id("ABCDEF") && !is_id(""));
    }

    #[test]
    fn extensions_are_of_the_last_segment() {
        for (path, expected) in
            [("a.PNG", "png"), ("a.b/c", ""), ("a.tar.gz", "gz"), ("a", ""), ("x\\a.jpg", "jpg"), (".png", "png"), ("a.", "")]
        {
            assert_eq!(extension(path), expected, "{path}");
        }
    }
}
