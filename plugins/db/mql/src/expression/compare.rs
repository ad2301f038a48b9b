//! Comparison operators. They compare values of any types, as sorting does.

use std::cmp::Ordering;

use bson::Bson;

use super::Variables;
use super::call::{Args, nth};
use crate::error::Result;

fn order(args: &Args<'_>, variables: &Variables) -> Ordering {
    variables.collation.compare(nth(args, 0), nth(args, 1))
}

pub(super) fn cmp(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    Ok(Bson::Int32(order(args, variables) as i32))
}

pub(super) fn eq(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, variables).is_eq()))
}

pub(super) fn ne(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, variables).is_ne()))
}

pub(super) fn gt(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, variables).is_gt()))
}

pub(super) fn gte(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, variables).is_ge()))
}

pub(super) fn lt(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, variables).is_lt()))
}

pub(super) fn lte(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    Ok(Bson::Boolean(order(args, variables).is_le()))
}

pub(super) fn not(args: &Args<'_>) -> Result<Bson> {
    Ok(Bson::Boolean(!super::truthy(nth(args, 0))))
}
