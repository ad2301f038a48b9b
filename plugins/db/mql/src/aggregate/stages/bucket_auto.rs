//! `$bucketAuto`: groups of about the same size.

use std::cmp::Ordering;
use std::sync::Arc;

use bson::{Bson, Document};

use super::super::accumulator::{Accumulated, Accumulator};
use super::super::bounds::{self, value_memory};
use super::super::operator::{Collect, Collecting, Env, Operator};
use super::super::ordered::Ordered;
use super::super::sorter::{Sorted, Sorter};
use super::super::spill::Order;
use super::bucket::group_by;
use super::granularity::Granularity;
use crate::check::type_name;
use crate::error::{Error, Result};
use crate::expression::Expression;
use crate::known::Known;
use crate::number;

#[derive(Clone, Debug)]
pub(in crate::aggregate) struct BucketAuto {
    by: Expression,
    buckets: u64,
    granularity: Option<Granularity>,
    fields: Vec<Accumulated>,
}

impl BucketAuto {
    pub(in crate::aggregate) fn parse(value: &Bson, known: &Known) -> Result<Self> {
        let Bson::Document(spec) = value else {
            return Err(Error::at(40240, format!("The argument to $bucketAuto must be an object, but found type: {}.", type_name(value))));
        };
        let mut scope = known.scope();
        let (mut by, mut buckets, mut granularity) = (None, None, None);
        let mut fields = vec![Accumulated::count("count")?];
        for (name, value) in spec {
            let found = type_name(value);
            match (name.as_str(), value) {
                ("groupBy", value) => by = Some(group_by("$bucketAuto", 40239, value, &mut scope)?),
                ("buckets", value) => buckets = Some(count(value)?),
                ("output", Bson::Document(output)) => fields = Accumulated::parse_all(output, "", &mut scope)?,
                ("output", _) => {
                    return Err(Error::at(40244, format!("The $bucketAuto 'output' field must be an object, but found type: {found}.")));
                }
                ("granularity", Bson::String(name)) => granularity = Some(Granularity::parse(name)?),
                ("granularity", _) => {
                    return Err(Error::at(
                        40261,
                        format!("The $bucketAuto 'granularity' field must be a string, but found type: {found}."),
                    ));
                }
                (other, _) => return Err(Error::at(40245, format!("Unrecognized option to $bucketAuto: {other}."))),
            }
        }
        let (Some(by), Some(buckets)) = (by, buckets) else {
            return Err(Error::at(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified."));
        };
        Ok(Self { by, buckets, granularity, fields })
    }

    pub(in crate::aggregate) fn start(self: Arc<Self>) -> Box<dyn Operator> {
        let sorter = Sorter::new(ByValue(Arc::clone(&self)), None, |key: &Placed| value_memory(&key.value) + value_memory(&key.key.0));
        Box::new(Collecting::new(Bucketing { stage: self, count: 0, state: State::Sorting(sorter) }))
    }

    fn bucket(&self, least: Bson) -> Bucket {
        Bucket { most: least.clone(), least, states: self.fields.iter().map(Accumulated::start).collect(), bytes: 0 }
    }
}

fn count(value: &Bson) -> Result<u64> {
    if !number::is_number(value) {
        let found = type_name(value);
        return Err(Error::at(40241, format!("The $bucketAuto 'buckets' field must be a numeric value, but found type: {found}.")));
    }
    let Some(count) = number::integer(value).and_then(|count| i32::try_from(count).ok()) else {
        return Err(Error::at(
            40242,
            format!("The $bucketAuto 'buckets' field must be representable as a 32-bit integer, but found {value}."),
        ));
    };
    u64::try_from(count)
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(|| Error::at(40243, format!("The $bucketAuto 'buckets' field must be greater than 0, but found: {count}.")))
}

/// The value of a document, and how it is compared.
struct Placed {
    key: Ordered,
    value: Bson,
}

impl Ord for Placed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl PartialOrd for Placed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Placed {}

struct ByValue(Arc<BucketAuto>);

impl Order for ByValue {
    type Key = Placed;

    fn key(&self, doc: &Document, env: &Env) -> Result<Placed> {
        let value = match self.0.by.evaluate(doc, &env.variables)? {
            Bson::Undefined => Bson::Null,
            value => value,
        };
        if let Some(granularity) = &self.0.granularity {
            granularity.check(&value)?;
        }
        Ok(Placed { key: Ordered(env.collation.key_value(&value)), value })
    }
}

struct Bucketing {
    stage: Arc<BucketAuto>,
    count: u64,
    state: State,
}

enum State {
    Sorting(Sorter<ByValue>),
    Done(std::vec::IntoIter<Bucket>),
}

struct Bucket {
    least: Bson,
    most: Bson,
    states: Vec<Accumulator>,
    bytes: usize,
}

impl Bucketing {
    /// Adds a document to a bucket; the documents come in order.
    fn add(&self, bucket: &mut Bucket, placed: Placed, doc: &Document, env: &Env) -> Result<()> {
        for (field, state) in self.stage.fields.iter().zip(&mut bucket.states) {
            bucket.bytes += field.add(state, doc, env)?;
        }
        bucket.most = placed.value;
        Ok(())
    }

    fn divide(&self, mut sorted: Sorted<ByValue>, env: &Env) -> Result<Vec<Bucket>> {
        let size = ((self.count as f64 / self.stage.buckets as f64).round() as u64).max(1);
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut bytes = 0;
        let mut next = sorted.next(env)?;
        while let Some((placed, doc)) = next {
            let last = buckets.len() as u64 + 1 == self.stage.buckets;
            let mut bucket = self.stage.bucket(placed.value.clone());
            let mut key = placed.key.clone();
            self.add(&mut bucket, placed, &doc, env)?;
            next = sorted.next(env)?;
            let mut count = 1;
            while let Some((placed, doc)) = next.take_if(|_| count < size || last) {
                key = placed.key.clone();
                self.add(&mut bucket, placed, &doc, env)?;
                next = sorted.next(env)?;
                count += 1;
            }
            // What is equal to the boundary, or below it once it is rounded, belongs here too.
            let boundary = self.stage.granularity.as_ref().map(|granularity| granularity.up(&bucket.most));
            let within = |next: &Placed| match &boundary {
                Some(boundary) => crate::compare(&next.value, boundary).is_lt(),
                None => next.key == key,
            };
            while let Some((placed, doc)) = next.take_if(|(placed, _)| within(placed)) {
                self.add(&mut bucket, placed, &doc, env)?;
                next = sorted.next(env)?;
            }
            if let (Some(boundary), Some(granularity)) = (boundary, &self.stage.granularity) {
                bucket.most = boundary;
                bucket.least = match buckets.last() {
                    Some(before) => before.most.clone(),
                    None => granularity.down(&bucket.least),
                };
            } else if let Some(before) = buckets.last_mut() {
                before.most = bucket.least.clone();
            }
            bytes += bucket.bytes + value_memory(&bucket.least) + value_memory(&bucket.most);
            if bytes > env.memory {
                return Err(Error::new(
                    crate::Code::ExceededMemoryLimit,
                    format!("$bucketAuto used too much memory and cannot spill to disk. Memory limit: {} bytes", env.memory),
                ));
            }
            buckets.push(bucket);
        }
        Ok(buckets)
    }
}

impl Collect for Bucketing {
    fn take(&mut self, doc: Document, env: &Env) -> Result<()> {
        self.count += 1;
        match &mut self.state {
            State::Sorting(sorter) => sorter.push(doc, env),
            State::Done(_) => Ok(()),
        }
    }

    fn end(&mut self, env: &Env) -> Result<()> {
        if let State::Sorting(sorter) = std::mem::replace(&mut self.state, State::Done(Vec::new().into_iter())) {
            let buckets = self.divide(sorter.finish(env)?, env)?;
            self.state = State::Done(buckets.into_iter());
        }
        Ok(())
    }

    fn next(&mut self, _env: &Env) -> Result<Option<Document>> {
        let State::Done(buckets) = &mut self.state else {
            return Ok(None);
        };
        let Some(bucket) = buckets.next() else {
            return Ok(None);
        };
        let mut doc = bson::doc! {"_id": {"min": bucket.least, "max": bucket.most}};
        for (field, state) in self.stage.fields.iter().zip(bucket.states) {
            doc.insert(field.field(), state.result());
        }
        bounds::check(&doc)?;
        Ok(Some(doc))
    }
}
