//! `$match`.

use std::sync::Arc;

use bson::{Bson, Document};

use super::super::operator::{Each, Env, Operator};
use crate::collation::Collation;
use crate::error::{Error, Result};
use crate::filter::Filter;

/// Checks the specification. The documents of several stages may be one filter.
pub(in crate::aggregate) fn conditions(value: &Bson) -> Result<&Document> {
    value.as_document().ok_or_else(|| Error::at(15959, "the match filter must be an expression in an object"))
}

/// Parses a filter as it stands in a pipeline; its expressions may use the variables of the given
/// names.
pub(in crate::aggregate) fn filter(conditions: &Document, collation: &Collation, known: &[String]) -> Result<Filter> {
    let filter = Filter::parse_knowing(conditions, collation, known)?;
    if filter.near().is_some() {
        return Err(Error::bad("$geoNear, $near, and $nearSphere are not allowed in this context"));
    }
    Ok(filter)
}

pub(in crate::aggregate) fn start(filter: Arc<Filter>) -> Box<dyn Operator> {
    Box::new(Each::new(move |doc: Document, env: &Env| Ok(filter.test_with(&doc, &env.variables)?.is_some().then_some(doc))))
}
