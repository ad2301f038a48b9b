//! What the engine refuses.

/// Why a report or a segment was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is not valid. The text names it and says what is allowed.
    #[error("{0}")]
    Parameter(String),
    /// A segment's bytes are not what the engine writes. The text is for logs.
    #[error("a segment cannot be read: {0}")]
    Segment(String),
}

/// What the engine answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A parameter that is not valid.
    pub fn parameter(text: impl Into<String>) -> Self {
        Self::Parameter(text.into())
    }
}
