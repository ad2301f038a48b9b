//! What a pipeline asks of the store.

use std::sync::Arc;

use bson::Document;

use crate::error::Result;
use crate::filter::Filter;
use crate::geo::GeoNear;
use crate::sort::Sort;

/// The documents that a pipeline reads from a collection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Query {
    /// The collection; `None` is the one that the pipeline is run on.
    pub collection: Option<String>,
    /// What the documents must match. The pipeline does not test it again.
    pub filter: Arc<Filter>,
    /// The variables that the filter's expressions may use: what
    /// [`Filter::test`](crate::Filter::test) takes.
    pub variables: Document,
    /// The order that the pipeline needs first. The store need not keep to it, but says so when
    /// it does.
    pub sort: Option<Arc<Sort>>,
    /// How many documents the pipeline takes at most, in that order if there is one.
    pub limit: Option<u64>,
    /// The `$geoNear` that the pipeline begins with; its `query` is in the filter. The store may
    /// answer any documents among which those near enough are, in any order, but says so when
    /// the order is by distance. It also says which field the only geospatial index is on.
    pub near: Option<Arc<GeoNear>>,
}

impl Query {
    /// Whether the query is for a document.
    ///
    /// # Errors
    /// The error of an expression in the filter.
    pub fn matches(&self, doc: &Document) -> Result<bool> {
        Ok(self.filter.test(doc, &self.variables)?.is_some())
    }
}
