//! The stages, one file each.

mod bucket;
pub(super) mod bucket_auto;
pub(super) mod facet;
mod fields;
pub(super) mod geo_near;
mod granularity;
pub(super) mod graph_lookup;
pub(super) mod group;
pub(super) mod lookup;
pub(super) mod match_;
pub(super) mod output;
pub(super) mod paging;
pub(super) mod project;
pub(super) mod redact;
pub(super) mod replace_root;
pub(super) mod sample;
pub(super) mod sort;
pub(super) mod sort_by_count;
pub(super) mod unwind;

pub(super) use bucket::parse as bucket;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
