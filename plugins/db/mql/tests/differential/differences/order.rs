//! Orders.

use super::seen::{by_rank, has_document, has_id, has_list, permuted, rank};
use super::{Difference, Seen};

const COMPARISONS: &[&str] = &["$gt", "$gte", "$lt", "$lte", "$cmp", "$max", "$min"];
const SETS: &[&str] = &["$setUnion", "$setIntersection", "$setDifference", "$addToSet"];

fn moved(seen: &Seen<'_>) -> bool {
    seen.values().is_some_and(|(ours, theirs)| permuted(ours, theirs))
}

pub const ALL: &[Difference] = &[
    Difference {
        name: "the order of sets",
        covers: |seen| moved(seen) && seen.has_any(SETS),
        because: "sets ignore order; the order of the elements in the result is unspecified: reference/operator/aggregation/setUnion",
    },
    Difference {
        name: "sorting by arrays, documents and ids",
        covers: |seen| {
            let special = |value: &&bson::Bson| has_list(value) || has_document(value) || has_id(value);
            let ids =
                seen.our_value().into_iter().filter_map(bson::Bson::as_array).flatten().filter_map(|doc| doc.as_document()?.get("_id"));
            moved(seen) && (seen.sorted_by().iter().any(special) || seen.has_any(&["$sort"]) && ids.clone().any(|id| special(&id)))
        },
        because: "arrays sort by their least or greatest element, documents field by field, ObjectIds after arrays: reference/bson-type-comparison-order",
    },
    Difference {
        name: "comparisons of different types",
        covers: |seen| {
            seen.values().is_some() && seen.compares(COMPARISONS, &|a, b| by_rank(a, b).is_some() || rank(a) == 4 || rank(a) == 5)
        },
        because: "$gt and its kind compare values of different types by the order of types: reference/operator/aggregation/gt",
    },
    Difference {
        name: "the order of groups",
        covers: |seen| moved(seen) && seen.has_any(&["$group", "$sortByCount"]) && !seen.has("$sort"),
        because: "$group does not order its output documents: reference/operator/aggregation/group",
    },
    Difference {
        name: "the order of pairs",
        covers: |seen| moved(seen) && seen.has("$objectToArray"),
        because: "the pairs are in the order of the fields; mingo makes fields in another: reference/operator/aggregation/objectToArray",
    },
];
