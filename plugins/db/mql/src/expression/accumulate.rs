//! The accumulators that are operators too: over their arguments, or over the elements of the only
//! one if it is an array.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::call::Args;
use super::summation::{Deviation, Summation};
use super::{Variables, nullish, type_name};
use crate::error::{Error, Result};

fn each(args: &Args<'_>, mut run: impl FnMut(&Bson) -> Result<()>) -> Result<()> {
    match args {
        [one] => match one.as_ref() {
            Bson::Array(items) => items.iter().try_for_each(run),
            value => run(value),
        },
        all => all.iter().try_for_each(|value| run(value)),
    }
}

fn summation(args: &Args<'_>) -> Result<Summation> {
    let mut summation = Summation::new();
    each(args, |value| {
        summation.push(value);
        Ok(())
    })?;
    Ok(summation)
}

fn deviation(args: &Args<'_>) -> Result<Deviation> {
    let mut deviation = Deviation::new();
    each(args, |value| {
        deviation.push(value);
        Ok(())
    })?;
    Ok(deviation)
}

pub(super) fn sum(args: &Args<'_>) -> Result<Bson> {
    Ok(summation(args)?.sum())
}

pub(super) fn avg(args: &Args<'_>) -> Result<Bson> {
    Ok(summation(args)?.average())
}

pub(super) fn std_dev_pop(args: &Args<'_>) -> Result<Bson> {
    Ok(deviation(args)?.population())
}

pub(super) fn std_dev_samp(args: &Args<'_>) -> Result<Bson> {
    Ok(deviation(args)?.sample())
}

fn extreme(args: &Args<'_>, variables: &Variables, wanted: Ordering) -> Result<Bson> {
    let mut found = Bson::Null;
    each(args, |value| {
        variables.watch.spend(1)?;
        if !nullish(value) && (nullish(&found) || variables.collation.compare(value, &found) == wanted) {
            found = value.clone();
        }
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn max(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    extreme(args, variables, Ordering::Greater)
}

pub(super) fn min(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    extreme(args, variables, Ordering::Less)
}

pub(super) fn merge_objects(args: &Args<'_>) -> Result<Bson> {
    let mut merged = Document::new();
    each(args, |value| {
        match value {
            Bson::Document(doc) => merged.extend(doc.clone()),
            value if nullish(value) => {}
            other => {
                let message = format!("$mergeObjects requires object inputs, but input {other} is of type {}", type_name(other));
                return Err(Error::at(40400, message));
            }
        }
        Ok(())
    })?;
    Ok(Bson::Document(merged))
}
