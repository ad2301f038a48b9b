//! Projections of `find`: which fields of a document are answered.
//!
//! The rules are those of MongoDB 4.2, which later versions changed: of two paths of which one
//! leads through the other the later one counts, and `$slice` neither includes nor excludes the
//! fields beside its array.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::HashMap;

use bson::{Bson, Document};

use crate::check;
use crate::error::{Code, Error, Result};
use crate::features;
use crate::filter::{Filter, Matched, truthy};
use crate::json;
use crate::number;

/// A parsed projection: fields to include or to exclude, `$slice`, `$elemMatch` and the
/// positional `$`.
#[derive(Clone, Debug)]
pub struct Projection {
    /// Whether `_id` is answered.
    id: bool,
    root: Node,
    /// The fields of `$elemMatch`.
    elements: HashMap<String, Filter>,
    /// The path with the positional `$`.
    positional: Option<String>,
}

/// What is named of a document or an array.
#[derive(Clone, Debug)]
struct Node {
    /// Whether what is not named is answered.
    others: bool,
    fields: HashMap<String, Node>,
    slice: Option<Slice>,
    /// Whether only the element that the filter met is answered of an array.
    matched: bool,
}

#[derive(Clone, Copy, Debug)]
struct Slice {
    skip: i64,
    limit: usize,
}

impl Default for Node {
    fn default() -> Self {
        Self { others: true, fields: HashMap::new(), slice: None, matched: false }
    }
}

impl Projection {
    /// Parses a projection that has no positional `$`.
    ///
    /// # Errors
    /// As [`parse_for`](Self::parse_for).
    pub fn parse(projection: &Document) -> Result<Self> {
        Self::parse_for(projection, &Filter::parse(&Document::new())?)
    }

    /// Parses a projection of what a filter matches.
    ///
    /// # Errors
    /// As MongoDB, `BadValue` when it mixes inclusion and exclusion (of anything but `_id`), for
    /// wrong operators and operands, and for a positional `$` on a field that the filter does not
    /// name; `CommandNotSupported` for `$meta`; `Overflow` for paths of more than 100 parts.
    pub fn parse_for(projection: &Document, filter: &Filter) -> Result<Self> {
        let mut parsed = Self { id: true, root: Node::default(), elements: HashMap::new(), positional: None };
        let mut including = None;
        for (path, value) in projection {
            let parts = parts(path)?;
            match value {
                Bson::Document(operator) => parsed.operator(path, &parts, operator, filter)?,
                value if path == "_id" && !truthy(value) => parsed.id = false,
                value => {
                    let include = truthy(value);
                    if *including.get_or_insert(include) != include {
                        return Err(Error::bad("Projection cannot have a mix of inclusion and exclusion."));
                    }
                    parsed.root.name(&parts, include);
                }
            }
            if parts.iter().skip(1).any(|part| *part == "$") {
                parsed.position(path, &parts, value, filter)?;
            }
        }
        Ok(parsed)
    }

    fn operator(&mut self, path: &str, parts: &[&str], operator: &Document, filter: &Filter) -> Result<()> {
        let (name, value) = match operator.iter().next() {
            Some(only) if operator.len() == 1 => only,
            _ => return Err(Error::bad(format!(">1 field in obj: {}", json::to_string(&Bson::Document(operator.clone()))))),
        };
        match name.as_str() {
            "$slice" => self.root.cut(parts, slice(value)?),
            "$elemMatch" => {
                if !matches!(value, Bson::Document(_)) {
                    return Err(Error::bad("elemMatch: Invalid argument, object required."));
                }
                if self.positional.is_some() {
                    return Err(Error::bad("Cannot specify positional operator and $elemMatch."));
                }
                if parts.len() > 1 {
                    return Err(Error::bad("Cannot use $elemMatch projection on a nested field."));
                }
                let mut condition = Document::new();
                condition.insert(path, operator.clone());
                let condition = Filter::parse_with(&condition, filter.collation())?;
                features::refuse_special(&condition)?;
                self.root.name(parts, true);
                self.elements.insert(path.to_owned(), condition);
            }
            "$meta" => return Err(Error::unsupported("$meta in a projection")),
            _ => {
                let shown = json::to_string(&Bson::Document(operator.clone()));
                return Err(Error::bad(format!("Unsupported projection option: {path}: {shown}")));
            }
        }
        Ok(())
    }

