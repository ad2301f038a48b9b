//! The geospatial conditions of filters.

use std::ops::RangeInclusive;

use bson::{Bson, Document};

use super::cover::{self, Annulus};
use super::flat::{self, Flat};
use super::geometry::{Geometry, Shape};
use super::near::Near;
use super::parse::{self, Kind, shown, spot};
use super::polygon::Polygon;
use crate::error::{Error, Result};
use crate::watch::Watch;

/// About how many steps of a watch it takes to read a small geometry.
const STEPS: usize = 64;

/// A condition on a geometry.
#[derive(Clone, Debug)]
pub struct Condition(Kinds);

#[derive(Clone, Debug)]
enum Kinds {
    Polygons(Geometry, Vec<Polygon>),
    Cap(Annulus),
    Flat(Flat),
    Intersects(Geometry),
    Near(Near),
}

impl Condition {
    /// `$geoWithin`.
    pub(crate) fn within(value: &Bson) -> Result<Self> {
        let (specifier, shape) = specifier(value)?;
        match specifier {
            "$geometry" => {
                let (kind, geometry) = geometry(shape)?;
                if !matches!(kind, Kind::Polygon | Kind::MultiPolygon) {
                    return Err(Error::bad(format!("$within not supported with provided geometry: {}", shown(value))));
                }
                let polygon = |shape: &Shape| if let Shape::Polygon(polygon) = shape { Some(polygon.clone()) } else { None };
                let polygons = geometry.shapes.iter().filter_map(polygon).collect();
                Ok(Self(Kinds::Polygons(geometry, polygons)))
            }
            "$centerSphere" => {
                let (center, radius) = flat::circle(shape)?;
                let center = spot(center.x(), center.y())?.vector;
                Ok(Self(Kinds::Cap(Annulus { center, from: 0.0, to: radius })))
            }
            flat => Ok(Self(Kinds::Flat(Flat::parse(flat, shape)?))),
        }
    }

    /// `$geoIntersects`.
    pub(crate) fn intersects(value: &Bson) -> Result<Self> {
        match specifier(value)? {
            ("$geometry", shape) => {
                let (_, geometry) = geometry(shape)?;
                Ok(Self(Kinds::Intersects(geometry)))
            }
            _ => Err(Error::bad(format!("$geoIntersect not supported with provided geometry: {}", shown(value)))),
        }
    }

    /// `$near` and `$nearSphere`, with the fields beside them.
    pub(crate) fn near_to(path: &str, operator: &str, value: &Bson, beside: &Document) -> Result<Self> {
        Near::parse(path, operator, value, beside).map(Kinds::Near).map(Self)
    }

    /// The nearness that this condition asks for, if it is one.
    pub fn near(&self) -> Option<&Near> {
        match &self.0 {
            Kinds::Near(near) => Some(near),
            _ => None,
        }
    }

    /// Whether a stored value is a geometry that meets the condition. Those that are invalid do
    /// not. The answer means nothing when the watch is over.
    pub(crate) fn matches(&self, value: &Bson, watch: &Watch) -> bool {
        if !matches!(value, Bson::Document(_) | Bson::Array(_)) {
            return false;
        }
        if watch.is_over_after(STEPS) {
            return true;
        }
        match &self.0 {
            Kinds::Flat(area) => flat::point(value).is_some_and(|point| watch.is_over_after(area.corners()) || area.contains(point)),
            Kinds::Near(near) => near.distance_of(value).is_some(),
            Kinds::Polygons(_, polygons) => parse::stored(value).is_ok_and(|stored| stored.is_within(polygons, watch)),
            Kinds::Cap(cap) => parse::stored(value).is_ok_and(|stored| stored.farthest(cap.center) <= cap.to),
            Kinds::Intersects(geometry) => parse::stored(value).is_ok_and(|stored| stored.intersects(geometry, watch)),
        }
    }

    /// The ranges of [index cells](super::cells) in which each document that meets the condition
    /// has one; sorted and apart from each other. `None` for areas of the plane, which a
    /// `2dsphere` index does not know.
    pub fn cells(&self) -> Option<Vec<RangeInclusive<u64>>> {
        Some(match &self.0 {
            Kinds::Polygons(geometry, _) | Kinds::Intersects(geometry) => cover::of_query(geometry),
            Kinds::Cap(cap) => cover::of_query(cap),
            Kinds::Near(near) => {
                let (least, most) = near.bounds()?;
                near.ring(least, most)?.cells
            }
            Kinds::Flat(_) => return None,
        })
    }
}

/// The shape that an area is given as.
fn specifier(value: &Bson) -> Result<(&str, &Bson)> {
    let doc = value.as_document().ok_or_else(|| Error::bad("geo query operator needs an object"))?;
    let mut found = None;
    for (name, shape) in doc {
        match name.as_str() {
            "$geometry" | "$centerSphere" | "$center" | "$box" | "$polygon" if found.is_none() => found = Some((name.as_str(), shape)),
            "$uniqueDocs" => {}
            _ => return Err(Error::bad(format!("unknown geo specifier: {name}: {}", shown(shape)))),
        }
    }
    found.ok_or_else(|| Error::bad(format!("geo query doesn't have any geometry: {}", shown(value))))
}

fn geometry(value: &Bson) -> Result<(Kind, Geometry)> {
    match value {
        Bson::Document(doc) => parse::geojson(doc),
        _ => Err(Error::bad("$geometry requires a GeoJSON object")),
    }
}
