//! The codes that a failed task answers in `DetailMessage`, before what went wrong:
//! `INVALID_FILE_FORMAT: line 3: …`.

use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::{Error, codes};

/// Too much is asked of the server now (manual 3.10.4).
pub const SERVER_BUSY: &str = "SERVER_BUSY";
/// The file does not have the form that the manual asks for.
pub const INVALID_FILE_FORMAT: &str = "INVALID_FILE_FORMAT";
/// A value of a unique index is taken.
pub const DUPLICATE_KEY_ERROR: &str = "DUPLICATE_KEY_ERROR";
/// A fault of the server.
pub const INTERNAL_ERROR: &str = "INTERNAL_ERROR";
/// A collection that a restore was to make exists. The manual has no code for it.
pub const COLLECTION_EXISTS: &str = "COLLECTION_EXISTS";

/// What a task that failed answers. The causes of a fault are for the log.
pub fn detail(error: &Error) -> String {
    let code = match error.code() {
        code @ (SERVER_BUSY | INVALID_FILE_FORMAT | DUPLICATE_KEY_ERROR | INTERNAL_ERROR | COLLECTION_EXISTS) => code,
        DUPLICATE_KEY => DUPLICATE_KEY_ERROR,
        codes::UNAVAILABLE | codes::TIMEOUT | codes::THROTTLED | codes::THROTTLED_CONCURRENCY => SERVER_BUSY,
        _ => INTERNAL_ERROR,
    };
    format!("{code}: {}", error.message())
}

/// The file is wrong in a line, counted from 1.
pub fn in_line(line: u64, what: impl std::fmt::Display) -> Error {
    Error::new(INVALID_FILE_FORMAT, format!("line {line}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_begin_with_a_code_of_the_manual_and_hide_causes() {
        assert_eq!(detail(&in_line(3, "no JSON")), "INVALID_FILE_FORMAT: line 3: no JSON");
        assert_eq!(detail(&Error::new(DUPLICATE_KEY, "E11000 x")), "DUPLICATE_KEY_ERROR: E11000 x");
        assert_eq!(detail(&Error::new(codes::UNAVAILABLE, "later")), "SERVER_BUSY: later");
        assert_eq!(detail(&Error::internal("disk /secret")), "INTERNAL_ERROR: internal error");
    }
}
