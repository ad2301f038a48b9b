//! `$expr`: where filters and expressions meet.

use std::sync::Arc;

use bson::{Bson, Document};

use crate::collation::Collation;
use crate::error::Result;
use crate::expression::{Expression, Scope, Variables};

/// The name of the variable that holds the time of the command; users' names begin with small
/// letters.
pub(crate) const NOW: &str = "NOW";

/// Parses the operand of `$expr`, which may use the variables of the given names.
pub(super) fn parse(expression: &Bson, known: &[String]) -> Result<Arc<Expression>> {
    let mut scope = Scope::with(known.iter().map(String::as_str));
    Expression::parse_in(expression, &mut scope).map(Arc::new)
}

/// Variables as expressions take them, from a document of their values. That may hold [`NOW`] too.
pub(super) fn variables(given: &Document, now: bson::DateTime, collation: &Collation) -> Variables {
    let now = given.get_datetime(NOW).copied().unwrap_or(now);
    let mut variables = Variables::at(now);
    for (name, value) in given.iter().filter(|(name, _)| *name != NOW) {
        variables.give(name.clone(), value.clone());
    }
    variables.collate(collation);
    variables
}
