//! Updates: operators that change fields, pipelines, and whole replacements.

mod apply;
mod array;
mod array_filters;
mod clock;
mod expand;
mod operators;
mod parse;
mod path;
mod place;
mod pull;
mod replacement;
mod same;
mod upsert;

use bson::{Bson, DateTime, Document};

use crate::aggregate::{Transform, bounds};
use crate::check;
use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::expression::Variables;
use crate::filter::Matched;
use operators::Operators;

pub(crate) use place::set_path;
pub use replacement::Replacement;

/// A parsed update, of operators or of a pipeline.
///
/// Operators are `$set $unset $inc $mul $min $max $rename $setOnInsert $currentDate`, `$push
/// $addToSet $pop $pull $pullAll` with their modifiers, and `$bit`. Their paths may have the
/// positional parts `$`, `$[]` and `$[identifier]`. A pipeline has the stages of [`Transform`].
#[derive(Clone, Debug)]
pub struct Update {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Operators(Operators),
    Pipeline { transform: Transform, variables: Variables },
}

/// What a command says beside its update.
#[derive(Clone, Debug, Default)]
pub struct UpdateOptions {
    /// `arrayFilters`: the elements that `$[identifier]` stands for.
    pub array_filters: Vec<Document>,
    /// How strings compare in `$min`, `$max`, `$addToSet`, `$pull`, `$pullAll`, `$push` with
    /// `$sort`, and array filters.
    pub collation: Collation,
    /// The time for `$currentDate` and `$$NOW`; that of parsing when there is none.
    pub now: Option<DateTime>,
    /// The variables that a pipeline may use, without `$$`.
    pub variables: Document,
}

impl Update {
    /// Parses an update of operators, with no options.
    ///
    /// # Errors
    /// As [`parse_with`](Self::parse_with).
    pub fn parse(update: &Document) -> Result<Self> {
        let options = UpdateOptions::default();
        Ok(Self { kind: Kind::Operators(Operators::parse(update, &options)?) })
    }

    /// Parses an update: a document of operators, or a pipeline, which is an array.
    ///
    /// # Errors
    /// As MongoDB: `FailedToParse` for unknown operators, for a document without any, and for
    /// array filters that are not used or do not fit; `ConflictingUpdateOperators` when two
    /// operators touch the same path; `EmptyFieldName`, `DollarPrefixedFieldName`,
    /// `TypeMismatch`, `BadValue`; the errors of pipelines.
    pub fn parse_with(update: &Bson, options: &UpdateOptions) -> Result<Self> {
        let kind = match update {
            Bson::Document(update) => Kind::Operators(Operators::parse(update, options)?),
            Bson::Array(_) if !options.array_filters.is_empty() => {
                return Err(Error::parse("arrayFilters may not be specified for pipeline-syle updates"));
            }
            Bson::Array(stages) => {
                let mut variables = Variables::at(options.now.unwrap_or_else(DateTime::now));
                for (name, value) in &options.variables {
                    variables.give(name.clone(), value.clone());
                }
                Kind::Pipeline { transform: Transform::parse_with(stages, &variables)?, variables }
            }
            _ => return Err(Error::parse("Update argument must be either an object or an array")),
        };
        Ok(Self { kind })
    }

    /// Whether a document is an update of operators rather than a replacement.
    pub fn is_operators(update: &Document) -> bool {
        update.keys().next().is_some_and(|key| key.starts_with('$'))
    }

    /// Whether the update needs to know what [`Filter::test`](crate::Filter::test) says of a
    /// document: it has the positional `$`.
    pub fn is_positional(&self) -> bool {
        matches!(&self.kind, Kind::Operators(operators) if operators.is_positional())
    }

    /// Changes a document. Says whether it is different now. After an error the document is
    /// unusable.
    ///
    /// # Errors
    /// `ImmutableField` when `_id` would change; `PathNotViable`, `TypeMismatch` and `BadValue`
    /// when a value cannot be changed so; `Overflow` when the result is nested too deep,
    /// `BSONObjectTooLarge` when it is above 16 MiB; the errors of a pipeline.
    pub fn apply(&self, doc: &mut Document) -> Result<bool> {
        self.change(doc, None, false)
    }

    /// Changes a document that a filter matched; `matched` is what the positional `$` stands for.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn apply_matched(&self, doc: &mut Document, matched: Matched) -> Result<bool> {
        self.change(doc, matched.position, false)
    }

    /// Changes the document that an upsert inserts, `$setOnInsert` included. It comes from
    /// [`Filter::equalities`](crate::Filter::equalities).
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn apply_on_insert(&self, doc: &mut Document) -> Result<()> {
        self.change(doc, None, true).map(drop)
    }

    fn change(&self, doc: &mut Document, matched: Option<usize>, inserting: bool) -> Result<bool> {
        match &self.kind {
            Kind::Operators(operators) => {
                let id = doc.get("_id").cloned();
                let changed = operators.apply(doc, matched, inserting)?;
                if let Some(id) = id
                    && !doc.get("_id").is_some_and(|new| crate::equal(new, &id))
                {
                    return Err(Error::new(
                        Code::ImmutableField,
                        "Performing an update on the path '_id' would modify the immutable field '_id'",
                    ));
                }
                check::depth(doc)?;
                fits(doc)?;
                Ok(changed)
            }
            Kind::Pipeline { transform, variables } => {
                let new = transform.apply(doc, variables)?;
                let new = replacement::with_id(&new, doc.get("_id"))?;
                check::document(&new)?;
                fits(&new)?;
                let changed = !same::document(doc, &new);
                *doc = new;
                Ok(changed)
            }
        }
    }
}

fn fits(doc: &Document) -> Result<()> {
    if bounds::size(doc) > check::MAX_SIZE { Err(place::too_large()) } else { Ok(()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
