//! Trees of paths, which `$project`, `$addFields` and `$unset` have in common: what is kept,
//! removed or computed at each.

use std::collections::BTreeSet;
use std::ops::Bound;

use bson::{Bson, Document};

use crate::check;
use crate::error::{Code, Error, Result};
use crate::expression::{Expression, FieldPath, Scope, Variables};

/// Paths, with what is done at each.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    fields: Fields,
    /// What is computed, in the order of the specification.
    expressions: Vec<Expression>,
}

#[derive(Clone, Debug, Default)]
struct Fields {
    fields: Vec<(String, Node)>,
    /// Whether anything is computed here or below.
    computes: bool,
}

#[derive(Clone, Debug)]
enum Node {
    /// The field is named as it is: to be kept, or to be removed.
    Named,
    /// The place of its expression.
    Computed(usize),
    Below(Fields),
}

/// What a path of a specification leads to.
pub(super) enum Leaf<'a> {
    Number(&'a Bson),
    Expression(&'a Bson),
}

impl Tree {
    pub(super) fn name(&mut self, path: &[String]) {
        self.fields.add(path, Node::Named);
    }

    pub(super) fn compute(&mut self, path: &[String], expression: Expression) {
        self.fields.add(path, Node::Computed(self.expressions.len()));
        self.expressions.push(expression);
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.get(field).is_some()
    }

    /// The values of the computed fields, missing ones as `Undefined`.
    pub(super) fn evaluate(&self, root: &Document, variables: &Variables) -> Result<Vec<Bson>> {
        self.expressions.iter().map(|expression| expression.evaluate(root, variables)).collect()
    }

    /// Leaves of a document only what is named.
    pub(super) fn include(&self, doc: Document) -> Document {
        self.fields.include(doc)
    }

    /// Removes from a document what is named.
    pub(super) fn exclude(&self, doc: Document) -> Document {
        self.fields.exclude(doc)
    }

    /// Sets the computed fields to what [`evaluate`](Self::evaluate) gave.
    pub(super) fn set(&self, doc: &mut Document, values: &[Bson]) {
        self.fields.set(doc, values);
    }
}

impl Fields {
    fn get(&self, name: &str) -> Option<&Node> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, node)| node)
    }

    fn add(&mut self, path: &[String], node: Node) {
        self.computes |= matches!(node, Node::Computed(_));
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        if rest.is_empty() {
            self.fields.push((first.clone(), node));
            return;
        }
        match self.fields.iter_mut().find(|(field, _)| field == first) {
            Some((_, Node::Below(below))) => below.add(rest, node),
            _ => {
                let mut below = Self::default();
                below.add(rest, node);
                self.fields.push((first.clone(), Node::Below(below)));
            }
        }
    }

    fn include(&self, doc: Document) -> Document {
        let field = |(name, value): (String, Bson)| match self.get(&name)? {
            Node::Named => Some((name, value)),
            Node::Computed(_) => None,
            Node::Below(below) => below.include_value(value).map(|value| (name, value)),
        };
        doc.into_iter().filter_map(field).collect()
    }

    /// A value that has no fields is left out, from an array as well, unless it is going to be
    /// replaced by a document of computed ones.
    fn include_value(&self, value: Bson) -> Option<Bson> {
        match value {
            Bson::Document(doc) => Some(Bson::Document(self.include(doc))),
            Bson::Array(items) => Some(Bson::Array(items.into_iter().filter_map(|item| self.include_value(item)).collect())),
            _ => self.computes.then_some(Bson::Undefined),
        }
    }

    fn exclude(&self, doc: Document) -> Document {
        let field = |(name, value): (String, Bson)| match self.get(&name) {
            None => Some((name, value)),
            Some(Node::Below(below)) => Some((name, below.exclude_value(value))),
            Some(_) => None,
        };
        doc.into_iter().filter_map(field).collect()
    }

    fn exclude_value(&self, value: Bson) -> Bson {
        match value {
            Bson::Document(doc) => Bson::Document(self.exclude(doc)),
            Bson::Array(items) => Bson::Array(items.into_iter().map(|item| self.exclude_value(item)).collect()),
            other => other,
        }
    }

    fn set(&self, doc: &mut Document, values: &[Bson]) {
        for (name, node) in &self.fields {
            match node {
                Node::Computed(place) => match values.get(*place) {
                    None | Some(Bson::Undefined) => {
                        doc.remove(name);
                    }
                    Some(value) => {
                        doc.insert(name.clone(), value.clone());
                    }
                },
                Node::Below(below) if below.computes => match doc.get_mut(name) {
                    Some(value) => below.set_value(value, values),
                    None => {
                        doc.insert(name.clone(), below.made(values));
                    }
                },
                _ => {}
            }
        }
    }

    /// In an array each element gets the fields; what is no document becomes one.
    fn set_value(&self, value: &mut Bson, values: &[Bson]) {
        match value {
            Bson::Document(doc) => self.set(doc, values),
            Bson::Array(items) => items.iter_mut().for_each(|item| self.set_value(item, values)),
            other => *other = self.made(values),
        }
    }

    fn made(&self, values: &[Bson]) -> Bson {
        let mut doc = Document::new();
        self.set(&mut doc, values);
        Bson::Document(doc)
    }
}

