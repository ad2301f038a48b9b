//! Which fields of a document are read, so that a store need not decode the others.

use std::collections::BTreeSet;

use bson::{Bson, Document, RawDocument};

use crate::filter::{Expr, Filter};
use crate::sort::Sort;

/// Top-level fields of documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// All of them.
    All,
    /// Those with these names.
    Some(BTreeSet<String>),
}

impl Fields {
    /// None.
    pub fn none() -> Self {
        Self::Some(BTreeSet::new())
    }

    /// What a filter reads.
    pub fn of_filter(filter: &Filter) -> Self {
        let mut fields = Self::none();
        fields.add_condition(&filter.root);
        fields
    }

    /// The one that a path leads through.
    pub fn of_path(path: &str) -> Self {
        let mut fields = Self::none();
        fields.add(path);
        fields
    }

    /// What a sort order reads.
    pub fn of_sort(sort: &Sort) -> Self {
        let mut fields = Self::none();
        sort.fields().for_each(|(path, _)| fields.add(path));
        fields
    }

    /// What the stages of a pipeline read of the documents that it begins with. Too many fields are
    /// no fault: what may be a path of a document counts as one.
    pub fn of_pipeline(stages: &[Bson]) -> Self {
        let mut fields = Self::none();
        for stage in stages {
            let Some((name, body)) = stage.as_document().and_then(|stage| stage.iter().next()) else { return Self::All };
            let is_last = match name.as_str() {
                "$limit" | "$skip" | "$sample" => false,
                "$match" => {
                    fields.add_query(body);
                    false
                }
                "$sort" => {
                    body.as_document().into_iter().flatten().for_each(|(path, _)| fields.add(path));
                    false
                }
                "$unwind" => {
                    fields.add_expression(body);
                    false
                }
                "$addFields" | "$set" => {
                    fields.add_expression(body);
                    // A field that is set below another keeps what is beside it.
                    body.as_document().into_iter().flatten().for_each(|(path, _)| fields.add(path));
                    false
                }
                "$group" | "$bucket" | "$bucketAuto" | "$sortByCount" => {
                    fields.add_expression(body);
                    true
                }
                "$count" => true,
                "$project" if includes(body) => {
                    fields.add("_id");
                    fields.add_expression(body);
                    body.as_document().into_iter().flatten().for_each(|(path, _)| fields.add(path));
                    true
                }
                _ => return Self::All,
            };
            if is_last {
                return fields;
            }
        }
        Self::All
    }

    /// These and others.
    #[must_use]
    pub fn and(self, others: &Self) -> Self {
        match (self, others) {
            (Self::Some(mut fields), Self::Some(others)) => {
                fields.extend(others.iter().cloned());
                Self::Some(fields)
            }
            _ => Self::All,
        }
    }

    /// Decodes these fields of a document.
    ///
    /// # Errors
    /// When it is not BSON, as far as it is read.
    pub fn decode(&self, bson: &[u8]) -> Result<Document, Box<dyn std::error::Error + Send + Sync>> {
        let Self::Some(fields) = self else { return Ok(Document::from_reader(bson)?) };
        let mut document = Document::new();
        for element in RawDocument::from_bytes(bson)?.iter_elements() {
            let element = element?;
            let name = element.key().as_str();
            if fields.contains(name) {
                document.insert(name, Bson::try_from(element.value()?)?);
                if document.len() == fields.len() {
                    break;
                }
            }
        }
        Ok(document)
    }

    fn add(&mut self, path: &str) {
        if let Self::Some(fields) = self {
            let name = path.split('.').next().unwrap_or_default();
            if !fields.contains(name) {
                fields.insert(name.to_owned());
            }
        }
    }

    fn add_condition(&mut self, condition: &Expr) {
        match condition {
            Expr::And(all) | Expr::Or(all) | Expr::Nor(all) => all.iter().for_each(|inner| self.add_condition(inner)),
            Expr::Not(inner) => self.add_condition(inner),
            Expr::Field(path, _) => self.add(path.text()),
            Expr::Always(_) => {}
            Expr::Expression(_) | Expr::Schema(_) => *self = Self::All,
        }
    }

    /// A filter as it is written.
    fn add_query(&mut self, filter: &Bson) {
        for (name, value) in filter.as_document().into_iter().flatten() {
            match (name.as_str(), value) {
                ("$and" | "$or" | "$nor", Bson::Array(all)) => all.iter().for_each(|inner| self.add_query(inner)),
                ("$expr", value) => self.add_expression(value),
                ("$comment", _) => {}
                (path, _) if !path.starts_with('$') => self.add(path),
                _ => *self = Self::All,
            }
        }
    }

