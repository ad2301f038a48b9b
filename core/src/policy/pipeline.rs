//! Pipelines of `aggregate`, taken apart as far as they read and write collections.

use std::cell::Cell;
use std::collections::BTreeSet;

use sdk_plugin::{Error, Result, codes};

use super::object::{Object, is_object, items, string};

/// Stages that work on the documents that come to them, and on nothing else.
const LOCAL: [&str; 18] = [
    "$addFields",
    "$bucket",
    "$bucketAuto",
    "$count",
    "$group",
    "$limit",
    "$match",
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

/// Stages that tell of the server.
const STATISTICS: [&str; 6] = ["$collStats", "$indexStats", "$planCacheStats", "$currentOp", "$listSessions", "$listLocalSessions"];

const LOOKUP: [&str; 6] = ["from", "as", "localField", "foreignField", "let", "pipeline"];
const GRAPH_LOOKUP: [&str; 8] =
    ["from", "as", "startWith", "connectFromField", "connectToField", "maxDepth", "depthField", "restrictSearchWithMatch"];
const MERGE: [&str; 5] = ["into", "on", "let", "whenMatched", "whenNotMatched"];

/// How deep pipelines may nest. MongoDB's own limit.
const MAX_NESTING: usize = 20;
/// Every level of nesting is read again, so that what is read in all has a bound, in bytes.
const MAX_READ: usize = 64 << 20;
/// How many other collections a pipeline may use.
const MAX_COLLECTIONS: usize = 100;

/// A stage.
#[derive(Debug)]
pub enum Stage<'a> {
    /// It reads and writes no collection.
    Local(&'a str),
    /// `$geoNear`, which must be the first of its pipeline.
    GeoNear(Object<'a>),
    /// `$lookup`; with a pipeline, that one runs on `from`.
    Lookup { from: String, spec: Object<'a>, pipeline: Option<Vec<Stage<'a>>> },
    /// `$graphLookup`.
    GraphLookup { from: String, spec: Object<'a> },
    /// `$facet`: pipelines over the documents that come to it.
    Facet(Vec<(String, Vec<Stage<'a>>)>),
    /// `$out` or `$merge`.
    Output { target: String, text: &'a str },
}

/// The collections that a pipeline uses beside the one that it is run on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collections {
    /// Those that it reads.
    pub reads: BTreeSet<String>,
    /// The one that it writes to.
    pub writes: BTreeSet<String>,
}

/// Takes a pipeline apart.
///
/// # Errors
/// `InvalidParams.Format` for what is no pipeline; `InvalidParameter.PermissionDenied` for stages
/// that are not for mini programs.
pub fn parse(text: &str) -> Result<Vec<Stage<'_>>> {
    Parser { left: Cell::new(MAX_READ) }.pipeline("pipeline", text, 0)
}

struct Parser {
    left: Cell<usize>,
}

impl Parser {
    fn read(&self, text: &str) -> Result<()> {
        let left = self.left.get().checked_sub(text.len());
        self.left.set(left.ok_or_else(|| Error::invalid_params("the pipeline is too large for how deep it is nested"))?);
        Ok(())
    }

    fn open<'a>(&self, what: &str, text: &'a str) -> Result<Object<'a>> {
        self.read(text)?;
        Object::open(what, text)
    }

    fn pipeline<'a>(&self, what: &str, text: &'a str, nesting: usize) -> Result<Vec<Stage<'a>>> {
        if nesting > MAX_NESTING {
            return Err(Error::invalid_params(format!("Maximum number of nested sub-pipelines exceeded. Limit is {MAX_NESTING}")));
        }
        self.read(text)?;
        let stages = items(text).ok_or_else(|| Error::invalid_params(format!("{what} must be an array")))?;
        let last = stages.len();
        stages.into_iter().enumerate().map(|(i, stage)| self.stage(stage, nesting, i == 0, i + 1 == last)).collect()
    }

    fn stage<'a>(&self, text: &'a str, nesting: usize, first: bool, last: bool) -> Result<Stage<'a>> {
        if !is_object(text) {
            return Err(Error::invalid_params("Each element of the 'pipeline' array must be an object"));
        }
        self.read(text)?;
        let (name, value) = only_field(text)?;
        match name.as_str() {
            local if LOCAL.contains(&local) => Ok(Stage::Local(text)),
            "$geoNear" if first => Ok(Stage::GeoNear(self.open("$geoNear", value)?)),
            "$geoNear" => Err(Error::invalid_params("$geoNear is only valid as the first stage in a pipeline.")),
            "$lookup" => self.lookup(value, nesting),
            "$graphLookup" => {
                let spec = self.spec("$graphLookup", value, &GRAPH_LOOKUP)?;
                Ok(Stage::GraphLookup { from: from("$graphLookup", &spec)?, spec })
            }
            "$facet" => self.facet(value, nesting),
            "$out" | "$merge" if nesting > 0 => Err(Error::invalid_params(format!("{name} is not allowed in a nested pipeline"))),
            "$out" | "$merge" if !last => Err(Error::invalid_params(format!("{name} can only be the final stage in the pipeline"))),
            "$out" => {
                let target = string(value).ok_or_else(|| Error::invalid_params("$out only supports a string argument"))?;
                Ok(Stage::Output { target, text })
            }
            "$merge" => Ok(Stage::Output { target: self.merge_target(value)?, text }),
            statistics if STATISTICS.contains(&statistics) => {
                Err(Error::new(codes::PERMISSION_DENIED, format!("{name} is not for mini programs")))
            }
            _ => Err(Error::invalid_params(format!("Unrecognized pipeline stage name: '{name}'"))),
        }
    }

    /// The specification of a stage that may have certain fields.
    fn spec<'a>(&self, stage: &str, text: &'a str, known: &[&str]) -> Result<Object<'a>> {
        let spec = self.open(stage, text)?;
        if let Some((unknown, _)) = spec.iter().find(|(name, _)| !known.contains(name)) {
            return Err(Error::invalid_params(format!("unknown argument to {stage}: {unknown}")));
        }
        Ok(spec)
    }

    fn lookup<'a>(&self, text: &'a str, nesting: usize) -> Result<Stage<'a>> {
        let spec = self.spec("$lookup", text, &LOOKUP)?;
        let from = from("$lookup", &spec)?;
        let pipeline = Object::fields("$lookup", text)?.into_iter().find(|(name, _)| name == "pipeline");
        let pipeline = pipeline.map(|(_, stages)| self.pipeline("'pipeline' of $lookup", stages, nesting + 1)).transpose()?;
        Ok(Stage::Lookup { from, spec, pipeline })
    }

    fn facet<'a>(&self, text: &'a str, nesting: usize) -> Result<Stage<'a>> {
        self.read(text)?;
        let facet = |(name, value): (String, &'a str)| {
            if name.starts_with('$') || name.contains('.') {
                return Err(Error::invalid_params("FieldPath field names may not start with '$' or contain '.'."));
            }
            Ok((name, self.pipeline("a facet of $facet", value, nesting + 1)?))
        };
        Ok(Stage::Facet(Object::fields("$facet", text)?.into_iter().map(facet).collect::<Result<_>>()?))
    }

    fn merge_target(&self, text: &str) -> Result<String> {
        if let Some(target) = string(text) {
            return Ok(target);
        }
        let spec = self.spec("$merge", text, &MERGE)?;
        let into = spec.get("into").ok_or_else(|| Error::invalid_params("BSON field '$merge.into' is missing but a required field"))?;
        if let Some(target) = string(into) {
            return Ok(target);
        }
        let into = self.open("$merge 'into'", into)?;
        if into.iter().any(|(name, _)| name == "db") {
            return Err(Error::new(codes::PERMISSION_DENIED, "a mini program can $merge into collections of its own space only"));
        }
        into.string("coll").ok_or_else(|| Error::invalid_params("$merge 'into' must name a collection"))
    }
}

