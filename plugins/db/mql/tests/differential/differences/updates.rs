//! Updates.

use bson::Bson;

use super::Difference;
use super::seen::{first, is_number, rank, within};
use crate::agree::same;
use crate::case::Kind;

pub const ALL: &[Difference] = &[
    Difference {
        name: "$setOnInsert",
        covers: |seen| seen.our_value().is_some() && seen.their_error() == Some("Unknown update operator: '$setOnInsert'."),
        because: "an operator of MongoDB, which does nothing to a document that exists: reference/operator/update/setOnInsert",
    },
    Difference {
        name: "the _id in pipelines of updates",
        covers: |seen| {
            let id = |value: &Bson| {
                value.as_document().and_then(|result| result.get_document("doc").ok()).is_some_and(|doc| doc.contains_key("_id"))
            };
            seen.kind() == Kind::Update
                && seen.case.command.get_array("update").is_ok()
                && seen.values().is_some_and(|(ours, theirs)| id(ours) && !id(theirs))
        },
        because: "an update cannot change the _id, nor take it away: reference/method/db.collection.update",
    },
    Difference {
        name: "updates that set the same _id",
        covers: |seen| {
            let kept =
                |value: &Bson| value.as_document().and_then(|result| result.get_document("doc").ok()).map(|doc| doc.get("_id").cloned());
            seen.kind() == Kind::Update
                && seen.their_error().is_some_and(|message| message.contains("would modify the immutable field '_id'"))
                && seen.our_value().is_some_and(|ours| kept(ours).is_some())
        },
        because: "an update may name the _id as long as it does not change it: reference/operator/update/set",
    },
    Difference {
        name: "changes of a number's type",
        covers: |seen| {
            let parts = |value: &Bson| {
                let result = value.as_document()?;
                Some((Bson::Document(result.get_document("doc").ok()?.clone()), result.get_i32("modified").ok()?))
            };
            seen.kind() == Kind::Update
                && seen.values().is_some_and(|(ours, theirs)| match (parts(ours), parts(theirs)) {
                    (Some((our_doc, our_count)), Some((their_doc, their_count))) => {
                        same(&our_doc, &their_doc) && our_count > their_count && within(&our_doc, &is_number)
                    }
                    _ => false,
                })
        },
        because: "int, long and double are different values to store; JavaScript sees none: reference/bson-types",
    },
    Difference {
        name: "$addToSet beside duplicates",
        covers: |seen| {
            let twice = |value: &Bson| {
                within(value, &|value| {
                    value
                        .as_array()
                        .is_some_and(|items| items.iter().enumerate().any(|(i, item)| items[..i].iter().any(|other| same(item, other))))
                })
            };
            seen.kind() == Kind::Update
                && seen.values().is_some()
                && seen.has("$addToSet")
                && (twice(&Bson::Document(seen.case.command.clone()))
                    || seen.case.docs.iter().any(|doc| twice(&Bson::Document(doc.clone()))))
        },
        because: "$addToSet does not affect duplicates that are there, and adds each value once: reference/operator/update/addToSet",
    },
    Difference {
        name: "modifiers of a $push to a new array",
        covers: |seen| {
            seen.kind() == Kind::Update
                && seen.values().is_some()
                && seen.has_any(&["$sort", "$slice", "$position"])
                && seen
                    .arguments("$push")
                    .iter()
                    .filter_map(|argument| argument.as_document())
                    .flat_map(bson::Document::keys)
                    .any(|path| seen.case.docs.iter().any(|doc| !doc.contains_key(first(path)) || path.contains('.')))
        },
        because: "$push to an absent field makes the array, to which the modifiers apply: reference/operator/update/push",
    },
    Difference {
        name: "bits beyond 32",
        covers: |seen| {
            seen.kind() == Kind::Update
                && seen.values().is_some()
                && seen.has("$bit")
                && seen
                    .case
                    .docs
                    .iter()
                    .any(|doc| within(&Bson::Document(doc.clone()), &|value| matches!(value, Bson::Int64(n) if i32::try_from(*n).is_err())))
        },
        because: "$bit works on 32-bit and 64-bit integers: reference/operator/update/bit",
    },
    Difference {
        name: "$min and $max of different types",
        covers: |seen| {
            let operands = seen.arguments("$min").into_iter().chain(seen.arguments("$max")).filter_map(|argument| argument.as_document());
            let differ = |(path, operand): (&String, &Bson)| {
                let old = seen.case.docs.first().and_then(|doc| doc.get(first(path))).unwrap_or(&Bson::Undefined);
                path.contains('.') || rank(old) != rank(operand)
            };
            seen.kind() == Kind::Update && seen.values().is_some() && operands.flat_map(|fields| fields.iter()).any(differ)
        },
        because: "values of different types compare by the order of types: reference/operator/update/max",
    },
    Difference {
        name: "a $push that changes nothing",
        covers: |seen| {
            let doc = |value: &Bson| value.as_document().and_then(|result| result.get_document("doc").ok()).cloned().map(Bson::Document);
            seen.kind() == Kind::Update
                && seen.has("$push")
                && seen.values().is_some_and(|(ours, theirs)| match (doc(ours), doc(theirs)) {
                    (Some(ours), Some(theirs)) => {
                        same(&ours, &theirs) && seen.case.docs.first().is_some_and(|old| same(&Bson::Document(old.clone()), &ours))
                    }
                    _ => false,
                })
        },
        because: "a document is modified if it is different afterwards: reference/method/db.collection.update, nModified",
    },
];
