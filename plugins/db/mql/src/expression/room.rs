//! The memory that one evaluation may hold at a time.

use bson::{Bson, Document};

use crate::error::{Code, Error, Result};

/// What intermediate values of one evaluation may take together, in bytes as they lie in memory.
/// MongoDB's own limit for operators that cannot spill to disk.
pub(crate) const LIMIT: usize = 100 * 1024 * 1024;

/// The longest string that an operator makes, in bytes: as long as a document may be.
pub(crate) const STRING_LIMIT: usize = crate::check::MAX_SIZE;

/// How deep a value may nest. MongoDB's own limit for BSON.
const DEPTH: usize = 200;

/// What a field of a document takes beside its name and value.
const FIELD: usize = 64;

/// How much of [`LIMIT`] is taken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room {
    taken: usize,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// `ExceededMemoryLimit` above [`LIMIT`].
    pub(crate) fn take(&mut self, bytes: usize) -> Result<()> {
        self.taken = self.taken.saturating_add(bytes);
        if self.taken > LIMIT {
            return Err(Error::new(
                Code::ExceededMemoryLimit,
                format!("the expression would use too much memory and cannot spill to disk. Memory limit: {LIMIT} bytes"),
            ));
        }
        Ok(())
    }

    /// Takes the bytes of a value.
    ///
    /// # Errors
    /// As [`take`](Self::take), and `Overflow` for a value that nests too deep.
    pub(crate) fn hold(&mut self, value: &Bson) -> Result<()> {
        self.at_depth(value, DEPTH)
    }

    fn at_depth(&mut self, value: &Bson, left: usize) -> Result<()> {
        self.take(size_of::<Bson>())?;
        match value {
            Bson::String(text) | Bson::Symbol(text) | Bson::JavaScriptCode(text) => self.take(text.len()),
            Bson::Binary(binary) => self.take(binary.bytes.len()),
            Bson::RegularExpression(regex) => self.take(regex.pattern.as_str().len()),
            Bson::Array(items) => {
                let left = deeper(left)?;
                items.iter().try_for_each(|item| self.at_depth(item, left))
            }
            Bson::Document(doc) => self.fields(doc, deeper(left)?),
            Bson::JavaScriptCodeWithScope(code) => {
                self.take(code.code.len())?;
                self.fields(&code.scope, deeper(left)?)
            }
            _ => Ok(()),
        }
    }

    fn fields(&mut self, doc: &Document, left: usize) -> Result<()> {
        doc.iter().try_for_each(|(name, value)| {
            self.take(name.len().saturating_add(FIELD))?;
            self.at_depth(value, left)
        })
    }
}

fn deeper(left: usize) -> Result<usize> {
    left.checked_sub(1).ok_or_else(|| Error::new(Code::Overflow, format!("a value exceeds the maximum nesting depth of {DEPTH} levels")))
}

/// Checks the length of a string before it is made.
///
/// # Errors
/// `BSONObjectTooLarge` above [`STRING_LIMIT`].
pub(crate) fn string(bytes: usize) -> Result<()> {
    if bytes > STRING_LIMIT {
        return Err(Error::new(
            Code::BSONObjectTooLarge,
            format!("a string of {bytes} bytes is too large. Size must be between 0 and {STRING_LIMIT} (16MB)"),
        ));
    }
    Ok(())
}
