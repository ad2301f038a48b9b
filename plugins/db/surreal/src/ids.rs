//! `_id`s that the SDK knows as texts of 24 hexadecimal digits and the database as ObjectIds.
//!
//! The service assigns ObjectIds and shows them as texts, so that such a text always comes back
//! as an ObjectId, whoever made it.

use bson::oid::ObjectId;
use bson::{Bson, Document};

/// Converts the `_id` of a document that is to be stored.
pub fn in_document(doc: &mut Document) {
    if let Some(id) = doc.get_mut("_id") {
        convert(id);
    }
}

/// Converts what a filter compares `_id` with.
pub fn in_filter(filter: &mut Document) {
    for (name, value) in filter.iter_mut() {
        match (name.as_str(), value) {
            ("_id", condition) => in_condition(condition),
            ("$and" | "$or" | "$nor", Bson::Array(branches)) => {
                for branch in branches {
                    if let Bson::Document(branch) = branch {
                        in_filter(branch);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Converts what the stages of a pipeline compare `_id` with.
pub fn in_pipeline(stages: &mut [Bson]) {
    for stage in stages {
        let Bson::Document(stage) = stage else { continue };
        for (name, value) in stage.iter_mut() {
            match (name.as_str(), value) {
                ("$match", Bson::Document(filter)) => in_filter(filter),
                ("$geoNear", Bson::Document(near)) => {
                    if let Some(Bson::Document(filter)) = near.get_mut("query") {
                        in_filter(filter);
                    }
                }
                ("$graphLookup", Bson::Document(lookup)) => {
                    if let Some(Bson::Document(filter)) = lookup.get_mut("restrictSearchWithMatch") {
                        in_filter(filter);
                    }
                }
                ("$lookup", Bson::Document(lookup)) => {
                    if let Some(Bson::Array(stages)) = lookup.get_mut("pipeline") {
                        in_pipeline(stages);
                    }
                }
                ("$facet", Bson::Document(facets)) => {
                    for (_, stages) in facets.iter_mut() {
                        if let Bson::Array(stages) = stages {
                            in_pipeline(stages);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Converts the `_id` that an update sets.
pub fn in_update(update: &mut Document) {
    for (_, fields) in update.iter_mut() {
        if let Bson::Document(fields) = fields {
            in_document(fields);
        }
    }
}

fn in_condition(condition: &mut Bson) {
    match condition {
        Bson::Document(operators) if operators.keys().all(|key| key.starts_with('$')) => {
            for (operator, operand) in operators.iter_mut() {
                match (operator.as_str(), operand) {
                    ("$regex" | "$options" | "$type", _) => {}
                    (_, Bson::Array(items)) => items.iter_mut().for_each(convert),
                    (_, operand) => in_condition(operand),
                }
            }
        }
        value => convert(value),
    }
}

fn convert(value: &mut Bson) {
    if let Bson::String(text) = value
        && text.len() == 24
        && let Ok(id) = ObjectId::parse_str(&*text)
    {
        *value = Bson::ObjectId(id);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn only_ids_are_converted() {
        let hex = "0123456789abcdef01234567";
        let id = ObjectId::parse_str(hex).unwrap();
        let mut filter = doc! {"a": hex, "_id": {"$in": [hex, "x"], "$not": {"$eq": hex}}, "$or": [{"_id": hex}, {"b": hex}]};
        in_filter(&mut filter);
        assert_eq!(filter, doc! {"a": hex, "_id": {"$in": [id, "x"], "$not": {"$eq": id}}, "$or": [{"_id": id}, {"b": hex}]});
        let mut doc = doc! {"_id": hex, "a": {"_id": hex}};
        in_document(&mut doc);
        assert_eq!(doc, doc! {"_id": id, "a": {"_id": hex}});
        let mut update = doc! {"$setOnInsert": {"_id": hex, "a": hex}};
        in_update(&mut update);
        assert_eq!(update, doc! {"$setOnInsert": {"_id": id, "a": hex}});
    }
}
