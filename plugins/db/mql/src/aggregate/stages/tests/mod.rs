//! The examples of MongoDB's manual, and what stages refuse.

mod buckets;
mod facet;
mod geo_near;
mod group;
mod limits;
mod lookup;
mod output;
mod redact;
mod simple;
mod unwind;

use crate::aggregate::testing::{Store, pipeline, refused};
