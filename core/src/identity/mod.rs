//! Who asks: spaces with their secrets, users and their sessions.

pub mod sessions;
pub mod space_keys;
pub mod spaces;
pub mod users;

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
