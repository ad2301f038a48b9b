//! The one error type that crosses every boundary of mpcloud.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

/// `Result` with [`Error`] as its error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Stable error codes. Clients compare them, so a code is never renamed.
///
/// The names are those of the hosted service that mpcloud replaces, where it has one.
pub mod codes {
    /// A fault of the server or of a plugin; the cause is in the log under the request id.
    pub const INTERNAL: &str = "InternalError";
    /// No plugin provides the method that was called.
    pub const INVALID_METHOD: &str = "InvalidMethod.Format";
    /// The parameters do not have the form that the method takes.
    pub const INVALID_PARAMS: &str = "InvalidParams.Format";
    /// The request body is not the JSON object that the protocol asks for, or is too large.
    pub const INVALID_BODY: &str = "InvalidBody.Format";
    /// The request names no method.
    pub const MISSING_METHOD: &str = "MissingMethod";
    /// The request has no `params`, and its method needs them.
    pub const MISSING_PARAMS: &str = "MissingParams";
    /// The space is unknown.
    pub const SPACE_NOT_FOUND: &str = "InvalidSpaceId.NotFound";
    /// The space was deleted.
    pub const SPACE_DELETED: &str = "InvalidSpace.Deleted";
    /// The signature does not fit the request.
    pub const SIGNATURE: &str = "SignatureNotMatch";
    /// The token is unknown or has expired; the client SDK authorizes again and retries.
    pub const INVALID_TOKEN: &str = "GATEWAY_INVALID_TOKEN";
    /// A rule of the space's administrator forbids the call.
    pub const PERMISSION_DENIED: &str = "InvalidParameter.PermissionDenied";
    /// The call did not end before its deadline.
    pub const TIMEOUT: &str = "RequestTimeout";
    /// Too many calls; try again later.
    pub const THROTTLED: &str = "Throttling.Api";
    /// Too many calls at the same time; try again later.
    pub const THROTTLED_CONCURRENCY: &str = "Throttling.Api.Concurrency";
    /// The code of a cloud function threw.
    pub const FUNCTION: &str = "FunctionBizError";
    /// The function service could not run the function.
    pub const FUNCTION_SERVER: &str = "FunctionServerError";
    /// A cloud function used up its memory or its time.
    pub const FUNCTION_RESOURCE: &str = "FunctionResourceExhausted";
    /// A file request names something that is not there, or is not allowed.
    pub const PARAM_INVALID: &str = "ParamInvalid";
    /// Something that was named does not exist.
    pub const NOT_FOUND: &str = "NotFound";
    /// Something with this name exists already.
    pub const CONFLICT: &str = "Conflict";
    /// The configuration is not valid.
    pub const CONFIG: &str = "InvalidConfiguration";
    /// The plugin or a backend behind it cannot serve now.
    pub const UNAVAILABLE: &str = "ServiceUnavailable";
}

/// An error with a stable code, a message for people, and a cause that stays on the server.
///
/// [`Display`](fmt::Display) gives one line with code, operation and message; `Debug` adds the
/// context and the chain of causes. Only [`code`](Self::code) and [`message`](Self::message) are
/// ever sent to a client.
pub struct Error(Box<Inner>);

struct Inner {
    code: Cow<'static, str>,
    message: String,
    retryable: bool,
    operation: Option<String>,
    context: Vec<(String, String)>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// How an error crosses from one library to another: all of it but the types of its causes.
#[derive(Serialize, Deserialize)]
struct Wire {
    code: String,
    message: String,
    #[serde(default)]
    retryable: bool,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    context: Vec<(String, String)>,
    #[serde(default)]
    causes: Vec<String>,
}

impl Error {
    /// An error with a code (see [`codes`]) and a message that may be shown to the caller.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code: code.into(),
            message: message.into(),
            retryable: false,
            operation: None,
            context: Vec::new(),
            source: None,
        }))
    }

    /// A fault of ours: the caller sees only that there was one, the log gets `source`.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(codes::INTERNAL, "internal error").with_source(source)
    }

    /// Parameters of the wrong form.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(codes::INVALID_PARAMS, message)
    }

    /// Marks the error as one that may pass when the same call is made again.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// Names what was being done. The first name given stays: it is the nearest to the fault.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<String>) -> Self {
        self.0.operation.get_or_insert_with(|| operation.into());
        self
    }

    /// Adds a fact for the log.
    #[must_use]
    pub fn with_context(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.0.context.push((key.into(), value.to_string()));
        self
    }

    /// Keeps the cause, for the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The message for the caller.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// What was being done, if it was noted.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The facts added for the log.
    pub fn context(&self) -> &[(String, String)] {
        &self.0.context
    }

    /// The messages of the causes, nearest first.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }

    pub(crate) fn to_wire(&self) -> Vec<u8> {
        let wire = Wire {
            code: self.0.code.to_string(),
            message: self.0.message.clone(),
            retryable: self.0.retryable,
            operation: self.0.operation.clone(),
            context: self.0.context.clone(),
            causes: self.causes(),
        };
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    pub(crate) fn from_wire(bytes: &[u8]) -> Self {
        match serde_json::from_slice::<Wire>(bytes) {
            Ok(wire) => Self(Box::new(Inner {
                code: Cow::Owned(wire.code),
                message: wire.message,
                retryable: wire.retryable,
                operation: wire.operation,
                context: wire.context,
                source: Cause::chain(wire.causes),
            })),
            Err(e) => Self::internal(e).with_operation("decode error from another library"),
        }
    }
}

/// A cause that came from another library as text.
#[derive(Debug)]
struct Cause {
    message: String,
    next: Option<Box<dyn StdError + Send + Sync>>,
}

impl Cause {
    fn chain(messages: Vec<String>) -> Option<Box<dyn StdError + Send + Sync>> {
        let mut chain = None;
        for message in messages.into_iter().rev() {
            chain = Some(Box::new(Cause { message, next: chain }) as Box<dyn StdError + Send + Sync>);
        }
        chain
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.next.as_deref().map(|e| e as &(dyn StdError + 'static))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)?;
        if let Some(operation) = &self.0.operation {
            write!(f, " (at {operation})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        for (key, value) in &self.0.context {
            write!(f, "\n  {key}: {value}")?;
        }
        for cause in self.causes() {
            write!(f, "\n  caused by: {cause}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|e| e as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_keeps_everything_and_display_hides_causes() {
        let io = std::io::Error::other("disk /secret is full");
        let error = Error::new("X", "cannot save").retryable().with_operation("put").with_context("key", "a/b").with_source(io);
        let back = Error::from_wire(&error.to_wire());
        assert_eq!(back.to_string(), "X: cannot save (at put)");
        assert!(back.is_retryable());
        assert_eq!(back.context(), [("key".to_owned(), "a/b".to_owned())]);
        assert_eq!(back.causes(), ["disk /secret is full"]);
        assert!(!back.to_string().contains("secret"));
    }

    #[test]
    fn garbage_is_an_internal_error() {
        assert_eq!(Error::from_wire(b"\xff").code(), codes::INTERNAL);
    }
}
