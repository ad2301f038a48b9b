//! `$bucket`: groups between boundaries.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::super::accumulator::Accumulated;
use super::group::{By, Group};
use crate::check::type_name;
use crate::collation::Collation;
use crate::compare::rank;
use crate::error::{Error, Result};
use crate::expression::{Expression, Scope, Variables};
use crate::known::Known;

/// The boundaries of the groups. Each is part of the group above it.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Buckets {
    by: Expression,
    boundaries: Vec<Bson>,
    default: Option<Bson>,
    collation: Collation,
}

pub(in crate::aggregate) fn parse(value: &Bson, known: &Known, collation: &Collation) -> Result<Group> {
    let Bson::Document(spec) = value else {
        return Err(Error::at(40201, format!("Argument to $bucket stage must be an object, but found type: {}.", type_name(value))));
    };
    let mut scope = known.scope();
    let (mut by, mut boundaries, mut default) = (None, None, None);
    let mut fields = vec![Accumulated::count("count")?];
    for (name, value) in spec {
        match name.as_str() {
            "groupBy" => by = Some(group_by("$bucket", 40202, value, &mut scope)?),
            "boundaries" => boundaries = Some(bounds(value, &mut scope, collation)?),
            "default" => default = Some(constant(value, &mut scope, 40195, "The $bucket 'default' field must be a constant")?),
            "output" => match value {
                Bson::Document(output) => fields = Accumulated::parse_all(output, "", &mut scope)?,
                other => {
                    let found = type_name(other);
                    return Err(Error::at(40196, format!("The $bucket 'output' field must be an object, but found type: {found}.")));
                }
            },
            other => return Err(Error::at(40197, format!("Unrecognized option to $bucket: {other}."))),
        }
    }
    let (Some(by), Some(boundaries)) = (by, boundaries) else {
        return Err(Error::at(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified."));
    };
    if let (Some(default), Some(least), Some(most)) = (&default, boundaries.first(), boundaries.last())
        && rank(default) == rank(least)
        && collation.compare(default, least).is_ge()
        && collation.compare(default, most).is_lt()
    {
        return Err(Error::at(
            40199,
            "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the highest boundary.",
        ));
    }
    Ok(Group::new(By::Bucket(Buckets { by, boundaries, default, collation: collation.clone() }), fields))
}

/// Parses what `$bucket` and `$bucketAuto` group by: a path or an expression, no constant.
pub(super) fn group_by(stage: &str, number: i32, value: &Bson, scope: &mut Scope) -> Result<Expression> {
    let fits = match value {
        Bson::String(text) => text.starts_with('$'),
        Bson::Document(doc) => doc.keys().next().is_some_and(|name| name.starts_with('$')),
        _ => false,
    };
    if !fits {
        return Err(Error::at(
            number,
            format!("The {stage} 'groupBy' field must be defined as a $-prefixed path or an expression, but found: {value}."),
        ));
    }
    Expression::parse_in(value, scope)
}

fn constant(value: &Bson, scope: &mut Scope, number: i32, message: &str) -> Result<Bson> {
    let expression = Expression::parse_in(value, scope)?;
    expression.constant().cloned().ok_or_else(|| Error::at(number, format!("{message} value, but found: {value}.")))
}

fn bounds(value: &Bson, scope: &mut Scope, collation: &Collation) -> Result<Vec<Bson>> {
    let Bson::Array(items) = value else {
        return Err(Error::at(40200, format!("The $bucket 'boundaries' field must be an array, but found type: {}.", type_name(value))));
    };
    if items.len() < 2 {
        return Err(Error::at(
            40192,
            format!("The $bucket 'boundaries' field must have at least 2 values, but found {} value(s).", items.len()),
        ));
    }
    let message = "The $bucket 'boundaries' field must be an array of constant values; each";
    let bounds: Vec<Bson> = items.iter().map(|item| constant(item, scope, 40191, message)).collect::<Result<_>>()?;
    for (lower, upper) in bounds.iter().zip(bounds.iter().skip(1)) {
        if rank(lower) != rank(upper) {
            return Err(Error::at(
                40193,
                format!(
                    "All values in the the 'boundaries' option to $bucket must have the same type. Found conflicting types {} and {}.",
                    type_name(lower),
                    type_name(upper)
                ),
            ));
        }
        if collation.compare(lower, upper) != Ordering::Less {
            return Err(Error::at(
                40194,
                format!("The 'boundaries' option to $bucket must be sorted, but elements {lower} and {upper} are not in ascending order."),
            ));
        }
    }
    Ok(bounds)
}

impl Buckets {
    /// The lower boundary of the group that a document belongs to.
    pub(super) fn find(&self, doc: &Document, variables: &Variables) -> Result<Bson> {
        let value = self.by.evaluate(doc, variables)?;
        let above = self.boundaries.partition_point(|boundary| self.collation.compare(boundary, &value).is_le());
        let found = match above.checked_sub(1) {
            Some(lower) if above < self.boundaries.len() => self.boundaries.get(lower),
            _ => self.default.as_ref(),
        };
        found
            .cloned()
            .ok_or_else(|| Error::at(40066, "$switch could not find a matching branch for an input, and no default was specified."))
    }
}
