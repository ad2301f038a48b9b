//! Paths of files, and paths of requests.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};

/// The longest path, in bytes: that of the vendor's object storage.
const MAX_PATH: usize = 1023;
/// What stays as it is in addresses (RFC 3986, 2.3 and 3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A file's path without the slash that it may begin with. One that ends in a slash names a folder.
///
/// # Errors
/// `InvalidParameter` with the rule that is broken.
pub fn check(path: &str) -> Result<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let refuse = |why: &str| Err(Error::new(INVALID_PARAMETER, format!("the file path `{}` {why}", path.escape_debug())));
    if path.is_empty() {
        return refuse("is empty");
    }
    if path.len() > MAX_PATH {
        return Err(Error::new(INVALID_PARAMETER, "the file path is longer than 1,023 bytes"));
    }
    if path.chars().any(|c| c.is_control() || c == '\\') {
        return refuse("contains a control character or a backslash");
    }
    let segments = path.strip_suffix('/').unwrap_or(path);
    if segments.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse("has an empty segment, or one that is `.` or `..`");
    }
    Ok(path)
}

/// What a request asks for: the path without its first slash, decoded once; none when no file can
/// have it. Nothing that is decoded is decoded again, and `..` leads nowhere.
pub fn decode(path: &str) -> Option<Cow<'_, str>> {
    let path = path.strip_prefix('/')?;
    let decoded = if path.contains('%') { percent_decode_str(path).decode_utf8().ok()? } else { Cow::Borrowed(path) };
    let strange = |byte: u8| byte < b' ' || byte == 0x7f || byte == b'\\';
    if decoded.len() > MAX_PATH || decoded.bytes().any(strange) {
        return None;
    }
    let segments = decoded.strip_suffix('/').unwrap_or(&decoded);
    if decoded.is_empty() || !segments.split('/').any(|segment| matches!(segment, "" | "." | "..")) { Some(decoded) } else { None }
}

/// A path as it stands in an address, with its first slash.
pub fn encode(path: &str) -> String {
    format!("/{}", utf8_percent_encode(path, PATH))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn file_paths_cannot_leave_their_site() {
        for (path, checked) in [("a", "a"), ("/a/b.c", "a/b.c"), ("图片/", "图片/"), ("..a/.well-known", "..a/.well-known")] {
            assert_eq!(check(path).unwrap(), checked);
        }
        for bad in ["", "/", "//", "//a", "a//b", "a//", "..", "a/../b", "./a", "a/.", "a\0", "a\\b", "a\n", &"x".repeat(1024)] {
            assert_eq!(check(bad).unwrap_err().code(), INVALID_PARAMETER, "{bad:?}");
        }
    }

    #[test]
    fn request_paths_are_decoded_once() {
        for (path, decoded) in [
            ("/", ""),
            ("/a%20b", "a b"),
            ("/%E5%9B%BE.png", "图.png"),
            ("/a/", "a/"),
            ("/a+b", "a+b"),
            ("/100%25", "100%"),
            ("/%2561", "%61"),
            ("/%252e%252e/x", "%2e%2e/x"),
            ("/a%2Fb", "a/b"),
            ("/%", "%"),
        ] {
            assert_eq!(decode(path).as_deref(), Some(decoded), "{path}");
        }
        for bad in [
            "",
            "a",
            "//",
            "//evil.example.com/",
            "/..",
            "/a/../b",
            "/%2e%2e/x",
            "/a%2f..%2fb",
            "/a\\b",
            "/%5c",
            "/%00",
            "/a//b",
            "/%ff",
            "/.",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn encoded_paths_decode_to_themselves() {
        for path in ["a b/图?#%.html", "x", "100%", "a+b&c=d"] {
            assert_eq!(decode(&encode(path)).as_deref(), Some(path));
        }
    }
}
