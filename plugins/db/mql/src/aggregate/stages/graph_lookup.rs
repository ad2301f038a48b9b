//! `$graphLookup`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bson::{Bson, Document, doc};

use super::super::bounds::{self, value_memory};
use super::super::chain::Chain;
use super::super::nested;
use super::super::operator::{Env, Inbox, Operator, Poll, Run};
use super::super::ordered::Ordered;
use super::super::query::Query;
use super::fields::{names, scope};
use super::lookup::equals_any;
use super::match_;
use super::paging::whole;
use crate::check::type_name;
use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::expression::Expression;
use crate::number;
use crate::path::distinct_values;

/// Documents that are reached from each document, step by step.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct GraphLookup {
    from: String,
    start_with: Expression,
    connect_from: String,
    connect_to: String,
    into: Vec<String>,
    max_depth: Option<u64>,
    depth_field: Option<Vec<String>>,
    restrict: Option<Document>,
}

impl GraphLookup {
    pub(in crate::aggregate) fn parse(value: &Bson, known: &[String], collation: &Collation) -> Result<Self> {
        let Bson::Document(spec) = value else {
            return Err(Error::parse(format!("the $graphLookup stage specification must be an object, but found {}", type_name(value))));
        };
        let (mut from, mut into, mut start_with, mut connect_from, mut connect_to) = (None, None, None, None, None);
        let (mut max_depth, mut depth_field, mut restrict) = (None, None, None);
        for (name, value) in spec {
            let text = || match value {
                Bson::String(text) => Ok(text.clone()),
                other => Err(Error::at(40103, format!("expected string as argument for {name}, found: {}", type_name(other)))),
            };
            match name.as_str() {
                "startWith" => start_with = Some(Expression::parse_in(value, &mut scope(known))?),
                "maxDepth" => max_depth = Some(depth(value)?),
                "restrictSearchWithMatch" => {
                    let Bson::Document(conditions) = value else {
                        return Err(Error::at(40185, format!("restrictSearchWithMatch must be an object, found {}", type_name(value))));
                    };
                    match_::filter(conditions, collation, known)?;
                    restrict = Some(conditions.clone());
                }
                "from" => from = Some(text()?),
                "as" => into = Some(names(&text()?)?),
                "connectFromField" => connect_from = Some(text()?),
                "connectToField" => connect_to = Some(text()?),
                "depthField" => depth_field = Some(names(&text()?)?),
                other => return Err(Error::at(40104, format!("Unknown argument to $graphLookup: {other}"))),
            }
        }
        let (Some(from), Some(into), Some(start_with), Some(connect_from), Some(connect_to)) =
            (from.filter(|from| !from.is_empty()), into, start_with, connect_from, connect_to)
        else {
            return Err(Error::at(
                40105,
                "$graphLookup requires 'from', 'as', 'startWith', 'connectFromField', and 'connectToField' to be specified.",
            ));
        };
        names(&connect_from)?;
        names(&connect_to)?;
        Ok(Self { from, start_with, connect_from, connect_to, into, max_depth, depth_field, restrict })
    }

    pub(in crate::aggregate) fn from(&self) -> &str {
        &self.from
    }

    pub(in crate::aggregate) fn start(self: Arc<Self>) -> Box<dyn Operator> {
        Box::new(Searching { graph: self, inbox: Inbox::default(), search: None })
    }

    /// The query for the documents that the values lead to.
    fn step(&self, values: Vec<Bson>, env: &Env) -> Result<Chain> {
        let step = equals_any(&self.connect_to, values);
        let conditions = match &self.restrict {
            Some(restrict) => doc! {"$and": [restrict.clone(), step]},
            None => step,
        };
        let query = Query {
            collection: Some(self.from.clone()),
            filter: Arc::new(match_::filter(&conditions, &env.collation, &env.names())?),
            variables: env.given.clone(),
            sort: None,
            limit: None,
            near: None,
        };
        Ok(Chain::reading(query, Vec::new()))
    }
}

