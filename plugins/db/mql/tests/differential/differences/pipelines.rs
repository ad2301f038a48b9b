//! Pipelines.

use bson::Bson;

use super::Difference;
use super::seen::{has_id, has_list, nullish, within};

pub const ALL: &[Difference] = &[
    Difference {
        name: "empty buckets",
        covers: |seen| {
            (seen.has("$bucket") && seen.our_value().is_some() && seen.their_error().is_some())
                || seen.has("$bucket")
                    && seen.values().is_some_and(|(_, theirs)| {
                        within(theirs, &|value| {
                            value.as_document().is_some_and(|doc| {
                                doc.contains_key("_id")
                                    && doc.values().any(|value| {
                                        matches!(value, Bson::Int32(0) | Bson::Null) || value.as_array().is_some_and(Vec::is_empty)
                                    })
                            })
                        })
                    })
        },
        because: "a bucket is there for at least one input document: reference/operator/aggregation/bucket, Behavior",
    },
    Difference {
        name: "the count of nothing",
        covers: |seen| {
            seen.has("$count")
                && seen.values().is_some_and(|(ours, theirs)| {
                    within(theirs, &|value| value.as_document().is_some_and(|doc| doc.get("count") == Some(&Bson::Int32(0))))
                        && !within(ours, &|value| value.as_document().is_some_and(|doc| doc.contains_key("count")))
                })
        },
        because: "$count is a $group by null and a $project, and no documents make no group: reference/operator/aggregation/count",
    },
    Difference {
        name: "pruned documents",
        covers: |seen| {
            seen.has("$redact")
                && (seen.their_error().is_some()
                    || seen.values().is_some_and(|(_, theirs)| within(theirs, &nullish))
                    || seen.values().is_some() && seen.case.docs.iter().any(|doc| within(&Bson::Document(doc.clone()), &nullish)))
        },
        because: "$$PRUNE excludes all fields of the document: none is left of it: reference/operator/aggregation/redact",
    },
    Difference {
        name: "the first bound with a granularity",
        covers: |seen| {
            seen.our_value().is_some()
                && seen.arguments("$bucketAuto").iter().any(|spec| spec.as_document().is_some_and(|spec| spec.contains_key("granularity")))
        },
        because: "the bounds are rounded to the series, the least one down: reference/operator/aggregation/bucketAuto, Granularity",
    },
    Difference {
        name: "buckets of nothing",
        covers: |seen| {
            seen.has("$bucketAuto")
                && seen.our_value().is_some_and(|ours| {
                    !within(ours, &|value| value.as_document().is_some_and(|doc| doc.contains_key("count") || doc.contains_key("n")))
                })
        },
        because: "fewer buckets than asked for if there are fewer values: reference/operator/aggregation/bucketAuto, Behavior",
    },
    Difference {
        name: "new fields below arrays",
        covers: |seen| {
            seen.values().is_some()
                && seen.has_any(&["$project", "$addFields", "$set"])
                && seen.case.docs.iter().any(|doc| has_list(&Bson::Document(doc.clone())))
        },
        because: "a dotted path goes into every element of an array: reference/operator/aggregation/addFields, Adding Fields to an Embedded Document",
    },
    Difference {
        name: "missing values in groups",
        covers: |seen| seen.has_any(&["$push", "$addToSet"]) && seen.values().is_some_and(|(_, theirs)| within(theirs, &nullish)),
        because: "a field that does not exist is not added to the array: reference/operator/aggregation/addToSet, Behavior",
    },
    Difference {
        name: "removed fields",
        covers: |seen| {
            seen.has_any(&["$addFields", "$set"])
                && seen.values().is_some_and(|(ours, _)| within(ours, &|value| value.as_document().is_some_and(bson::Document::is_empty)))
        },
        because: "the document of a dotted path is made also for a missing value: reference/operator/aggregation/addFields",
    },
    Difference {
        name: "a field that contains itself",
        covers: |seen| seen.our_value().is_some() && seen.their_error() == Some("the result contains itself"),
        because: "expressions are values, not references: reference/operator/aggregation/addFields",
    },
    Difference {
        name: "$merge and $out into a new collection",
        covers: |seen| {
            seen.our_value().is_some() && seen.their_error().is_some_and(|message| message.ends_with("could not resolve input collection"))
        },
        because: "the collection is made if it does not exist: reference/operator/aggregation/merge",
    },
    Difference {
        name: "fields of a document that is there",
        covers: |seen| {
            let nested = |spec: &Bson| {
                spec.as_document().is_some_and(|spec| {
                    spec.iter().any(|(name, value)| {
                        name.contains('.')
                            || value.as_document().is_some_and(|inner| inner.keys().next().is_some_and(|key| !key.starts_with('$')))
                    })
                })
            };
            seen.values().is_some() && ["$addFields", "$set", "$project"].iter().any(|name| seen.arguments(name).into_iter().any(nested))
        },
        because: "a document of fields adds them to the embedded document: reference/operator/aggregation/addFields, Adding Fields to an Embedded Document",
    },
    Difference {
        name: "arrays as what is looked up",
        covers: |seen| {
            seen.has_any(&["$lookup", "$graphLookup"])
                && seen.values().is_some()
                && seen.case.docs.iter().any(|doc| has_list(&Bson::Document(doc.clone())))
        },
        because: "each element of an array is looked up, and what is not found gives nothing: reference/operator/aggregation/lookup, Use $lookup with an Array",
    },
    Difference {
        name: "unwinding a path through an array",
        covers: |seen| {
            let dotted =
                |spec: &Bson| spec.as_str().or_else(|| spec.as_document()?.get_str("path").ok()).is_some_and(|path| path.contains('.'));
            seen.values().is_some() && seen.arguments("$unwind").into_iter().any(dotted)
        },
        because: "the path leads to a field; where an array is on the way there is none: reference/operator/aggregation/unwind, Behaviors",
    },
    Difference {
        name: "bounds of ids, documents and arrays",
        covers: |seen| {
            seen.values().is_some()
                && seen.has("$bucketAuto")
                && seen.case.docs.iter().any(|doc| {
                    let doc = Bson::Document(doc.clone());
                    has_id(&doc) || has_list(&doc)
                })
        },
        because: "bounds are in the order of types: reference/bson-type-comparison-order",
    },
];
