//! `$redact`.

use std::sync::Arc;

use bson::{Bson, Document};

use super::super::operator::{Each, Env, Operator};
use crate::error::{Error, Result};
use crate::expression::{Expression, Frame};
use crate::known::Known;

/// What the stage's own variables hold: any three values that differ.
const DECISIONS: [(&str, &str); 3] = [("KEEP", "keep"), ("PRUNE", "prune"), ("DESCEND", "descend")];

/// Decides about each document and, where that says to descend, about each one within.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Redact {
    expression: Expression,
    values: Vec<(&'static str, Bson)>,
}

impl Redact {
    pub(in crate::aggregate) fn parse(value: &Bson, known: &Known) -> Result<Self> {
        let expression = known.scope().knowing(&DECISIONS.map(|(name, _)| name), |scope| Expression::parse_in(value, scope))?;
        Ok(Self { expression, values: DECISIONS.iter().map(|(name, value)| (*name, Bson::String((*value).to_owned()))).collect() })
    }

    pub(in crate::aggregate) fn start(self: Arc<Self>) -> Box<dyn Operator> {
        Box::new(Each::new(move |doc: Document, env: &Env| {
            let root = doc.clone();
            self.redact(doc, &root, env)
        }))
    }

    fn redact(&self, doc: Document, root: &Document, env: &Env) -> Result<Option<Document>> {
        let current = Bson::Document(doc);
        let decision = self.decide(&current, root, env)?;
        let Bson::Document(doc) = current else {
            return Ok(None);
        };
        match &decision {
            Bson::String(text) if text == "keep" => Ok(Some(doc)),
            Bson::String(text) if text == "prune" => Ok(None),
            Bson::String(text) if text == "descend" => {
                let mut kept = Document::new();
                for (name, value) in doc {
                    if let Some(value) = self.within(value, root, env)? {
                        kept.insert(name, value);
                    }
                }
                Ok(Some(kept))
            }
            other => Err(Error::at(
                17053,
                format!(
                    "$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and $$PRUNE, but returned {other}"
                ),
            )),
        }
    }

    fn within(&self, value: Bson, root: &Document, env: &Env) -> Result<Option<Bson>> {
        match value {
            Bson::Document(doc) => Ok(self.redact(doc, root, env)?.map(Bson::Document)),
            Bson::Array(items) => {
                let mut kept = Vec::with_capacity(items.len());
                for item in items {
                    kept.extend(self.within(item, root, env)?);
                }
                Ok(Some(Bson::Array(kept)))
            }
            other => Ok(Some(other)),
        }
    }

    fn decide(&self, current: &Bson, root: &Document, env: &Env) -> Result<Bson> {
        let bound = Frame { name: "CURRENT", value: current, parent: None };
        self.bind(&self.values, &bound, root, env)
    }

    fn bind(&self, values: &[(&'static str, Bson)], frame: &Frame<'_>, root: &Document, env: &Env) -> Result<Bson> {
        match values.split_first() {
            Some(((name, value), rest)) => self.bind(rest, &Frame { name, value, parent: Some(frame) }, root, env),
            None => self.expression.evaluate_with(root, &env.variables, frame),
        }
    }
}
