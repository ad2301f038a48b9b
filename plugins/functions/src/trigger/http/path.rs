//! The rule for a function's trigger path (manual, 2.8).

use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};

/// What every trigger path begins with.
pub const PREFIX: &str = "/http";
/// The longest path, in characters.
const MAX_LENGTH: usize = 128;

/// Checks a path.
///
/// # Errors
/// `InvalidParameter` with the rule that it breaks.
pub fn check(path: &str) -> Result<()> {
    let refuse = |why: String| Err(Error::new(INVALID_PARAMETER, format!("HttpTriggerPath {why}")));
    if !path.starts_with(PREFIX) {
        return refuse(format!("must begin with {PREFIX}"));
    }
    if path.ends_with('/') {
        return refuse("must not end with /".to_owned());
    }
    if let Some(other) = path.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'))) {
        return refuse(format!("has {other:?}, but may have letters, digits, `/`, `-`, `_` and `.` only"));
    }
    if path.len() > MAX_LENGTH {
        return refuse(format!("must have at most {MAX_LENGTH} characters"));
    }
    // Clients resolve these before they send a request, so that no request could ever have them.
    if path.split('/').skip(1).any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse("must not have an empty segment, `.` or `..`".to_owned());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_manual() {
        let longest = format!("/http/{}", "a".repeat(122));
        for good in ["/http", "/http/hello", "/http/a-b_c.d/E9", "/httpx", &longest] {
            assert!(check(good).is_ok(), "{good}");
        }
        for (bad, says) in [
            ("", "must begin with /http"),
            ("/hello", "must begin with /http"),
            ("http/hello", "must begin with /http"),
            ("/HTTP/hello", "must begin with /http"),
            ("/http/", "must not end with /"),
            ("/http/a b", "' '"),
            ("/http/函数", "'函'"),
            ("/http/a?b", "'?'"),
            ("/http/%61", "'%'"),
            ("/http//a", "empty segment"),
            ("/http/../a", "`..`"),
            (&format!("{longest}a"), "at most 128"),
        ] {
            assert!(check(bad).unwrap_err().message().contains(says), "{bad}: {:?}", check(bad));
        }
    }
}
