//! The error type, with MongoDB's names and numbers.

use std::borrow::Cow;
use std::fmt;

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// MongoDB's error codes, as far as this crate reports them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// One of the many errors that MongoDB knows by their number only.
            Location(i32),
        }

        impl Code {
            /// MongoDB's name of the code.
            pub fn name(self) -> Cow<'static, str> {
                match self {
                    $(Self::$name => Cow::Borrowed(stringify!($name)),)*
                    Self::Location(number) => Cow::Owned(format!("Location{number}")),
                }
            }

            /// MongoDB's number of the code.
            pub fn number(self) -> i32 {
                match self {
                    $(Self::$name => $number,)*
                    Self::Location(number) => number,
                }
            }
        }
    };
}

codes! {
    /// A value that the operator does not take.
    BadValue = 2,
    /// A command, operator or value that cannot be parsed.
    FailedToParse = 9,
    /// A value of the wrong type.
    TypeMismatch = 14,
    /// Nested too deep.
    Overflow = 15,
    /// A path that leads through a value which cannot have fields.
    PathNotViable = 28,
    /// An array that would have to be filled up with too many nulls.
    CannotBackfillArray = 34,
    /// Two operators of an update touch the same path.
    ConflictingUpdateOperators = 40,
    /// A field name that begins with `$`.
    DollarPrefixedFieldName = 52,
    /// An `_id` of a type that cannot be one.
    InvalidIdField = 53,
    /// An upsert would have to set one field to two values.
    NotSingleValueField = 54,
    /// A path with an empty component.
    EmptyFieldName = 56,
    /// A field name with a `.`.
    DottedFieldName = 57,
    /// Evaluation took longer than it may.
    MaxTimeMSExpired = 50,
    /// An update would change `_id`.
    ImmutableField = 66,
    /// An index that cannot be one.
    CannotCreateIndex = 67,
    /// A namespace that cannot be one.
    InvalidNamespace = 73,
    /// An option that does not fit the rest of the command.
    InvalidOptions = 72,
    /// An index exists with other options.
    IndexOptionsConflict = 85,
    /// An index of that name exists with other keys.
    IndexKeySpecsConflict = 86,
    /// A memory bound was reached.
    OperationFailed = 96,
    /// An upsert that asks for a part of a field that must be given whole.
    NotExactValueField = 111,
    /// Part of MongoDB's language that is not there yet.
    CommandNotSupported = 115,
    /// Values in memory would take more than they may.
    ExceededMemoryLimit = 146,
    /// A time span that milliseconds cannot hold.
    DurationOverflow = 159,
    /// An operator or stage of an aggregation that does not exist.
    InvalidPipelineOperator = 168,
    /// An index over two arrays of one document.
    CannotIndexParallelArrays = 171,
    /// A field that an index specification does not have.
    InvalidIndexSpecificationOption = 197,
    /// A value that cannot be converted.
    ConversionFailure = 241,
    /// A feature that may not be used at this place.
    QueryFeatureNotAllowed = 224,
    /// A document above 16 MiB.
    BSONObjectTooLarge = 10334,
    /// A regular expression that is not valid, or cannot run in linear time.
    InvalidRegex = 51091,
}

/// What is wrong with a command, in MongoDB's words where it has them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    code: Code,
    message: String,
}

impl Error {
    /// An error with a code and a message for the caller.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(Code::BadValue, message)
    }

    pub(crate) fn parse(message: impl Into<String>) -> Self {
        Self::new(Code::FailedToParse, message)
    }

    pub(crate) fn at(location: i32, message: impl Into<String>) -> Self {
        Self::new(Code::Location(location), message)
    }

    pub(crate) fn unsupported(what: &str) -> Self {
        Self::new(Code::CommandNotSupported, format!("{what} is not supported yet"))
    }

    /// MongoDB's code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The message for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code.name(), self.code.number(), self.message)
    }
}
