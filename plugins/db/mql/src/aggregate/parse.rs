//! From stages as documents to a plan, and from there to running stages.

use std::sync::Arc;

use bson::{Bson, Document, doc};

use super::chain::Chain;
use super::operator::{Env, Operator};
use super::query::Query;
use super::stages::bucket_auto::BucketAuto;
use super::stages::facet::Facet;
use super::stages::graph_lookup::GraphLookup;
use super::stages::group::Group;
use super::stages::lookup::{self, Lookup};
use super::stages::output::{Merge, Output};
use super::stages::redact::Redact;
use super::stages::unwind::Unwind;
use super::stages::{self, geo_near, match_, paging, sample, sort, sort_by_count};
use super::transform::Change;
use super::{STAGES, stage, too_many_stages, unrecognized};
use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::expression::Expression;
use crate::filter::Filter;
use crate::geo::GeoNear;
use crate::sort::Sort;

/// How deep pipelines may nest. MongoDB's own limit.
const MAX_NESTING: usize = 20;

/// Stages that only some places may hold.
const WRITING: &[&str] = &["$out", "$merge"];
const STATISTICS: &[&str] =
    &["$collStats", "$indexStats", "$planCacheStats", "$currentOp", "$listSessions", "$listLocalSessions", "$changeStream"];

/// A stage, parsed.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    Match(Arc<Filter>),
    Change(Arc<Change>),
    Sort(Arc<Sort>),
    Limit(u64),
    Skip(u64),
    Count(String),
    Group(Arc<Group>),
    BucketAuto(Arc<BucketAuto>),
    Unwind(Arc<Unwind>),
    Lookup(Arc<Lookup>),
    GraphLookup(Arc<GraphLookup>),
    Facet(Arc<Facet>),
    Sample(u64),
    Redact(Arc<Redact>),
    GeoNear(Arc<GeoNear>),
}

/// What the parser knows of where it is.
pub(super) struct Parser<'p> {
    collation: &'p Collation,
    /// The variables that expressions may use.
    known: Vec<String>,
    nesting: usize,
    /// How many stages there may still be.
    left: usize,
    /// The stage that the pipeline is nested in.
    within: Option<&'static str>,
}

/// A pipeline as it runs: what is asked of the store, and the stages that are left.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) filter: Arc<Filter>,
    pub(super) stages: Vec<Stage>,
}

impl<'p> Parser<'p> {
    pub(super) fn new(collation: &'p Collation, known: Vec<String>) -> Self {
        Self { collation, known, nesting: 0, left: super::MAX_STAGES, within: None }
    }

    /// Parses the pipeline within a stage.
    pub(super) fn nested(&mut self, within: &'static str, known: &[String], pipeline: &[Bson]) -> Result<Plan> {
        if self.nesting >= MAX_NESTING {
            return Err(Error::new(
                Code::Location(232),
                format!("Maximum number of nested {within} sub-pipelines exceeded. Limit is {MAX_NESTING}"),
            ));
        }
        let (names, outer) = (self.known.len(), self.within.replace(within));
        self.known.extend_from_slice(known);
        self.nesting += 1;
        let result = self.pipeline(pipeline).and_then(|(stages, _)| self.plan(stages, within == "$facet"));
        self.nesting -= 1;
        self.known.truncate(names);
        self.within = outer;
        result
    }

    /// Parses variables of a `let`.
    pub(super) fn bindings(&self, given: &Document) -> Result<Vec<(String, Expression)>> {
        lookup::bindings(given, &self.known)
    }

    pub(super) fn pipeline(&mut self, pipeline: &[Bson]) -> Result<(Vec<Parsed>, Option<Output>)> {
        let mut parsed = Vec::with_capacity(pipeline.len());
        let mut output = None;
        for (position, value) in pipeline.iter().enumerate() {
            self.left = self.left.checked_sub(1).ok_or_else(too_many_stages)?;
            let (name, value) = stage(value)?;
            self.place(name, position, position + 1 == pipeline.len())?;
            match name {
                "$out" => output = Some(Output::parse_out(value)?),
                "$merge" => output = Some(Output::Merge(Merge::parse(value, self)?)),
                _ => self.stage(name, value, &mut parsed)?,
            }
        }
        Ok((parsed, output))
    }

