//! Comparison operators. They compare values of any types, as sorting does.

use std::cmp::Ordering;

use bson::Bson;

use super::call::{Args, nth};
use crate::collation::Collation;
use crate::error::Result;

fn order(args: &Args<'_>, collation: &Collation) -> Ordering {
    collation.compare(nth(args, 0), nth(args, 1))
}

pub(super) fn cmp(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    Ok(Bson::Int32(order(args, collation) as i32))
}

pub(super) fn eq(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, collation).is_eq()))
}

pub(super) fn ne(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, collation).is_ne()))
}

pub(super) fn gt(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, collation).is_gt()))
}

pub(super) fn gte(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, collation).is_ge()))
}

pub(super) fn lt(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, collation).is_lt()))
}

pub(super) fn lte(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, collation).is_le()))
}

pub(super) fn not(args: &Args<'_>) -> Result<Bson> {
    Ok(Bson::Boolean(!super::truthy(nth(args, 0))))
}