    fn position(&mut self, path: &str, parts: &[&str], value: &Bson, filter: &Filter) -> Result<()> {
        if !truthy(value) {
            return Err(Error::bad("Cannot exclude array elements with the positional operator."));
        }
        if self.positional.is_some() {
            return Err(Error::bad("Cannot specify more than one positional proj. per query."));
        }
        if !self.elements.is_empty() {
            return Err(Error::bad("Cannot specify positional operator and $elemMatch."));
        }
        if parts.iter().filter(|part| **part == "$").count() > 1 {
            return Err(Error::bad(format!("Positional projection '{path}' contains the positional operator more than once.")));
        }
        if !parts.first().is_some_and(|first| filter.names_field(first)) {
            return Err(Error::bad(format!("Positional projection '{path}' does not match the query document.")));
        }
        let array = parts.split(|part| *part == "$").next().unwrap_or_default();
        self.root.mark(array);
        self.positional = Some(path.to_owned());
        Ok(())
    }

    /// Whether the projection needs to know what [`Filter::test`] says of a document: it has the
    /// positional `$`.
    pub fn is_positional(&self) -> bool {
        self.positional.is_some()
    }

    /// The part of a document that is answered. A projection with the positional `$` needs
    /// [`apply_matched`](Self::apply_matched); of it, this answers nothing.
    pub fn apply(&self, doc: Document) -> Document {
        self.project(doc, None).unwrap_or_default()
    }

    /// The part of a document that is answered of one that a filter matched.
    ///
    /// # Errors
    /// `BadValue` when the filter met no element that the positional `$` could stand for.
    pub fn apply_matched(&self, doc: Document, matched: Matched) -> Result<Document> {
        self.project(doc, matched.position)
    }

    fn project(&self, doc: Document, position: Option<usize>) -> Result<Document> {
        let mut found = HashMap::new();
        for (name, condition) in &self.elements {
            let element = condition.test(&doc, &Document::new())?.and_then(|matched| matched.position);
            found.insert(name.as_str(), element);
        }
        let walk = Walk { position, path: self.positional.as_deref().unwrap_or_default() };
        let mut answered = Document::new();
        for (name, value) in doc {
            let kept = match found.get(name.as_str()) {
                _ if name == "_id" => self.id.then_some(value),
                Some(Some(position)) => match value {
                    Bson::Array(items) => items.into_iter().nth(*position).map(|item| Bson::Array(vec![item])),
                    _ => None,
                },
                Some(None) => None,
                None => self.root.field(&name, value, walk)?,
            };
            if let Some(kept) = kept {
                answered.insert(name, kept);
            }
        }
        Ok(answered)
    }
}

/// What a path is split into.
fn parts(path: &str) -> Result<Vec<&str>> {
    let parts: Vec<&str> = path.split('.').collect();
    if parts.len() > check::MAX_DEPTH {
        return Err(Error::new(Code::Overflow, format!("a path may have at most {} parts", check::MAX_DEPTH)));
    }
    // MongoDB 4.2 takes such paths for fields that no document has.
    if parts.iter().any(|part| part.is_empty()) {
        return Err(Error::bad(format!("a projection path may not have an empty part: '{path}'")));
    }
    if parts.iter().enumerate().any(|(i, part)| part.starts_with('$') && !(i > 0 && matches!(*part, "$" | "$id" | "$ref" | "$db"))) {
        return Err(Error::bad(format!("a projection path may not begin with '$': '{path}'")));
    }
    Ok(parts)
}

