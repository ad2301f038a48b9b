//! From values to geometries, with MongoDB's checks and words.

use std::f64::consts::PI;

use bson::{Bson, Document};

use super::edge::TOLERANCE;
use super::geometry::{Geometry, Shape};
use super::polygon::Polygon;
use super::ring::Ring;
use super::spot::Spot;
use super::tree::Tree;
use super::validity::{self, Budget};
use super::vector::Vector;
use crate::check::type_name;
use crate::error::{Error, Result};
use crate::json;

/// The types of GeoJSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    GeometryCollection,
}

impl Kind {
    fn of(doc: &Document) -> Option<Self> {
        Some(match doc.get_str("type").ok()? {
            "Point" => Self::Point,
            "LineString" => Self::LineString,
            "Polygon" => Self::Polygon,
            "MultiPoint" => Self::MultiPoint,
            "MultiLineString" => Self::MultiLineString,
            "MultiPolygon" => Self::MultiPolygon,
            "GeometryCollection" => Self::GeometryCollection,
            _ => return None,
        })
    }
}

/// How the border of a polygon says which side is inside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Winding {
    /// The smaller side, as MongoDB's default has it.
    Smaller,
    /// The left side, as the coordinate system of MongoDB's own has it.
    Left,
}

/// What a document stores.
pub(super) fn stored(value: &Bson) -> Result<Geometry> {
    match value {
        Bson::Document(doc) if doc.get_str("type").is_ok() && (doc.contains_key("coordinates") || doc.contains_key("geometries")) => {
            let (_, geometry) = geojson(doc)?;
            Ok(geometry)
        }
        other => {
            let (longitude, latitude) = pair(other, true)?;
            Ok(Geometry { shapes: vec![Shape::Point(spot(longitude, latitude)?)] })
        }
    }
}

/// A value as a message shows it.
pub(super) fn shown(value: &Bson) -> String {
    const LONGEST: usize = 200;
    let text = json::to_string(value);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

pub(super) fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(n) => Some(f64::from(*n)),
        Bson::Int64(n) => Some(*n as f64),
        Bson::Double(n) => Some(*n),
        Bson::Decimal128(n) => n.to_string().parse().ok(),
        _ => None,
    }
}

/// Two numbers, in an array or as the first fields of a document.
pub(super) fn pair(value: &Bson, more_allowed: bool) -> Result<(f64, f64)> {
    let mut numbers: Box<dyn Iterator<Item = &Bson> + '_> = match value {
        Bson::Array(items) => Box::new(items.iter()),
        Bson::Document(doc) => Box::new(doc.values()),
        other => return Err(Error::bad(format!("Point must be an array or object, instead got type {}", type_name(other)))),
    };
    let mut next = || {
        let found = numbers.next();
        let wrong = || {
            let found = found.map_or("missing", type_name);
            Error::bad(format!("Point must only contain numeric elements, instead got type {found}"))
        };
        found.and_then(number).ok_or_else(wrong)
    };
    let (x, y) = (next()?, next()?);
    if !more_allowed && numbers.next().is_some() {
        return Err(Error::bad("Point must only contain two numeric elements"));
    }
    if !x.is_finite() || !y.is_finite() {
        return Err(Error::bad("Point coordinates must be finite numbers"));
    }
    Ok((x, y))
}

pub(super) fn spot(longitude: f64, latitude: f64) -> Result<Spot> {
    Spot::new(longitude, latitude)
        .ok_or_else(|| Error::bad(format!("longitude/latitude is out of bounds, lng: {longitude} lat: {latitude}")))
}

/// A GeoJSON object.
pub(super) fn geojson(doc: &Document) -> Result<(Kind, Geometry)> {
    let shown_doc = || shown(&Bson::Document(doc.clone()));
    let kind = Kind::of(doc).ok_or_else(|| Error::bad(format!("unknown GeoJSON type: {}", shown_doc())))?;
    let winding = winding(doc, kind)?;
    let mut budget = Budget::new();
    let shapes = match kind {
        Kind::GeometryCollection => {
            let parts = doc.get_array("geometries").map_err(|_| Error::bad("GeometryCollection geometries must be an array"))?;
            if parts.is_empty() {
                return Err(Error::bad("GeometryCollection geometries must have at least 1 element"));
            }
            let mut shapes = Vec::new();
            for part in parts {
                let part = part
                    .as_document()
                    .ok_or_else(|| Error::bad(format!("Element of \"geometries\" must be an object: {}", shown(part))))?;
                match Kind::of(part) {
                    None => return Err(Error::bad("Unknown type in a GeometryCollection")),
                    Some(Kind::GeometryCollection) => {
                        return Err(Error::bad(format!("GeometryCollections cannot be nested: {}", shown_doc())));
                    }
                    Some(kind) => shapes.extend(self::shapes(kind, coordinates(part)?, Winding::Smaller, &mut budget)?),
                }
            }
            shapes
        }
        kind => shapes(kind, coordinates(doc)?, winding, &mut budget)?,
    };
    Ok((kind, Geometry { shapes }))
}

fn coordinates(doc: &Document) -> Result<&Bson> {
    doc.get("coordinates").ok_or_else(|| Error::bad("GeoJSON coordinates must be an array of coordinates"))
}

