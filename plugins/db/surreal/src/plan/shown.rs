//! Plans as `explain` shows them, in MongoDB's words.

use bson::{Bson, Document, doc};

use super::{Access, IndexAccess, Plan};
use crate::scan::Examined;

/// The stages of a plan, the one that answers outermost.
fn stages(plan: &Plan, filter: &Document) -> Document {
    let direction = |reverse: bool| if reverse { "backward" } else { "forward" };
    let mut stage = match &plan.access {
        Access::Keys(_) => doc! {"stage": "IDHACK"},
        Access::Collection { range, reverse } if *range == crate::layout::Range::ALL => {
            doc! {"stage": "COLLSCAN", "direction": direction(*reverse)}
        }
        Access::Collection { reverse, .. } => fetch(doc! {
            "stage": "IXSCAN", "keyPattern": {"_id": 1}, "indexName": "_id_", "isMultiKey": false, "isUnique": true,
            "direction": direction(*reverse),
        }),
        Access::Index(access) => fetch(scan(access, direction(access.reverse))),
        Access::Near(near) => match near.index() {
            Some(index) => {
                doc! {"stage": "GEO_NEAR_2DSPHERE", "keyPattern": index.spec.key().clone(), "indexName": index.name()}
            }
            None => doc! {"stage": "SORT", "inputStage": {"stage": "COLLSCAN", "direction": "forward"}},
        },
    };
    if !filter.is_empty() && !matches!(plan.access, Access::Keys(_)) {
        stage.insert("filter", filter.clone());
    }
    if plan.sorted {
        stage
    } else {
        doc! {"stage": "SORT", "inputStage": stage}
    }
}

fn fetch(input: Document) -> Document {
    doc! {"stage": "FETCH", "inputStage": input}
}

fn scan(access: &IndexAccess, direction: &str) -> Document {
    let index = &access.index;
    doc! {
        "stage": "IXSCAN",
        "keyPattern": index.spec.key().clone(),
        "indexName": index.name(),
        "isMultiKey": access.repeats,
        "isUnique": index.is_unique(),
        "isSparse": index.spec.is_sparse(),
        "isPartial": index.spec.partial().is_some(),
        "direction": direction,
        "indexBounds": access.shown.clone(),
    }
}

/// What `explain` answers of a plan.
pub fn explain(namespace: &str, filter: &Document, plan: &Plan) -> Document {
    doc! {
        "queryPlanner": {
            "plannerVersion": 1,
            "namespace": namespace,
            "parsedQuery": filter.clone(),
            "winningPlan": stages(plan, filter),
            "rejectedPlans": [],
        },
    }
}

/// The same, with what running the plan took.
pub fn executed(mut explained: Document, returned: u64, examined: Examined) -> Document {
    let count = |n: u64| Bson::Int64(i64::try_from(n).unwrap_or(i64::MAX));
    explained.insert(
        "executionStats",
        doc! {
            "executionSuccess": true,
            "nReturned": count(returned),
            "totalKeysExamined": count(examined.keys),
            "totalDocsExamined": count(examined.documents),
        },
    );
    explained.insert("ok", 1);
    explained
}