    /// Checks that a stage may stand where it does.
    fn place(&self, name: &str, position: usize, last: bool) -> Result<()> {
        let writing = WRITING.contains(&name);
        match self.within {
            Some("$facet") if writing || STATISTICS.contains(&name) || matches!(name, "$facet" | "$geoNear") => {
                return Err(Error::at(40600, format!("{name} is not allowed to be used within a $facet stage")));
            }
            Some("$lookup") if writing => {
                return Err(Error::at(51047, format!("{name} is not allowed within a $lookup's sub-pipeline")));
            }
            _ => {}
        }
        if writing && !last {
            return Err(Error::at(40601, format!("{name} can only be the final stage in the pipeline")));
        }
        if position > 0 && (name == "$geoNear" || STATISTICS.contains(&name)) {
            return Err(Error::at(40602, format!("{name} is only valid as the first stage in a pipeline.")));
        }
        Ok(())
    }

    fn stage(&mut self, name: &str, value: &Bson, parsed: &mut Vec<Parsed>) -> Result<()> {
        let stage = match name {
            "$match" => {
                let conditions = match_::conditions(value)?;
                let filter = Arc::new(match_::filter(conditions, self.collation, &self.known)?);
                parsed.push(Parsed { stage: Stage::Match(filter), conditions: Some(conditions.clone()) });
                return Ok(());
            }
            "$sort" => Stage::Sort(Arc::new(sort::parse(value, self.collation)?)),
            "$limit" => Stage::Limit(paging::limit(value)?),
            "$skip" => Stage::Skip(paging::skip(value)?),
            "$count" => Stage::Count(paging::count(value)?),
            "$group" => Stage::Group(Arc::new(Group::parse(value, &self.known)?)),
            "$bucket" => Stage::Group(Arc::new(stages::bucket(value, &self.known, self.collation)?)),
            "$bucketAuto" => Stage::BucketAuto(Arc::new(BucketAuto::parse(value, &self.known)?)),
            "$sortByCount" => {
                parsed.push(Stage::Group(Arc::new(sort_by_count::parse(value, &self.known)?)).into());
                Stage::Sort(Arc::new(Sort::parse(&sort_by_count::order())?))
            }
            "$unwind" => {
                let unwind = Unwind::parse(value)?;
                if let Some(Parsed { stage: Stage::Lookup(lookup), .. }) = parsed.last_mut()
                    && Arc::get_mut(lookup).is_some_and(|lookup| lookup.absorb(&unwind))
                {
                    return Ok(());
                }
                Stage::Unwind(Arc::new(unwind))
            }
            "$lookup" => Stage::Lookup(Arc::new(Lookup::parse(value, self)?)),
            "$graphLookup" => Stage::GraphLookup(Arc::new(GraphLookup::parse(value, &self.known, self.collation)?)),
            "$facet" => Stage::Facet(Arc::new(Facet::parse(value, self)?)),
            "$sample" => Stage::Sample(sample::parse(value)?),
            "$redact" => Stage::Redact(Arc::new(Redact::parse(value, &self.known)?)),
            "$geoNear" => {
                let near = GeoNear::parse(value)?;
                near.filter_knowing(self.collation, &self.known)?;
                let conditions = near.query().clone();
                parsed.push(Parsed { stage: Stage::GeoNear(Arc::new(near)), conditions: Some(conditions) });
                return Ok(());
            }
            _ => match Change::parse(name, value, &self.known)? {
                Some(change) => Stage::Change(Arc::new(change)),
                None if STAGES.contains(&name) => return Err(Error::unsupported(&format!("the stage {name}"))),
                None => return Err(unrecognized(name)),
            },
        };
        parsed.push(stage.into());
        Ok(())
    }