    fn add_expression(&mut self, expression: &Bson) {
        match expression {
            Bson::String(text) => match text.strip_prefix('$') {
                Some(variable) if variable.starts_with("$ROOT") || variable.starts_with("$CURRENT") => *self = Self::All,
                Some(path) if !path.starts_with('$') => self.add(path),
                _ => {}
            },
            Bson::Array(items) => items.iter().for_each(|item| self.add_expression(item)),
            Bson::Document(fields) => fields.iter().for_each(|(_, value)| self.add_expression(value)),
            _ => {}
        }
    }
}

/// Whether a `$project` says what to keep, as far as that is sure.
fn includes(project: &Bson) -> bool {
    let Some(fields) = project.as_document() else { return false };
    let keeps = |value: &Bson| match value {
        Bson::Document(inner) => inner.keys().next().is_some_and(|name| name.starts_with('$')),
        Bson::String(_) | Bson::Array(_) => true,
        value => crate::filter::truthy(value),
    };
    let mut named = fields.iter().filter(|(name, _)| *name != "_id").peekable();
    named.peek().is_some() && named.all(|(_, value)| keeps(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::{bson, doc};

    use super::*;

    fn some(names: &[&str]) -> Fields {
        Fields::Some(names.iter().map(ToString::to_string).collect())
    }

    fn pipeline(stages: Bson) -> Fields {
        Fields::of_pipeline(stages.as_array().unwrap())
    }

    #[test]
    fn of_filters_and_orders() {
        let filter = |filter: Document| Fields::of_filter(&Filter::parse(&filter).unwrap());
        assert_eq!(filter(doc! {}), some(&[]));
        let nested = doc! {"a.b": 1, "$or": [{"c": {"$gt": 1}}, {"$nor": [{"d": {"$elemMatch": {"e": 1}}}]}], "f": {"$not": {"$in": [1]}}};
        assert_eq!(filter(nested), some(&["a", "c", "d", "f"]));
        assert_eq!(filter(doc! {"a": 1, "$expr": {"$eq": ["$b", 1]}}), Fields::All);
        assert_eq!(filter(doc! {"$jsonSchema": {"required": ["a"]}}), Fields::All);
        assert_eq!(Fields::of_sort(&Sort::parse(&doc! {"b.c": 1, "a": -1}).unwrap()), some(&["a", "b"]));
    }

    #[test]
    fn of_pipelines() {
        let grouped = bson!([{"$match": {"a": 1, "$expr": {"$gt": ["$b.c", "$$NOW"]}}}, {"$sort": {"d": 1}}, {"$limit": 5},
            {"$group": {"_id": "$e.f", "n": {"$sum": {"$multiply": ["$g", 2]}}}}, {"$match": {"n": 1}}]);
        assert_eq!(pipeline(grouped), some(&["a", "b", "d", "e", "g"]));
        assert_eq!(pipeline(bson!([{"$count": "n"}])), some(&[]));
        assert_eq!(pipeline(bson!([{"$project": {"a": 1, "b": "$c.d", "e": {"$size": "$f"}}}])), some(&["_id", "a", "b", "c", "e", "f"]));
        assert_eq!(pipeline(bson!([{"$set": {"x.y": "$a"}}, {"$unwind": "$l"}, {"$sortByCount": "$x"}])), some(&["a", "l", "x"]));
        for all in [
            bson!([]),
            bson!([{"$match": {"a": 1}}]),
            bson!([{"$project": {"a": 0}}]),
            bson!([{"$project": {"a": {"b": 0}}}]),
            bson!([{"$project": {"_id": 0}}]),
            bson!([{"$group": {"_id": null, "all": {"$push": "$$ROOT"}}}]),
            bson!([{"$group": {"_id": "$$CURRENT.a"}}]),
            bson!([{"$lookup": {"from": "c", "localField": "a", "foreignField": "b", "as": "d"}}, {"$count": "n"}]),
            bson!([{"$redact": "$$KEEP"}, {"$count": "n"}]),
            // Its error shows the document.
            bson!([{"$replaceRoot": {"newRoot": "$a"}}]),
            bson!([{"$match": {"$jsonSchema": {}}}, {"$count": "n"}]),
        ] {
            assert_eq!(pipeline(all.clone()), Fields::All, "{all}");
        }
    }

    #[test]
    fn only_these_are_decoded() {
        let document = doc! {"_id": 1, "a": {"b": [1, 2]}, "c": "x", "d": null};
        let bytes = document.to_vec().unwrap();
        assert_eq!(some(&["a", "d", "z"]).decode(&bytes).unwrap(), doc! {"a": {"b": [1, 2]}, "d": null});
        assert_eq!(some(&[]).decode(&bytes).unwrap(), doc! {});
        assert_eq!(Fields::All.decode(&bytes).unwrap(), document);
        assert!(Fields::All.decode(&bytes[..9]).is_err());
        assert_eq!(some(&["a"]).and(&some(&["b"])), some(&["a", "b"]));
        assert_eq!(some(&["a"]).and(&Fields::All), Fields::All);
    }
}
