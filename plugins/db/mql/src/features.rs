//! What a filter may not use where it is a part of something else.

use crate::error::{Code, Error, Result};
use crate::filter::{Expr, Filter};

/// Refuses what looks at the whole document or orders the result: `$expr`, `$jsonSchema`, `$near`
/// and its kind.
///
/// # Errors
/// `QueryFeatureNotAllowed`, and `BadValue` for `$near`.
pub(crate) fn refuse_special(filter: &Filter) -> Result<()> {
    if filter.near().is_some() {
        return Err(Error::bad("$geoNear, $near, and $nearSphere are not allowed in this context"));
    }
    expressions(&filter.root)
}

fn expressions(expr: &Expr) -> Result<()> {
    match expr {
        Expr::And(all) | Expr::Or(all) | Expr::Nor(all) => all.iter().try_for_each(expressions),
        Expr::Not(inner) => expressions(inner),
        Expr::Expression(_) => Err(banned("$expr is")),
        Expr::Schema(_) => Err(banned("$jsonSchema is")),
        Expr::Field(..) | Expr::Always(_) => Ok(()),
    }
}

fn banned(what: &str) -> Error {
    Error::new(Code::QueryFeatureNotAllowed, format!("{what} not allowed in this context"))
}