fn only_field(text: &str) -> Result<(String, &str)> {
    match <[_; 1]>::try_from(Object::fields("a stage", text)?) {
        Ok([field]) => Ok(field),
        Err(_) => Err(Error::invalid_params("A pipeline stage specification object must contain exactly one field.")),
    }
}

fn from(stage: &str, spec: &Object<'_>) -> Result<String> {
    let from = spec.string("from").filter(|from| !from.is_empty());
    from.ok_or_else(|| Error::invalid_params(format!("must specify 'from' field for a {stage}")))
}

impl Collections {
    /// Those of a pipeline.
    ///
    /// # Errors
    /// `InvalidParams.Format` when they are more than 100.
    pub fn of(stages: &[Stage<'_>]) -> Result<Self> {
        let mut collections = Self::default();
        collections.add(stages);
        if collections.reads.len() > MAX_COLLECTIONS {
            return Err(Error::invalid_params(format!("a pipeline may use at most {MAX_COLLECTIONS} other collections")));
        }
        Ok(collections)
    }

    fn add(&mut self, stages: &[Stage<'_>]) {
        for stage in stages {
            match stage {
                Stage::Local(_) | Stage::GeoNear(_) => {}
                Stage::Lookup { from, pipeline, .. } => {
                    self.reads.insert(from.clone());
                    self.add(pipeline.as_deref().unwrap_or_default());
                }
                Stage::GraphLookup { from, .. } => _ = self.reads.insert(from.clone()),
                Stage::Facet(facets) => facets.iter().for_each(|(_, stages)| self.add(stages)),
                Stage::Output { target, .. } => _ = self.writes.insert(target.clone()),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn collections(text: &str) -> (Vec<String>, Vec<String>) {
        let Collections { reads, writes } = Collections::of(&parse(text).unwrap()).unwrap();
        (reads.into_iter().collect(), writes.into_iter().collect())
    }

    #[test]
    fn every_collection_is_found_however_deep() {
        let (reads, writes) = collections(
            r#"[{"$match":{}},
                {"$lookup":{"from":"a","as":"x","localField":"l","foreignField":"f"}},
                {"$lookup":{"from":"b","as":"x","let":{},"pipeline":[{"$lookup":{"from":"c","as":"x","pipeline":[
                    {"$facet":{"one":[{"$graphLookup":{"from":"d","as":"x","startWith":"$y","connectFromField":"y","connectToField":"z"}}],
                               "two":[{"$lookup":{"\u0066rom":"\u0065","as":"x","pipeline":[]}}]}}]}}]}},
                {"$merge":{"into":{"coll":"f"},"whenMatched":"replace"}}]"#,
        );
        assert_eq!((reads, writes), (["a", "b", "c", "d", "e"].map(String::from).to_vec(), vec!["f".to_owned()]));
        assert_eq!(collections(r#"[{"$out":"o"}]"#).1, ["o"]);
        assert_eq!(collections(r#"[{"$merge":"m"}]"#).1, ["m"]);
        assert_eq!(collections(r#"[{"$merge":{"into":"m"}}]"#).1, ["m"]);
        assert_eq!(collections("[]"), (vec![], vec![]));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "{}",
            "[1]",
            "[[]]",
            "[{}]",
            r#"[{"$match":{},"$limit":1}]"#,
            r#"[{"$match":{},"$match":{}}]"#,
            r#"[{"match":{}}]"#,
            r#"[{"$unionWith":"c"}]"#,
            r#"[{"$collStats":{}}]"#,
            r#"[{"$indexStats":{}}]"#,
            r#"[{"$currentOp":{}}]"#,
            r#"[{"$match":{}},{"$geoNear":{}}]"#,
            r#"[{"$lookup":"c"}]"#,
            r#"[{"$lookup":{"as":"x"}}]"#,
            r#"[{"$lookup":{"from":{"db":"d","coll":"c"},"as":"x"}}]"#,
            r#"[{"$lookup":{"from":"a","from":"b","as":"x"}}]"#,
            r#"[{"$lookup":{"from":"a","as":"x","pipeline":[],"pipeline":[]}}]"#,
            r#"[{"$lookup":{"from":"a","as":"x","collection":"b"}}]"#,
            r#"[{"$lookup":{"from":"a","as":"x","pipeline":{}}}]"#,
            r#"[{"$lookup":{"from":"a","as":"x","pipeline":[{"$out":"b"}]}}]"#,
            r#"[{"$graphLookup":{"from":1}}]"#,
            r#"[{"$graphLookup":{"from":"a","pipeline":[]}}]"#,
            r#"[{"$facet":[]}]"#,
            r#"[{"$facet":{"a":{}}}]"#,
            r#"[{"$facet":{"$a":[]}}]"#,
            r#"[{"$facet":{"a":[],"a":[{"$lookup":{"from":"b","as":"x"}}]}}]"#,
            r#"[{"$facet":{"a":[{"$merge":"b"}]}}]"#,
            r#"[{"$out":"a"},{"$limit":1}]"#,
            r#"[{"$out":{"db":"d","coll":"c"}}]"#,
            r#"[{"$merge":{"into":{"db":"d","coll":"c"}}}]"#,
            r#"[{"$merge":{"into":"a","from":"b"}}]"#,
            r#"[{"$merge":{"into":"a","into":"b"}}]"#,
            r#"[{"$merge":{}}]"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize, inner: &str| {
            (0..levels).fold(inner.to_owned(), |inner, _| format!(r#"[{{"$lookup":{{"from":"a","as":"x","pipeline":{inner}}}}}]"#))
        };
        assert!(parse(&nested(MAX_NESTING, "[]")).is_ok());
        assert!(parse(&nested(MAX_NESTING + 1, "[]")).is_err());
        let large = format!(r#"[{{"$match":{{"a":"{}"}}}}]"#, "x".repeat(3 << 20));
        assert!(parse(&nested(2, &large)).is_ok());
        assert!(parse(&nested(MAX_NESTING, &large)).is_err());
        let many: Vec<String> =
            (0..=MAX_COLLECTIONS).map(|n| format!(r#"{{"$lookup":{{"from":"c{n}","as":"x","pipeline":[]}}}}"#)).collect();
        assert!(Collections::of(&parse(&format!("[{}]", many.join(","))).unwrap()).is_err());
    }
}