/// The coordinate system, if one is named: longitude and latitude in any case.
fn winding(doc: &Document, kind: Kind) -> Result<Winding> {
    let Some(system) = doc.get("crs") else {
        return Ok(Winding::Smaller);
    };
    let system = system.as_document().ok_or_else(|| Error::bad("GeoJSON CRS must be an object"))?;
    if system.get_str("type").ok() != Some("name") {
        return Err(Error::bad("GeoJSON CRS must have field \"type\": \"name\""));
    }
    let properties = system.get_document("properties").map_err(|_| Error::bad("CRS must have field \"properties\" which is an object"))?;
    match properties.get_str("name").map_err(|_| Error::bad("In CRS, \"properties.name\" must be a string"))? {
        "EPSG:4326" | "urn:ogc:def:crs:OGC:1.3:CRS84" => Ok(Winding::Smaller),
        "urn:x-mongodb:crs:strictwinding:EPSG:4326" if kind == Kind::Polygon => Ok(Winding::Left),
        "urn:x-mongodb:crs:strictwinding:EPSG:4326" => Err(Error::bad("Strict winding order is only supported by Polygon geometries")),
        other => Err(Error::bad(format!("Unknown CRS name: {other}"))),
    }
}

fn shapes(kind: Kind, coordinates: &Bson, winding: Winding, budget: &mut Budget) -> Result<Vec<Shape>> {
    let parts = || {
        let parts = coordinates.as_array().ok_or_else(|| Error::bad(format!("{kind:?} coordinates must be an array")))?;
        if parts.is_empty() {
            return Err(Error::bad(format!("{kind:?} coordinates must have at least 1 element")));
        }
        Ok(parts)
    };
    Ok(match kind {
        Kind::Point => vec![Shape::Point(position(coordinates)?)],
        Kind::LineString => vec![Shape::Line(line(coordinates)?)],
        Kind::Polygon => vec![Shape::Polygon(polygon(coordinates, winding, budget)?)],
        Kind::MultiPoint => parts()?.iter().map(|part| position(part).map(Shape::Point)).collect::<Result<_>>()?,
        Kind::MultiLineString => parts()?.iter().map(|part| line(part).map(Shape::Line)).collect::<Result<_>>()?,
        Kind::MultiPolygon => parts()?.iter().map(|part| polygon(part, winding, budget).map(Shape::Polygon)).collect::<Result<_>>()?,
        Kind::GeometryCollection => return Err(Error::bad("GeometryCollections cannot be nested")),
    })
}

/// A position may have more elements than two, such as a height.
fn position(value: &Bson) -> Result<Spot> {
    if !matches!(value, Bson::Array(_)) {
        return Err(Error::bad(format!("GeoJSON coordinates must be an array of coordinates, instead got type {}", type_name(value))));
    }
    let (longitude, latitude) = pair(value, true)?;
    spot(longitude, latitude)
}

/// Places one after the other, without repetitions.
fn positions(value: &Bson) -> Result<Vec<Vector>> {
    let items = value.as_array();
    let items = items
        .ok_or_else(|| Error::bad(format!("GeoJSON coordinates must be an array of coordinates, instead got type {}", type_name(value))))?;
    let mut places = Vec::with_capacity(items.len());
    for item in items {
        places.push(position(item)?.vector);
    }
    Ok(places)
}

fn line(value: &Bson) -> Result<Tree> {
    let mut places = positions(value)?;
    places.dedup();
    if places.len() < 2 {
        return Err(Error::bad(format!("GeoJSON LineString must have at least 2 vertices: {}", shown(value))));
    }
    if opposite_neighbours(&places) {
        return Err(Error::bad(format!("GeoJSON LineString is not valid: antipodal vertices {}", shown(value))));
    }
    Ok(Tree::new(&places, false))
}

fn opposite_neighbours(places: &[Vector]) -> bool {
    places.iter().zip(places.iter().skip(1)).any(|(a, b)| a.angle(*b) > PI - TOLERANCE)
}

fn polygon(value: &Bson, winding: Winding, budget: &mut Budget) -> Result<Polygon> {
    let items = value.as_array().ok_or_else(|| Error::bad("Polygon coordinates must be an array"))?;
    if winding == Winding::Left && items.len() > 1 {
        return Err(Error::bad("Only one simple loop is allowed in a big polygon"));
    }
    let mut rings = Vec::with_capacity(items.len());
    for item in items {
        rings.push(ring(item, winding, budget)?);
    }
    let mut rings = rings.into_iter();
    let outer = rings.next().ok_or_else(|| Error::bad("Polygon has no loops."))?;
    let holes: Vec<Ring> = rings.collect();
    validity::holes(&outer, &holes, value, budget)?;
    Ok(Polygon::new(outer, holes))
}

fn ring(value: &Bson, winding: Winding, budget: &mut Budget) -> Result<Ring> {
    let mut places = positions(value)?;
    match (places.first(), places.last()) {
        (Some(first), Some(last)) if first == last => {}
        (Some(_), _) => return Err(Error::bad(format!("Loop is not closed: {}", shown(value)))),
        (None, _) => return Err(Error::bad(format!("Loop has no vertices: {}", shown(value)))),
    }
    places.dedup();
    if opposite_neighbours(&places) {
        return Err(Error::bad(format!("Loop is not valid: antipodal vertices {}", shown(value))));
    }
    places.pop();
    if places.len() < 3 {
        return Err(Error::bad(format!("Loop must have at least 3 different vertices: {}", shown(value))));
    }
    validity::distinct(&places, value)?;
    let ring = match winding {
        Winding::Smaller => Ring::smaller(places),
        Winding::Left => Ring::left(places),
    };
    validity::simple(&ring, value, budget)?;
    Ok(ring)
}
