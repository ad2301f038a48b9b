//! Which filters may decide what is in a partial index, and which queries it can answer.

use bson::{Bson, Document};

use super::IndexSpec;
use super::parse::cannot;
use crate::collation::Collation;
use crate::compare::rank;
use crate::error::Result;
use crate::filter::{Comparison, Expr, Filter, Test};

/// Parses `partialFilterExpression`: equality, `$gt $gte $lt $lte`, `$exists: true` and `$type`,
/// and `$and` of these on top.
///
/// # Errors
/// `CannotCreateIndex` for other operators; the errors of filters.
pub(super) fn parse(doc: &Document, collation: &Collation) -> Result<Filter> {
    let filter = Filter::parse_with(doc, collation)?;
    match &filter.root {
        Expr::And(all) => all.iter().try_for_each(|expr| leaf(expr, doc))?,
        other => leaf(other, doc)?,
    }
    Ok(filter)
}

fn leaf(expr: &Expr, doc: &Document) -> Result<()> {
    match expr {
        Expr::Field(_, Test::Compare(..) | Test::Exists | Test::Type(_)) => Ok(()),
        Expr::And(all) if all.iter().all(|expr| matches!(expr, Expr::Field(..))) => all.iter().try_for_each(|expr| leaf(expr, doc)),
        Expr::And(_) => Err(cannot("$and only supported in partialFilterExpression at top level")),
        _ => Err(cannot(format!("unsupported expression in partial index: {doc}"))),
    }
}

impl IndexSpec {
    /// Whether every document that a filter matches is in the index as far as its partial filter
    /// decides that: each condition of the partial filter follows from one of the filter's.
    pub fn covers(&self, filter: &Filter) -> bool {
        let Some(partial) = self.partial() else {
            return true;
        };
        let strings = (self.collation() == filter.collation()).then(|| self.collation());
        conditions(&partial.root).iter().all(|wanted| conditions(&filter.root).iter().any(|given| follows(wanted, given, strings)))
    }
}

/// The conditions that every match meets.
fn conditions(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::And(all) => all.iter().flat_map(conditions).collect(),
        other => vec![other],
    }
}

/// Whether a value that meets the one condition meets the other; `strings` is the order of
/// strings, if both have the same.
fn follows(wanted: &Expr, given: &Expr, strings: Option<&Collation>) -> bool {
    let (Expr::Field(wanted_path, wanted), Expr::Field(given_path, given)) = (wanted, given) else {
        return false;
    };
    if wanted_path != given_path {
        return false;
    }
    let is_there = |value: &Bson| rank(value) > rank(&Bson::Null) && !matches!(value, Bson::MaxKey);
    match (wanted, given) {
        (Test::Exists, Test::Compare(_, value)) => is_there(value),
        (Test::Exists, Test::In(values, _)) => values.iter().all(is_there),
        (Test::Exists, Test::Exists | Test::Type(_) | Test::Regex(_) | Test::Mod { .. } | Test::Size(_)) => true,
        (Test::Compare(wanted, bound), Test::Compare(given, value)) => implies(*wanted, bound, *given, value, strings),
        (Test::Compare(wanted, bound), Test::In(values, patterns)) => {
            patterns.is_empty() && values.iter().all(|value| implies(*wanted, bound, Comparison::Equal, value, strings))
        }
        _ => false,
    }
}

/// Whether each value that compares so to `value` also compares as wanted to `bound`.
fn implies(wanted: Comparison, bound: &Bson, given: Comparison, value: &Bson, strings: Option<&Collation>) -> bool {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let nan = Bson::Double(f64::NAN);
    if rank(bound) != rank(value) {
        return false;
    }
    let order = match strings {
        Some(collation) => collation.compare(value, bound),
        None if matches!(bound, Bson::String(_) | Bson::Symbol(_) | Bson::Document(_) | Bson::Array(_)) => return false,
        None => crate::compare(value, bound),
    };
    // Not-a-number is less than nothing but equal to itself.
    if crate::equal(value, &nan) || crate::equal(bound, &nan) {
        return order.is_eq() && (given, wanted) == (Equal, Equal);
    }
    match wanted {
        Equal => given == Equal && order.is_eq(),
        Greater => (order.is_gt() && matches!(given, Equal | Greater | GreaterOrEqual)) || (order.is_eq() && given == Greater),
        GreaterOrEqual => order.is_ge() && matches!(given, Equal | Greater | GreaterOrEqual),
        Less => (order.is_lt() && matches!(given, Equal | Less | LessOrEqual)) || (order.is_eq() && given == Less),
        LessOrEqual => order.is_le() && matches!(given, Equal | Less | LessOrEqual),
    }
}