    /// Splits what the store does from what is left. A pipeline that is fed has no store.
    pub(super) fn plan(&self, parsed: Vec<Parsed>, fed: bool) -> Result<Plan> {
        let mut all: Vec<Document> = Vec::new();
        let mut stages = Vec::with_capacity(parsed.len());
        let mut leading = !fed;
        for Parsed { stage, conditions } in parsed {
            match (stage, conditions) {
                (Stage::Match(_), Some(conditions)) if leading => all.push(conditions),
                (stage @ Stage::GeoNear(_), conditions) => {
                    all.extend(conditions);
                    leading = false;
                    stages.push(stage);
                }
                (stage, _) => {
                    leading = false;
                    stages.push(stage);
                }
            }
        }
        let conditions = match all.len() {
            0 | 1 => all.pop().unwrap_or_default(),
            _ => doc! {"$and": all},
        };
        Ok(Plan { filter: Arc::new(match_::filter(&conditions, self.collation, &self.known)?), stages })
    }
}

/// A stage, with the conditions that a filter can take over.
pub(super) struct Parsed {
    stage: Stage,
    conditions: Option<Document>,
}

impl From<Stage> for Parsed {
    fn from(stage: Stage) -> Self {
        Self { stage, conditions: None }
    }
}

impl Plan {
    /// What is asked of the store.
    pub(super) fn query(&self, collection: Option<&str>, variables: &Document) -> Query {
        let (sort, near) = match self.stages.first() {
            Some(Stage::Sort(sort)) => (Some(Arc::clone(sort)), None),
            Some(Stage::GeoNear(near)) => (None, Some(Arc::clone(near))),
            _ => (None, None),
        };
        let after = usize::from(sort.is_some() || near.is_some());
        Query {
            collection: collection.map(str::to_owned),
            filter: Arc::clone(&self.filter),
            variables: variables.clone(),
            sort,
            limit: limit(self.stages.get(after..).unwrap_or_default()),
            near,
        }
    }

    /// Starts it on a collection.
    pub(super) fn start(&self, collection: Option<&str>, env: &Env) -> Chain {
        Chain::reading(self.query(collection, &env.given), self.operators(env))
    }

    /// Starts it on documents that are fed.
    pub(super) fn start_fed(&self, env: &Env) -> Chain {
        Chain::fed(self.operators(env))
    }

    fn operators(&self, env: &Env) -> Vec<Box<dyn Operator>> {
        let rest = |position: usize| limit(self.stages.get(position + 1..).unwrap_or_default());
        self.stages.iter().enumerate().map(|(position, stage)| stage.start(rest(position), env)).collect()
    }

    /// Names every other collection that is read.
    pub(super) fn reads(&self, found: &mut dyn FnMut(&str)) {
        for stage in &self.stages {
            match stage {
                Stage::Lookup(lookup) => lookup.reads(found),
                Stage::GraphLookup(graph) => found(graph.from()),
                Stage::Facet(facet) => facet.reads(found),
                _ => {}
            }
        }
    }
}

/// How many documents stages take at most, if they say so before anything else.
fn limit(stages: &[Stage]) -> Option<u64> {
    let mut skipped: u64 = 0;
    for stage in stages {
        match stage {
            Stage::Skip(skip) => skipped = skipped.saturating_add(*skip),
            Stage::Limit(limit) => return Some(skipped.saturating_add(*limit)),
            _ => return None,
        }
    }
    None
}

impl Stage {
    fn start(&self, limit: Option<u64>, env: &Env) -> Box<dyn Operator> {
        match self {
            Self::Match(filter) => match_::start(Arc::clone(filter)),
            Self::Change(change) => super::transform::start(Arc::clone(change)),
            Self::Sort(order) => sort::start(Arc::clone(order), limit),
            Self::Limit(limit) => paging::start_limit(*limit),
            Self::Skip(skip) => paging::start_skip(*skip),
            Self::Count(field) => paging::start_count(field.clone()),
            Self::Group(group) => Arc::clone(group).start(),
            Self::BucketAuto(buckets) => Arc::clone(buckets).start(),
            Self::Unwind(unwind) => Arc::clone(unwind).start(),
            Self::Lookup(lookup) => Arc::clone(lookup).start(),
            Self::GraphLookup(graph) => Arc::clone(graph).start(),
            Self::Facet(facet) => Arc::clone(facet).start(env),
            Self::Sample(size) => sample::start(*size, env),
            Self::Redact(redact) => Arc::clone(redact).start(),
            Self::GeoNear(near) => geo_near::start(Arc::clone(near), limit),
        }
    }
}
