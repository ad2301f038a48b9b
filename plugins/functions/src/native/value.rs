//! Values that cross between JavaScript and the ops, and the errors that ops throw.

use std::borrow::Cow;

/// A JavaScript value as far as ops need it. Functions, symbols and cycles do not cross.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// `undefined`, and `null` on the way in.
    #[default]
    Undefined,
    /// `null`, on the way out.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string. What is not well-formed UTF-16 has replacement characters.
    String(String),
    /// The bytes of an `ArrayBuffer` or of a view of one; a `Uint8Array` on the way out.
    Bytes(Vec<u8>),
    /// An array.
    List(Vec<Value>),
    /// An object's own enumerable properties, in order.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// An object.
    pub fn map<const N: usize>(entries: [(&str, Value); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The property of an object; `None` when it is absent, `undefined` or `null`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value).filter(|value| !matches!(value, Self::Undefined | Self::Null))
    }

    /// How many bytes it has at its top level.
    pub fn size(&self) -> usize {
        self.as_bytes().map_or(0, <[u8]>::len)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is some.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Number(f64::from(value))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        // Lengths and counts stay far below 2^53.
        Self::Number(value as f64)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::List(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Undefined, Into::into)
    }
}

/// The arguments of an op.
#[derive(Debug)]
pub struct Args(Vec<Value>);

impl Args {
    /// The arguments that JavaScript gave.
    pub fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// How many bytes the texts and buffers have together.
    pub fn size(&self) -> usize {
        fn size(value: &Value) -> usize {
            match value {
                Value::String(text) => text.len(),
                Value::Bytes(bytes) => bytes.len(),
                Value::List(items) => items.iter().map(size).sum(),
                Value::Map(entries) => entries.iter().map(|(key, value)| key.len() + size(value)).sum(),
                _ => 0,
            }
        }
        self.0.iter().map(size).sum()
    }

    /// An argument; `undefined` beyond the last.
    pub fn get(&self, index: usize) -> &Value {
        static NONE: Value = Value::Undefined;
        self.0.get(index).unwrap_or(&NONE)
    }

    /// A text.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_TYPE` when it is something else. The same holds for those below.
    pub fn str(&self, index: usize) -> super::Result<&str> {
        self.get(index).as_str().ok_or_else(|| wrong(index, "a string"))
    }

    /// Bytes.
    pub fn bytes(&self, index: usize) -> super::Result<&[u8]> {
        self.get(index).as_bytes().ok_or_else(|| wrong(index, "a Buffer or an ArrayBuffer"))
    }

    /// A number.
    pub fn number(&self, index: usize) -> super::Result<f64> {
        self.get(index).as_number().ok_or_else(|| wrong(index, "a number"))
    }

    /// A whole number from 0 to 2^32-1.
    pub fn u32(&self, index: usize) -> super::Result<u32> {
        let number = self.number(index)?;
        if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
            // Checked above.
            Ok(number as u32)
        } else {
            Err(wrong(index, "a whole number"))
        }
    }

    /// Whether an argument is `true`.
    pub fn flag(&self, index: usize) -> bool {
        self.get(index).as_bool().unwrap_or(false)
    }
}

fn wrong(index: usize, expected: &str) -> Failure {
    Failure::type_error("ERR_INVALID_ARG_TYPE", format!("argument {} must be {expected}", index + 1))
}

/// Which JavaScript class an error has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Error`
    Error,
    /// `TypeError`
    TypeError,
    /// `RangeError`
    RangeError,
}

/// An error that JavaScript sees: its class, `code`, `message`, and further properties.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The class.
    pub kind: Kind,
    /// `code`, as Node.js names it, such as `ENOENT`; none if it is empty.
    pub code: Cow<'static, str>,
    /// `message`
    pub message: String,
    /// Further properties, such as `syscall`.
    pub fields: Vec<(&'static str, Value)>,
}

impl Failure {
    /// An `Error`.
    pub fn error(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind: Kind::Error, code: code.into(), message: message.into(), fields: Vec::new() }
    }

    /// A `TypeError`.
    pub fn type_error(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind: Kind::TypeError, ..Self::error(code, message) }
    }

    /// A `RangeError`.
    pub fn range_error(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind: Kind::RangeError, ..Self::error(code, message) }
    }

    /// Adds a property.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
