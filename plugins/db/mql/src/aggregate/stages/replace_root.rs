//! `$replaceRoot` and `$replaceWith`.

use bson::{Bson, Document};

use crate::error::{Error, Result};
use crate::expression::{Expression, Variables, type_name};
use crate::known::Known;

/// A document that an expression makes goes on in place of the old one.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct ReplaceRoot {
    /// How messages call the expression.
    noun: &'static str,
    expression: Expression,
}

impl ReplaceRoot {
    pub(in crate::aggregate) fn parse(value: &Bson, known: &Known) -> Result<Self> {
        let Bson::Document(spec) = value else {
            return Err(Error::at(40229, format!("expected an object as specification for $replaceRoot stage, got {}", type_name(value))));
        };
        if let Some(option) = spec.keys().find(|option| *option != "newRoot") {
            return Err(Error::at(40230, format!("unrecognized option to $replaceRoot stage: {option}, only valid option is 'newRoot'.")));
        }
        let root = spec.get("newRoot").ok_or_else(|| Error::at(40231, "no newRoot specified for the $replaceRoot stage"))?;
        Ok(Self { noun: "'newRoot' expression ", expression: Expression::parse_in(root, &mut known.scope())? })
    }

    pub(in crate::aggregate) fn parse_with(value: &Bson, known: &Known) -> Result<Self> {
        Ok(Self { noun: "'replacement document' ", expression: Expression::parse_in(value, &mut known.scope())? })
    }

    pub(in crate::aggregate) fn apply(&self, doc: &Document, variables: &Variables) -> Result<Document> {
        match self.expression.evaluate(doc, variables)? {
            Bson::Document(new) => Ok(new),
            other => {
                let shown = if other == Bson::Undefined { "MISSING".to_owned() } else { other.to_string() };
                Err(Error::at(
                    40228,
                    format!(
                        "{}must evaluate to an object, but resulting value was: {shown}. Type of resulting value: '{}'. Input document: {doc}",
                        self.noun,
                        type_name(&other)
                    ),
                ))
            }
        }
    }
}