/// Calls `found` with each path of a specification and what stands there. Documents within, but
/// for expressions, are paths too.
///
/// # Errors
/// MongoDB's errors for empty specifications, bad names, and paths of which one leads through
/// the other.
pub(super) fn walk(spec: &Document, found: &mut dyn FnMut(&[String], Leaf<'_>) -> Result<()>) -> Result<()> {
    if spec.is_empty() {
        return Err(Error::at(40177, "specification must have at least one field"));
    }
    let mut walk = Walk { spec, seen: BTreeSet::new(), path: Vec::new(), found };
    for (name, value) in spec {
        let parts = names(name)?;
        walk.at(&parts, value)?;
    }
    Ok(())
}

struct Walk<'a> {
    spec: &'a Document,
    seen: BTreeSet<Vec<String>>,
    path: Vec<String>,
    found: &'a mut dyn FnMut(&[String], Leaf<'_>) -> Result<()>,
}

impl Walk<'_> {
    fn at(&mut self, parts: &[String], value: &Bson) -> Result<()> {
        let before = self.path.len();
        self.path.extend_from_slice(parts);
        if self.path.len() > Expression::MAX_DEPTH {
            return Err(Error::new(Code::Overflow, format!("FieldPath is too long, at most {} levels", Expression::MAX_DEPTH)));
        }
        match value {
            Bson::Document(doc) => self.within(doc, value)?,
            Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => self.leaf(Leaf::Number(value))?,
            other => self.leaf(Leaf::Expression(other))?,
        }
        self.path.truncate(before);
        Ok(())
    }

    fn within(&mut self, doc: &Document, value: &Bson) -> Result<()> {
        if doc.is_empty() {
            return Err(Error::at(
                40180,
                format!("an empty object is not a valid value. Found empty object at path {}", self.path.join(".")),
            ));
        }
        if doc.keys().any(|name| name.starts_with('$')) {
            if doc.len() != 1 {
                return Err(Error::at(
                    40181,
                    format!(
                        "an expression specification must contain exactly one field, the name of the expression. Found {} fields in {doc}, \
                         while parsing object {}",
                        doc.len(),
                        self.spec
                    ),
                ));
            }
            return self.leaf(Leaf::Expression(value));
        }
        for (name, value) in doc {
            if name.contains('.') {
                return Err(Error::at(40183, format!("cannot use dotted field name '{name}' in a sub object: {}", self.spec)));
            }
            let parts = names(name)?;
            self.at(&parts, value)?;
        }
        Ok(())
    }

    fn leaf(&mut self, leaf: Leaf<'_>) -> Result<()> {
        let before = self.seen.range::<[String], _>((Bound::Unbounded, Bound::Included(self.path.as_slice()))).next_back();
        let after = self.seen.range::<[String], _>((Bound::Included(self.path.as_slice()), Bound::Unbounded)).next();
        let conflict =
            before.filter(|before| self.path.starts_with(before)).or_else(|| after.filter(|after| after.starts_with(&self.path)));
        if let Some(other) = conflict {
            return Err(Error::at(
                40176,
                format!(
                    "specification contains two conflicting paths. Cannot specify both '{}' and '{}': {}",
                    self.path.join("."),
                    other.join("."),
                    self.spec
                ),
            ));
        }
        self.seen.insert(self.path.clone());
        (self.found)(&self.path, leaf)
    }
}

/// The names of a dotted path, checked.
pub(super) fn names(path: &str) -> Result<Vec<String>> {
    if path.is_empty() {
        return Err(Error::at(40352, "FieldPath cannot be constructed with empty string"));
    }
    if path.starts_with('$') {
        return Err(Error::at(16410, "FieldPath field names may not start with '$'."));
    }
    check::path(path)?;
    let path = FieldPath::parse(&format!("${path}"), &Scope::new())?;
    Ok(path.of_root().unwrap_or_default().to_vec())
}

/// Says of which stage an error is.
pub(super) fn invalid(stage: &str, error: &Error) -> Error {
    Error::new(error.code(), format!("Invalid {stage} :: caused by :: {}", error.message()))
}

/// The names that a stage's expressions may use.
pub(super) fn scope(names: &[String]) -> Scope {
    Scope::with(names.iter().map(String::as_str))
}
