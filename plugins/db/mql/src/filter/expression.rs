//! `$expr`: where filters and expressions meet.

use std::fmt;
use std::sync::Arc;

use bson::{Bson, Document};

use crate::error::{Error, Result};

/// An expression whose value decides whether a document matches.
pub trait Predicate: fmt::Debug + Send + Sync {
    /// Whether the expression is true of a document. `variables` are those defined outside the
    /// filter, without `$$`.
    ///
    /// # Errors
    /// What evaluation reports, such as a division by zero.
    fn test(&self, doc: &Document, variables: &Document) -> Result<bool>;
}

/// Parses the operand of `$expr`.
pub(super) fn parse(_expression: &Bson) -> Result<Arc<dyn Predicate>> {
    Err(Error::unsupported("$expr"))
}
