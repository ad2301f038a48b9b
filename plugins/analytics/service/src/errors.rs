//! What is answered when something cannot be done.

use sdk_plugin::{Error, codes};

/// The code for an application that the space does not have.
pub const NO_APP: &str = "InvalidAppKey.NotFound";
/// The code for an application more than a space can have.
pub const TOO_MANY_APPS: &str = "QuotaExceeded.AnalyticsApps";

/// There is no such application.
pub fn no_app(key: &str) -> Error {
    let shown: String = key.chars().take(64).collect();
    Error::new(NO_APP, format!("the space has no analytics application with the AppKey `{shown}`: list them with analytics.apps.list"))
}

/// A client sends more than is taken; it keeps what it has and tries later.
pub fn throttled(message: &str) -> Error {
    Error::new(codes::THROTTLED, message.to_owned()).retryable()
}

/// Something behind the service does not answer, or is behind.
pub fn unavailable(message: &str) -> Error {
    Error::new(codes::UNAVAILABLE, message.to_owned()).retryable()
}

/// What the engine refuses: parameters are the caller's matter, segments are ours.
pub fn engine(error: analytics_engine::Error) -> Error {
    match error {
        analytics_engine::Error::Parameter(text) => Error::invalid_params(text),
        error => Error::internal(error).with_operation("read or write a file of analytics"),
    }
}
