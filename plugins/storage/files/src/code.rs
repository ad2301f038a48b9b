//! Codes of errors, and their HTTP statuses.

use http::StatusCode;
use sdk_plugin::{Error, codes};

/// A file is too large: the vendor's object storage has this code.
pub const TOO_LARGE: &str = "EntityTooLarge";
/// A form lacks something: the vendor's object storage has this code.
pub const MALFORMED: &str = "MalformedPOSTRequest";
/// The space has no room for a file.
pub const QUOTA_EXCEEDED: &str = "QuotaExceeded";
/// A file of the management API does not exist.
pub const FILE_NOT_FOUND: &str = "InvalidFile.NotFound";

/// The status of an error.
pub fn status(error: &Error) -> StatusCode {
    match error.code() {
        codes::SIGNATURE | codes::PERMISSION_DENIED | QUOTA_EXCEEDED => StatusCode::FORBIDDEN,
        codes::CONFLICT => StatusCode::CONFLICT,
        codes::PARAM_INVALID | codes::INVALID_BODY | codes::INVALID_PARAMS | MALFORMED => StatusCode::BAD_REQUEST,
        codes::TIMEOUT => StatusCode::REQUEST_TIMEOUT,
        TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        codes::UNAVAILABLE | codes::THROTTLED | codes::THROTTLED_CONCURRENCY => StatusCode::SERVICE_UNAVAILABLE,
        code if code.ends_with("NotFound") => StatusCode::NOT_FOUND,
        code if code.starts_with("InvalidSpace") => StatusCode::FORBIDDEN,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
