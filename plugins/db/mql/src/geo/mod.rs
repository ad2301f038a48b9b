//! Geometries on the earth: GeoJSON and legacy pairs, the geospatial operators, and the cells of
//! a `2dsphere` index.
//!
//! The earth is a sphere, as in MongoDB, with edges of lines and polygons along great circles.
//! Positions are longitude and latitude in degrees (WGS 84). Of the two sides of a polygon's
//! border the smaller one is inside, unless a query names MongoDB's own coordinate system
//! `urn:x-mongodb:crs:strictwinding:EPSG:4326`. Borders belong to their polygons.
//!
//! A store that keeps a `2dsphere` index enters each document under each of its [`index_cells`].
//! To search it reads the ranges of [`Condition::cells`] or of a [`Ring`], each document once,
//! and checks each with the filter, or measures its distance.

mod cell;
mod condition;
mod cover;
mod edge;
mod flat;
mod geometry;
mod near;
mod parse;
mod polygon;
mod ring;
mod spot;
mod stage;
mod tree;
mod validity;
mod vector;

pub use condition::Condition;
pub use geometry::Geometry;
pub use near::{Located, Near, Ring};
pub use stage::GeoNear;

use bson::{Bson, Document};

use crate::error::{Error, Result};
use crate::path::{self, Leaf, Path};

/// The earth's radius in metres, as MongoDB has it.
pub const EARTH_RADIUS: f64 = 6_378_100.0;

/// The cells of a geometry in a `2dsphere` index: numbers below 2^62.
pub fn cells(geometry: &Geometry) -> Vec<u64> {
    cover::of_document(geometry)
}

/// The cells under which a `2dsphere` index on a path keeps a document. None if there is nothing
/// at the path, or null, or an empty array: such documents are not in the index.
///
/// # Errors
/// Location 16755, as MongoDB, when what is there is no geometry.
pub fn index_cells(doc: &Document, path: &str) -> Result<Vec<u64>> {
    let mut all = Vec::new();
    let mut wrong = None;
    path::any(doc, Path::new(path).parts(), Leaf::Whole, &mut |value| {
        let result = match value {
            None | Some(Bson::Null | Bson::Undefined) => Ok(()),
            Some(Bson::Array(items)) if items.first().is_none_or(|first| parse::number(first).is_none()) => {
                items.iter().try_for_each(|item| Geometry::parse(item).map(|geometry| all.extend(cells(&geometry))))
            }
            Some(value) => Geometry::parse(value).map(|geometry| all.extend(cells(&geometry))),
        };
        wrong = result.err();
        wrong.is_some()
    });
    match wrong {
        Some(error) => {
            let shown = parse::shown(&Bson::Document(doc.clone()));
            Err(Error::at(16755, format!("Can't extract geo keys: {shown}  {}", error.message())))
        }
        None => {
            all.sort_unstable();
            all.dedup();
            Ok(all)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
