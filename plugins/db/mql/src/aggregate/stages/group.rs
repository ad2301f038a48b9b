//! `$group`, and `$bucket` and `$sortByCount`, which are groups of their own kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::{Bson, Document};

use super::super::accumulator::{Accumulated, Accumulator, SIZE};
use super::super::bounds::{self, value_memory};
use super::super::operator::{Collect, Collecting, Env, Operator};
use super::super::ordered::Ordered;
use super::super::spill::{Merge, Order, Runs};
use super::bucket::Buckets;
use crate::error::{Code, Error, Result};
use crate::expression::{Expression, Variables};
use crate::known::Known;

#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Group {
    by: By,
    fields: Vec<Accumulated>,
}

/// What the documents of a group have in common.
#[derive(Clone, Debug)]
pub(super) enum By {
    Value(Expression),
    Bucket(Buckets),
}

impl Group {
    pub(in crate::aggregate) fn parse(value: &Bson, known: &Known) -> Result<Self> {
        let Bson::Document(spec) = value else {
            return Err(Error::at(15947, "a group's fields must be specified in an object"));
        };
        let id = spec.get("_id").ok_or_else(|| Error::at(15955, "a group specification must include an _id"))?;
        let mut scope = known.scope();
        let by = By::Value(Expression::parse_in(id, &mut scope)?);
        Ok(Self { by, fields: Accumulated::parse_all(spec, "_id", &mut scope)? })
    }

    pub(super) fn new(by: By, fields: Vec<Accumulated>) -> Self {
        Self { by, fields }
    }

    pub(in crate::aggregate) fn start(self: Arc<Self>) -> Box<dyn Operator> {
        Box::new(Collecting::new(Grouping { group: self, bytes: 0, held: BTreeMap::new(), runs: Runs::default(), out: Out::None }))
    }

    fn id(&self, doc: &Document, variables: &Variables) -> Result<Bson> {
        let id = match &self.by {
            By::Value(expression) => expression.evaluate(doc, variables)?,
            By::Bucket(buckets) => buckets.find(doc, variables)?,
        };
        Ok(if id == Bson::Undefined { Bson::Null } else { id })
    }

    fn one(&self, id: Bson) -> One {
        One { id, states: self.fields.iter().map(Accumulated::start).collect() }
    }

    fn result(&self, one: One) -> Result<Document> {
        let mut doc = Document::new();
        doc.insert("_id", one.id);
        for (field, state) in self.fields.iter().zip(one.states) {
            doc.insert(field.field(), state.result());
        }
        bounds::check(&doc)?;
        Ok(doc)
    }
}

/// One group.
struct One {
    id: Bson,
    states: Vec<Accumulator>,
}

impl One {
    fn save(self) -> Document {
        let states: Vec<Bson> = self.states.into_iter().map(Accumulator::save).collect();
        bson::doc! {"id": self.id, "states": states}
    }

    /// Says how many bytes of memory that takes.
    fn load(&mut self, mut saved: Document, env: &Env) -> Result<usize> {
        let Some(Bson::Array(states)) = saved.remove("states") else {
            return Err(damaged());
        };
        let mut bytes = 0;
        for (state, saved) in self.states.iter_mut().zip(states) {
            bytes += state.load(saved, env)?;
        }
        Ok(bytes)
    }
}

fn damaged() -> Error {
    Error::new(Code::OperationFailed, "a temporary file does not hold what was written")
}

/// The order of what is put aside: by what the groups' documents have in common.
struct ById;

impl Order for ById {
    type Key = Ordered;

    fn key(&self, doc: &Document, env: &Env) -> Result<Ordered> {
        Ok(Ordered(env.collation.key_value(doc.get("id").unwrap_or(&Bson::Null))))
    }
}

struct Grouping {
    group: Arc<Group>,
    bytes: usize,
    held: BTreeMap<Ordered, One>,
    runs: Runs,
    out: Out,
}

enum Out {
    None,
    Memory(std::collections::btree_map::IntoValues<Ordered, One>),
    Files(Merge<Ordered>, Option<(Ordered, Document)>),
}

impl Grouping {
    fn spill(&mut self, env: &Env) -> Result<()> {
        let Some(spill) = &env.spill else {
            return Err(Error::at(
                16945,
                "Exceeded memory limit for $group, but didn't allow external sort. Pass allowDiskUse:true to opt in.",
            ));
        };
        self.bytes = 0;
        let groups = std::mem::take(&mut self.held).into_values().map(One::save);
        self.runs.write(spill.as_ref(), groups, &ById, env)
    }
}

impl Collect for Grouping {
    fn take(&mut self, doc: Document, env: &Env) -> Result<()> {
        let id = self.group.id(&doc, &env.variables)?;
        let key = Ordered(env.collation.key_value(&id));
        let one = match self.held.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                self.bytes += 64 + value_memory(&entry.key().0) + value_memory(&id) + SIZE * self.group.fields.len();
                entry.insert(self.group.one(id))
            }
        };
        for (field, state) in self.group.fields.iter().zip(&mut one.states) {
            self.bytes += field.add(state, &doc, env)?;
        }
        if self.bytes > env.memory { self.spill(env) } else { Ok(()) }
    }

    fn end(&mut self, env: &Env) -> Result<()> {
        if self.runs.is_empty() {
            self.out = Out::Memory(std::mem::take(&mut self.held).into_values());
            return Ok(());
        }
        if !self.held.is_empty() {
            self.spill(env)?;
        }
        let mut merge = std::mem::take(&mut self.runs).merge(&ById, env)?;
        let head = merge.next(&ById, env)?;
        self.out = Out::Files(merge, head);
        Ok(())
    }

    fn next(&mut self, env: &Env) -> Result<Option<Document>> {
        match &mut self.out {
            Out::None => Ok(None),
            Out::Memory(groups) => groups.next().map(|one| self.group.result(one)).transpose(),
            Out::Files(merge, head) => {
                let Some((key, mut saved)) = head.take() else {
                    return Ok(None);
                };
                let mut one = self.group.one(saved.remove("id").unwrap_or(Bson::Null));
                let mut bytes = one.load(saved, env)?;
                loop {
                    match merge.next(&ById, env)? {
                        Some((next, saved)) if next == key => bytes += one.load(saved, env)?,
                        next => {
                            *head = next;
                            break;
                        }
                    }
                    if bytes > env.memory {
                        return Err(Error::new(
                            Code::ExceededMemoryLimit,
                            format!("one group used too much memory and cannot spill to disk. Memory limit: {} bytes", env.memory),
                        ));
                    }
                }
                self.group.result(one).map(Some)
            }
        }
    }
}
