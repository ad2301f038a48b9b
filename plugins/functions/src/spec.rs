//! The rules for a function's name and settings.

use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};

/// The runtime of a function that names none.
pub const DEFAULT_RUNTIME: &str = "nodejs";
/// The memory of a function that names none, in megabytes.
pub const DEFAULT_MEMORY: u32 = 512;
/// The memory that a function may ask for, in megabytes.
pub const MEMORY: std::ops::RangeInclusive<u32> = 32..=3072;
/// The longest time that a function may ask for, in seconds. The manual, 2.9: ten seconds in
/// general, 600 for timers; the shorter limit is applied when a call is made.
pub const MAX_TIMEOUT: u32 = 600;
/// The time of a function that names none, in seconds.
pub const DEFAULT_TIMEOUT: u32 = 10;
/// How many calls an instance may run at once.
pub const CONCURRENCY: std::ops::RangeInclusive<u32> = 1..=1000;
/// The longest description, in characters.
const MAX_DESC: usize = 500;
/// The longest text that a timer hands over, in bytes.
const MAX_PAYLOAD: usize = 4096;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(INVALID_PARAMETER, message)
}

/// Checks a name against the manual's rule (2.2): 1 to 30 letters, digits, `_` and `-`, beginning
/// with neither a digit nor `-`.
///
/// # Errors
/// `InvalidParameter` with the rule.
pub fn check_name(name: &str) -> Result<()> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let begins_well = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if name.len() <= 30 && plain && begins_well {
        return Ok(());
    }
    Err(invalid("Name must have 1 to 30 letters, digits, underscores and hyphens, and must not begin with a digit or a hyphen"))
}

/// Checks a runtime: any that begins with `nodejs` is the built-in one.
///
/// # Errors
/// `InvalidParameter`.
pub fn check_runtime(runtime: &str) -> Result<()> {
    if runtime.to_ascii_lowercase().starts_with("nodejs") && runtime.len() <= 32 {
        return Ok(());
    }
    Err(invalid(format!("Runtime `{runtime}` is not known; use nodejs")))
}

/// Checks an amount of memory in megabytes.
///
/// # Errors
/// `InvalidParameter` with the range.
pub fn check_memory(memory: u32) -> Result<()> {
    if MEMORY.contains(&memory) {
        return Ok(());
    }
    Err(invalid(format!("Memory must be from {} to {} MB", MEMORY.start(), MEMORY.end())))
}

/// Checks a time in seconds.
///
/// # Errors
/// `InvalidParameter` with the range.
pub fn check_timeout(timeout: u32) -> Result<()> {
    if (1..=MAX_TIMEOUT).contains(&timeout) {
        return Ok(());
    }
    Err(invalid(format!("Timeout must be from 1 to {MAX_TIMEOUT} seconds")))
}

/// Checks how many calls an instance may run at once.
///
/// # Errors
/// `InvalidParameter` with the range.
pub fn check_concurrency(concurrency: u32) -> Result<()> {
    if CONCURRENCY.contains(&concurrency) {
        return Ok(());
    }
    Err(invalid(format!("InstanceConcurrency must be from {} to {}", CONCURRENCY.start(), CONCURRENCY.end())))
}

/// Checks a description.
///
/// # Errors
/// `InvalidParameter` with the limit.
pub fn check_desc(desc: &str) -> Result<()> {
    if desc.chars().count() <= MAX_DESC {
        return Ok(());
    }
    Err(invalid(format!("Desc must have at most {MAX_DESC} characters")))
}

/// Checks what a timer hands over.
///
/// # Errors
/// `InvalidParameter` with the limit.
pub fn check_payload(payload: &str) -> Result<()> {
    if payload.len() <= MAX_PAYLOAD {
        return Ok(());
    }
    Err(invalid(format!("TimingTriggerUserPayload must have at most {MAX_PAYLOAD} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_manual() {
        for good in ["hello", "getImageList", "_a", "a-b_c9", "x", &"a".repeat(30)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "-a", "a b", "a.b", "a/b", "函数", "a\n", &"a".repeat(31)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn settings_have_ranges() {
        assert!(check_memory(31).is_err() && check_memory(32).is_ok() && check_memory(3073).is_err());
        assert!(check_timeout(0).is_err() && check_timeout(600).is_ok() && check_timeout(601).is_err());
        assert!(check_concurrency(0).is_err() && check_concurrency(1).is_ok());
        assert!(check_runtime("nodejs8").is_ok() && check_runtime("Nodejs18").is_ok() && check_runtime("python3").is_err());
    }
}
