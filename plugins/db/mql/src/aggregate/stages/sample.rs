//! `$sample`.

use bson::{Bson, Document};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::super::bounds;
use super::super::operator::{Collect, Collecting, Env, Operator};
use super::paging::whole;
use crate::error::{Error, Result};
use crate::number::is_number;

pub(in crate::aggregate) fn parse(value: &Bson) -> Result<u64> {
    let Bson::Document(spec) = value else {
        return Err(Error::at(28745, "the $sample stage specification must be an object"));
    };
    if let Some(option) = spec.keys().find(|option| *option != "size") {
        return Err(Error::at(28748, format!("unrecognized option to $sample: {option}")));
    }
    let size = spec.get("size").ok_or_else(|| Error::at(28749, "$sample stage must specify a size"))?;
    if !is_number(size) {
        return Err(Error::at(28746, "size argument to $sample must be a number"));
    }
    let size = whole(size).and_then(|size| u64::try_from(size).ok());
    size.ok_or_else(|| Error::at(28747, "size argument to $sample must not be negative"))
}

/// The documents that drew the least numbers.
struct Sample {
    size: usize,
    random: StdRng,
    held: Vec<(u64, Document)>,
    bytes: usize,
    out: std::vec::IntoIter<(u64, Document)>,
}

pub(in crate::aggregate) fn start(size: u64, env: &Env) -> Box<dyn Operator> {
    let random = env.seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    Box::new(Collecting::new(Sample { size, random, held: Vec::new(), bytes: 0, out: Vec::new().into_iter() }))
}

impl Sample {
    fn keep(&mut self) {
        self.held.sort_by_key(|(drawn, _)| *drawn);
        self.held.truncate(self.size);
        self.bytes = self.held.iter().map(|(_, doc)| bounds::memory(doc)).sum();
    }
}

impl Collect for Sample {
    fn take(&mut self, doc: Document, env: &Env) -> Result<()> {
        let drawn = self.random.random();
        self.bytes += bounds::memory(&doc);
        self.held.push((drawn, doc));
        if self.held.len() >= self.size.saturating_mul(2).max(64) || self.bytes > env.memory {
            self.keep();
        }
        if self.bytes > env.memory {
            return Err(Error::at(16820, format!("$sample exceeded the memory limit of {} bytes", env.memory)));
        }
        Ok(())
    }

    fn end(&mut self, _env: &Env) -> Result<()> {
        self.keep();
        self.out = std::mem::take(&mut self.held).into_iter();
        Ok(())
    }

    fn next(&mut self, _env: &Env) -> Result<Option<Document>> {
        Ok(self.out.next().map(|(_, doc)| doc))
    }
}
