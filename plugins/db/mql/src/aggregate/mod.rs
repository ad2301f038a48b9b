//! Aggregation pipelines.

mod accumulator;
pub(crate) mod bounds;
mod chain;
mod execution;
mod nested;
mod operator;
mod ordered;
mod parse;
mod pipeline;
mod query;
mod sorter;
mod source;
mod spill;
mod stages;
#[cfg(test)]
mod testing;
mod transform;

use bson::Bson;

use crate::check::type_name;
use crate::error::{Code, Error, Result};

pub use execution::{CursorId, Execution, Opening, Step};
pub use pipeline::{Collections, Context, DEFAULT_MEMORY, Options, Pipeline};
pub use query::Query;
pub use source::{Opened, Results, Source};
pub use spill::{Spill, SpillFile, SpillWith};
pub use stages::output::{Merge, Output, WhenNotMatched};
pub use transform::Transform;

/// How many stages a pipeline may have, those of nested pipelines included. MongoDB's limit since
/// 5.0; 4.2 has none.
pub const MAX_STAGES: usize = 1000;

/// The stages of MongoDB 4.2, those that are refused here included.
const STAGES: &[&str] = &[
    "$addFields",
    "$bucket",
    "$bucketAuto",
    "$changeStream",
    "$collStats",
    "$count",
    "$currentOp",
    "$facet",
    "$geoNear",
    "$graphLookup",
    "$group",
    "$indexStats",
    "$limit",
    "$listLocalSessions",
    "$listSessions",
    "$lookup",
    "$match",
    "$merge",
    "$out",
    "$planCacheStats",
    "$project",
    "$redact",
    "$replaceRoot",
    "$replaceWith",
    "$sample",
    "$set",
    "$skip",
    "$sort",
    "$sortByCount",
    "$unset",
    "$unwind",
];

/// The name and the specification of a stage.
fn stage(stage: &Bson) -> Result<(&str, &Bson)> {
    let Bson::Document(stage) = stage else {
        return Err(Error::new(
            Code::TypeMismatch,
            format!("Each element of the 'pipeline' array must be an object, found {}", type_name(stage)),
        ));
    };
    match stage.iter().next() {
        Some((name, value)) if stage.len() == 1 => Ok((name, value)),
        _ => Err(Error::at(40323, "A pipeline stage specification object must contain exactly one field.")),
    }
}

fn unrecognized(name: &str) -> Error {
    Error::at(40324, format!("Unrecognized pipeline stage name: '{name}'"))
}

fn too_many_stages() -> Error {
    Error::new(Code::FailedToParse, format!("Pipeline length must be no longer than {MAX_STAGES} stages"))
}
