//! `$facet`.

use std::sync::Arc;

use bson::{Bson, Document};

use super::super::bounds::{self, value_memory};
use super::super::chain::Chain;
use super::super::operator::{Env, Operator, Poll, Run};
use super::super::parse::{Parser, Plan};
use super::fields::names;
use crate::check::type_name;
use crate::error::{Code, Error, Result};

/// Several pipelines over the same documents, and one document of their results.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Facet {
    facets: Vec<(String, Plan)>,
}

impl Facet {
    pub(in crate::aggregate) fn parse(value: &Bson, parser: &mut Parser<'_>) -> Result<Self> {
        let spec = match value {
            Bson::Document(spec) if !spec.is_empty() => spec,
            other => {
                return Err(Error::at(40169, format!("the $facet specification must be a non-empty object, but found: {other}")));
            }
        };
        let mut facets = Vec::new();
        for (name, value) in spec {
            if name.contains('.') {
                return Err(Error::at(16412, "FieldPath field names may not contain '.'."));
            }
            names(name)?;
            let Bson::Array(stages) = value else {
                return Err(Error::at(40170, format!("arguments to $facet must be arrays, {name} is type {}", type_name(value))));
            };
            if let Some(other) = stages.iter().find(|stage| !matches!(stage, Bson::Document(_))) {
                return Err(Error::at(
                    40171,
                    format!(
                        "elements of arrays in $facet spec must be non-empty objects, {name} argument contained an element of type {}: {other}",
                        type_name(other)
                    ),
                ));
            }
            if stages.is_empty() {
                return Err(Error::new(Code::BadValue, "sub-pipeline in $facet stage cannot be empty"));
            }
            facets.push((name.clone(), parser.nested("$facet", parser.known().clone(), stages)?));
        }
        Ok(Self { facets })
    }

    pub(in crate::aggregate) fn reads(&self, found: &mut dyn FnMut(&str)) {
        self.facets.iter().for_each(|(_, plan)| plan.reads(found));
    }

    pub(in crate::aggregate) fn start(self: Arc<Self>, env: &Env) -> Box<dyn Operator> {
        // All of them run at the same time.
        let inner = Env { memory: env.memory / self.facets.len().max(1), ..env.clone() };
        let facet =
            |(name, plan): &(String, Plan)| One { name: name.clone(), chain: plan.start_fed(&inner), results: Vec::new(), ended: false };
        let facets = self.facets.iter().map(facet).collect();
        Box::new(Faceting { facets, env: inner, at: 0, bytes: 0, done: false })
    }
}

struct One {
    name: String,
    chain: Chain,
    results: Vec<Bson>,
    ended: bool,
}

struct Faceting {
    facets: Vec<One>,
    /// What they run with: each has its part of the memory.
    env: Env,
    /// Which facet goes on.
    at: usize,
    bytes: usize,
    done: bool,
}

impl Operator for Faceting {
    fn feed(&mut self, doc: Option<Document>, _run: &mut Run<'_>) -> Result<()> {
        self.facets.iter_mut().filter(|facet| !facet.ended).for_each(|facet| facet.chain.feed(doc.clone()));
        self.at = 0;
        Ok(())
    }

    fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        while let Some(facet) = self.facets.get_mut(self.at) {
            if facet.ended {
                self.at += 1;
                continue;
            }
            match facet.chain.poll(&mut Run { env: &self.env, io: &mut *run.io })? {
                Poll::Document(doc) => {
                    let value = Bson::Document(doc);
                    self.bytes += value_memory(&value);
                    if self.bytes > run.env.memory {
                        return Err(Error::new(
                            Code::BSONObjectTooLarge,
                            format!("document constructed by $facet exceeds the limit of {} bytes", run.env.memory),
                        ));
                    }
                    facet.results.push(value);
                }
                Poll::Waiting => return Ok(Poll::Waiting),
                Poll::Hungry => self.at += 1,
                Poll::End => facet.ended = true,
            }
        }
        if self.done {
            return Ok(Poll::End);
        }
        if self.facets.iter().any(|facet| !facet.ended) {
            return Ok(Poll::Hungry);
        }
        self.done = true;
        let doc: Document = self.facets.drain(..).map(|facet| (facet.name, Bson::Array(facet.results))).collect();
        bounds::check(&doc)?;
        Ok(Poll::Document(doc))
    }
}
