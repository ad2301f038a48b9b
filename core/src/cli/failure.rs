//! Why a command did not do what it was asked, and what to do about it.

use std::fmt;

/// A command's failure, as it is shown on standard error.
#[derive(Debug)]
pub struct Failure {
    /// A stable code, where the server gave one.
    code: String,
    message: String,
    advice: String,
    usage: bool,
}

impl Failure {
    /// Something went wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { code: String::new(), message: message.into(), advice: String::new(), usage: false }
    }

    /// The command was used wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(message) }
    }

    /// Says what to do.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// Keeps the server's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = code.into();
        self
    }

    /// The server's code; empty when the failure is not the server's.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// 1 for failures, 2 for wrong usage.
    pub fn exit_code(&self) -> u8 {
        if self.usage { 2 } else { 1 }
    }
}

impl From<sdk_plugin::Error> for Failure {
    fn from(error: sdk_plugin::Error) -> Self {
        Self::new(error.message()).with_code(error.code())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if !self.code.is_empty() {
            write!(f, " ({})", self.code)?;
        }
        if !self.advice.is_empty() {
            write!(f, "\n{}", self.advice)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_and_what_to_do() {
        let failure = Failure::new("no such space").with_code("InvalidSpaceId.NotFound").advise("List them: mpcloud space list");
        assert_eq!(failure.to_string(), "error: no such space (InvalidSpaceId.NotFound)\nList them: mpcloud space list");
        assert_eq!(failure.exit_code(), 1);
        assert_eq!(Failure::usage("x").exit_code(), 2);
    }
}