fn depth(value: &Bson) -> Result<u64> {
    if !number::is_number(value) {
        return Err(Error::at(40100, format!("maxDepth requires numeric argument, found type: {}", type_name(value))));
    }
    let Some(depth) = number::integer(value) else {
        let shown = whole(value).unwrap_or_default();
        return Err(Error::at(40102, format!("maxDepth could not be represented as a long long: {shown}")));
    };
    u64::try_from(depth).map_err(|_| Error::at(40101, format!("maxDepth requires a nonnegative argument, found: {depth}")))
}

struct Searching {
    graph: Arc<GraphLookup>,
    inbox: Inbox,
    search: Option<Search>,
}

struct Search {
    doc: Document,
    chain: Chain,
    depth: u64,
    /// Values that are looked for, or were.
    asked: BTreeSet<Ordered>,
    next: Vec<Bson>,
    /// By `_id`.
    found: BTreeMap<Ordered, ()>,
    docs: Vec<Bson>,
    bytes: usize,
}

impl Search {
    fn ask(&mut self, value: Bson, env: &Env) {
        let key = Ordered(env.collation.key_value(&value));
        let size = value_memory(&value);
        if self.asked.insert(key) {
            self.bytes += 2 * size;
            self.next.push(value);
        }
    }

    fn find(&mut self, mut doc: Document, graph: &GraphLookup, env: &Env) -> Result<()> {
        let id = Ordered(doc.get("_id").cloned().unwrap_or(Bson::Null));
        if self.found.contains_key(&id) {
            return Ok(());
        }
        for value in distinct_values(&doc, &graph.connect_from) {
            self.ask(value.clone(), env);
        }
        if let Some(field) = &graph.depth_field {
            nested::set(&mut doc, field, Bson::Int64(i64::try_from(self.depth).unwrap_or(i64::MAX)));
        }
        let value = Bson::Document(doc);
        self.bytes += value_memory(&id.0) + value_memory(&value);
        self.found.insert(id, ());
        self.docs.push(value);
        if self.bytes > env.memory {
            return Err(Error::new(Code::Location(40099), "$graphLookup reached maximum memory consumption"));
        }
        Ok(())
    }
}

impl Operator for Searching {
    fn feed(&mut self, doc: Option<Document>, run: &mut Run<'_>) -> Result<()> {
        let Some(doc) = doc else {
            self.inbox.put(None);
            return Ok(());
        };
        let start = match self.graph.start_with.evaluate(&doc, &run.env.variables)? {
            Bson::Undefined => Vec::new(),
            Bson::Array(items) => items,
            one => vec![one],
        };
        let mut search = Search {
            doc,
            chain: Chain::fed(Vec::new()),
            depth: 0,
            asked: BTreeSet::new(),
            next: Vec::new(),
            found: BTreeMap::new(),
            docs: Vec::new(),
            bytes: 0,
        };
        for value in start {
            search.ask(value, run.env);
        }
        search.chain = self.graph.step(std::mem::take(&mut search.next), run.env)?;
        self.search = Some(search);
        Ok(())
    }

    fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        while let Some(search) = &mut self.search {
            match search.chain.poll(run)? {
                Poll::Document(doc) => search.find(doc, &self.graph, run.env)?,
                Poll::Waiting => return Ok(Poll::Waiting),
                Poll::Hungry | Poll::End => {
                    if !search.next.is_empty() && self.graph.max_depth.is_none_or(|most| search.depth < most) {
                        search.depth += 1;
                        search.chain = self.graph.step(std::mem::take(&mut search.next), run.env)?;
                        continue;
                    }
                    let Some(Search { mut doc, docs, .. }) = self.search.take() else {
                        break;
                    };
                    nested::set(&mut doc, &self.graph.into, Bson::Array(docs));
                    bounds::check(&doc)?;
                    return Ok(Poll::Document(doc));
                }
            }
        }
        Ok(self.inbox.otherwise())
    }
}
