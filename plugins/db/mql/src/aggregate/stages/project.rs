//! `$project` and `$unset`.

use bson::{Bson, Document};

use super::fields::{Leaf, Tree, invalid, walk};
use crate::error::{Error, Result};
use crate::expression::{Expression, Variables};
use crate::filter::truthy;
use crate::known::Known;

/// Which fields go on, and which are computed.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Project {
    include: bool,
    tree: Tree,
}

impl Project {
    pub(in crate::aggregate) fn parse(value: &Bson, known: &Known) -> Result<Self> {
        let Bson::Document(spec) = value else {
            return Err(Error::at(15969, "$project specification must be an object"));
        };
        Self::fields(spec, known).map_err(|error| invalid("$project", &error))
    }

    fn fields(spec: &Document, known: &Known) -> Result<Self> {
        let mut scope = known.scope();
        let mut tree = Tree::default();
        let mut include = None;
        let mut without_id = false;
        walk(spec, &mut |path, leaf| {
            let excluded = matches!(leaf, Leaf::Number(number) if !truthy(number));
            if excluded && matches!(path, [id] if id == "_id") {
                without_id = true;
                return Ok(());
            }
            match (*include.get_or_insert(!excluded), excluded) {
                (true, true) => {
                    return Err(Error::at(
                        40178,
                        format!("Bad projection specification, cannot exclude fields other than '_id' in an inclusion projection: {spec}"),
                    ));
                }
                (false, false) => {
                    return Err(Error::at(
                        40179,
                        format!(
                            "Bad projection specification, cannot include fields or add computed fields during an exclusion projection: {spec}"
                        ),
                    ));
                }
                _ => {}
            }
            match leaf {
                Leaf::Number(_) => tree.name(path),
                Leaf::Expression(value) => tree.compute(path, Expression::parse_in(value, &mut scope)?),
            }
            Ok(())
        })?;
        let include = include.unwrap_or(false);
        if (include && !without_id && !tree.has("_id")) || (!include && without_id) {
            tree.name(&["_id".to_owned()]);
        }
        Ok(Self { include, tree })
    }

    pub(in crate::aggregate) fn parse_unset(value: &Bson) -> Result<Self> {
        let fields = match value {
            Bson::String(_) => std::slice::from_ref(value),
            Bson::Array(items) if items.is_empty() => {
                return Err(Error::at(31119, "$unset specification must be a string or an array with at least one field"));
            }
            Bson::Array(items) => items.as_slice(),
            _ => return Err(Error::at(31002, "$unset specification must be a string or an array")),
        };
        let mut spec = Document::new();
        for field in fields {
            let Bson::String(field) = field else {
                return Err(Error::at(31120, "$unset specification must be a string or an array containing only string values"));
            };
            if spec.insert(field.clone(), 0).is_some() {
                let error =
                    Error::at(40176, format!("specification contains two conflicting paths. Cannot specify both '{field}' and '{field}'"));
                return Err(invalid("$unset", &error));
            }
        }
        Self::fields(&spec, &Known::default()).map_err(|error| invalid("$unset", &error))
    }

    pub(in crate::aggregate) fn apply(&self, doc: Document, variables: &Variables) -> Result<Document> {
        if !self.include {
            return Ok(self.tree.exclude(doc));
        }
        let values = self.tree.evaluate(&doc, variables)?;
        let mut doc = self.tree.include(doc);
        self.tree.set(&mut doc, &values, &variables.watch)?;
        Ok(doc)
    }
}

/// `$addFields` and `$set`: fields that are computed, beside all others.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct AddFields {
    tree: Tree,
}

impl AddFields {
    pub(in crate::aggregate) fn parse(stage: &str, value: &Bson, known: &Known) -> Result<Self> {
        let Bson::Document(spec) = value else {
            return Err(Error::at(40272, format!("{stage} specification stage must be an object, got {}", crate::check::type_name(value))));
        };
        let mut scope = known.scope();
        let mut tree = Tree::default();
        let mut add = |path: &[String], leaf: Leaf<'_>| {
            let (Leaf::Number(value) | Leaf::Expression(value)) = leaf;
            tree.compute(path, Expression::parse_in(value, &mut scope)?);
            Ok(())
        };
        walk(spec, &mut add).map_err(|error| invalid(stage, &error))?;
        Ok(Self { tree })
    }

    pub(in crate::aggregate) fn apply(&self, mut doc: Document, variables: &Variables) -> Result<Document> {
        let values = self.tree.evaluate(&doc, variables)?;
        self.tree.set(&mut doc, &values, &variables.watch)?;
        Ok(doc)
    }
}