fn slice(value: &Bson) -> Result<Slice> {
    let whole = |value: &Bson| number::truncated(value).unwrap_or(0).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    match value {
        Bson::Array(pair) => {
            let [skip, limit] = pair.as_slice() else {
                return Err(Error::bad("$slice array wrong size"));
            };
            let limit = usize::try_from(whole(limit)).ok().filter(|limit| *limit > 0);
            Ok(Slice { skip: whole(skip), limit: limit.ok_or_else(|| Error::bad("$slice limit must be positive"))? })
        }
        count if number::is_number(count) => {
            let count = whole(count);
            Ok(Slice { skip: count.min(0), limit: usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) })
        }
        _ => Err(Error::bad("$slice only supports numbers and [skip, limit] arrays")),
    }
}

/// What the positional `$` stands for.
#[derive(Clone, Copy)]
struct Walk<'a> {
    position: Option<usize>,
    path: &'a str,
}

impl Node {
    fn below(&mut self, name: &str) -> &mut Self {
        self.fields.entry(name.to_owned()).or_default()
    }

    /// Includes or excludes the field at a path.
    fn name(&mut self, parts: &[&str], include: bool) {
        match parts.split_first() {
            None => self.others = include,
            Some((first, rest)) => {
                self.others = !include;
                self.below(first).name(rest, include);
            }
        }
    }

    fn cut(&mut self, parts: &[&str], slice: Slice) {
        match parts.split_first() {
            None => self.slice = Some(slice),
            Some((first, rest)) => self.below(first).cut(rest, slice),
        }
    }

    /// Marks all on a path as arrays of which only the matched element counts.
    fn mark(&mut self, parts: &[&str]) {
        if let Some((first, rest)) = parts.split_first() {
            let below = self.below(first);
            below.matched = true;
            below.mark(rest);
        }
    }

    /// What is answered of a field.
    fn field(&self, name: &str, value: Bson, walk: Walk<'_>) -> Result<Option<Bson>> {
        match self.fields.get(name) {
            None => Ok(self.others.then_some(value)),
            Some(node) => node.value(value, walk),
        }
    }

    fn value(&self, value: Bson, walk: Walk<'_>) -> Result<Option<Bson>> {
        let whole = self.fields.is_empty() && self.slice.is_none();
        match value {
            Bson::Document(doc) if !whole => self.document(doc, walk).map(Some),
            Bson::Array(items) if self.matched => {
                let path = walk.path;
                let position = walk
                    .position
                    .ok_or_else(|| Error::bad(format!("positional operator ({path}) requires corresponding field in query specifier")))?;
                let item = items.into_iter().nth(position).ok_or_else(|| Error::bad("positional operator element mismatch"))?;
                Ok(Some(Bson::Array(vec![item])))
            }
            Bson::Array(items) if !whole => {
                let Slice { skip, limit } = self.slice.unwrap_or(Slice { skip: 0, limit: usize::MAX });
                let distance = usize::try_from(skip.unsigned_abs()).unwrap_or(usize::MAX);
                let start = if skip < 0 { items.len().saturating_sub(distance) } else { distance };
                self.items(items.into_iter().skip(start).take(limit), walk).map(Some)
            }
            other => Ok(self.others.then_some(other)),
        }
    }

    fn document(&self, doc: Document, walk: Walk<'_>) -> Result<Bson> {
        let mut kept = Document::new();
        for (name, value) in doc {
            if let Some(value) = self.field(&name, value, walk)? {
                kept.insert(name, value);
            }
        }
        Ok(Bson::Document(kept))
    }

    /// The elements of an array, in which documents are projected, also in arrays within.
    fn items(&self, items: impl Iterator<Item = Bson>, walk: Walk<'_>) -> Result<Bson> {
        let mut kept = Vec::new();
        for item in items {
            match item {
                Bson::Document(doc) => kept.push(self.document(doc, walk)?),
                Bson::Array(inner) => kept.push(self.items(Box::new(inner.into_iter()) as Box<dyn Iterator<Item = Bson>>, walk)?),
                other => kept.extend(self.others.then_some(other)),
            }
        }
        Ok(Bson::Array(kept))
    }
}
