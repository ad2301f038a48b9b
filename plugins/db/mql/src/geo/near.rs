//! Nearness: how far documents are from a place.

use std::ops::RangeInclusive;

use bson::{Bson, Document};
use geo::{Distance, Euclidean, Point};

use super::cover::{self, Annulus};
use super::geometry::Geometry;
use super::parse::{Kind, geojson, number, pair, shown, spot};
use super::spot::Spot;
use super::{EARTH_RADIUS, flat};
use crate::error::{Code, Error, Result};
use crate::path::{self, Leaf, Path};

/// A place, how near to it and how far from it documents must be, and the order by distance.
#[derive(Clone, Debug)]
pub struct Near {
    path: Path,
    origin: Origin,
    /// In the unit of the distances.
    least: f64,
    most: f64,
}

/// From what and how distances are measured.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// On the sphere: in metres from GeoJSON, in radians from a legacy pair.
    Sphere(Spot, Unit),
    /// In the plane of longitudes and latitudes, in degrees.
    Plane(Point<f64>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Metres,
    Radians,
}

impl Unit {
    fn of_radians(self, radians: f64) -> f64 {
        match self {
            Self::Metres => radians * EARTH_RADIUS,
            Self::Radians => radians,
        }
    }

    fn to_radians(self, distance: f64) -> f64 {
        match self {
            Self::Metres => distance / EARTH_RADIUS,
            Self::Radians => distance,
        }
    }
}

/// Where a document is, as seen from a [`Near`].
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// In metres from a GeoJSON point, in radians from a legacy pair on the sphere, in degrees
    /// in the plane.
    pub distance: f64,
    /// The nearest of the document's geometries, as it is stored.
    pub location: Bson,
}

/// A ring around the place of a [`Near`], for a search step by step outwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// The inner distance in metres. What is nearer was in the rings before.
    pub from: f64,
    /// The outer distance in metres. What is farther away is in the rings to come.
    pub to: f64,
    /// The ranges of index cells in which each document of the ring has one; other documents may
    /// have some there too.
    pub cells: Vec<RangeInclusive<u64>>,
}

impl Near {
    pub(super) fn new(path: &str, origin: Origin, least: Option<f64>, most: Option<f64>) -> Self {
        Self { path: Path::new(path), origin, least: least.unwrap_or(0.0), most: most.unwrap_or(f64::INFINITY) }
    }

    /// `$near` and `$nearSphere` of a filter: a GeoJSON point in `$geometry` or as it is, or a
    /// legacy pair with its distances beside the operator.
    pub(super) fn parse(path: &str, operator: &str, value: &Bson, beside: &Document) -> Result<Self> {
        let invalid = |value: &Bson, error: &Error| {
            let error = error.message();
            Error::bad(format!("invalid point in geo near query $geometry argument: {}  {error}", shown(value)))
        };
        let (inner, bounds) = match value {
            Bson::Document(doc) if doc.contains_key("$geometry") => {
                for name in doc.keys() {
                    if !matches!(name.as_str(), "$geometry" | "$maxDistance" | "$minDistance" | "$crs") {
                        return Err(Error::bad(format!("invalid argument in geo near query: {name}")));
                    }
                }
                (doc.get("$geometry").unwrap_or(&Bson::Null), doc)
            }
            Bson::Document(doc) if doc.keys().next().is_some_and(|name| name.starts_with('$')) => {
                let name = doc.keys().next().map_or("", String::as_str);
                return Err(Error::bad(match name {
                    "$maxDistance" | "$minDistance" => "$near requires a point, given only distances".to_owned(),
                    _ => format!("invalid argument in geo near query: {name}"),
                }));
            }
            other => (other, beside),
        };
        let distance = |name: &str| bounds.get(name).map(|value| distance(name, value)).transpose();
        let (least, mut most) = (distance("$minDistance")?, distance("$maxDistance")?);
        let origin = match inner {
            Bson::Document(doc) if doc.contains_key("type") => match geojson(doc).map_err(|error| invalid(inner, &error))? {
                (Kind::Point, geometry) => point_of(&geometry).ok_or_else(|| no_point(operator, inner))?,
                _ => return Err(no_point(operator, inner)),
            },
            _ if value != inner => return Err(no_point(operator, inner)),
            legacy => {
                // A third number is the greatest distance.
                if let Bson::Array(items) = legacy
                    && let Some(third) = items.get(2)
                {
                    most = Some(self::distance("$maxDistance", third)?);
                }
                let (x, y) = pair(legacy, true).map_err(|error| invalid(legacy, &error))?;
                match operator {
                    "$nearSphere" => Origin::Sphere(spot(x, y)?, Unit::Radians),
                    _ => Origin::Plane(Point::new(x, y)),
                }
            }
        };
        Ok(Self::new(path, origin, least, most))
    }

    /// The path of the documents' geometries.
    pub fn path(&self) -> &str {
        self.path.text()
    }

    /// Whether distances are measured on the sphere, for which a `2dsphere` index is needed.
    pub fn is_spherical(&self) -> bool {
        matches!(self.origin, Origin::Sphere(..))
    }

    /// Where a document is; `None` if it stores no geometry at the path, or none in the bounds.
    ///
    /// Of several geometries the nearest one counts.
    pub fn locate(&self, doc: &Document) -> Option<Located> {
        let mut best: Option<(f64, &Bson)> = None;
        path::any(doc, self.path.parts(), Leaf::ElementsAndWhole, &mut |value| {
            if let Some(value) = value
                && let Some(distance) = self.distance_of(value)
                && best.is_none_or(|(least, _)| distance < least)
            {
                best = Some((distance, value));
            }
            false
        });
        best.map(|(distance, location)| Located { distance, location: location.clone() })
    }

    /// The distance of a document, as [`locate`](Self::locate) says it.
    pub fn distance(&self, doc: &Document) -> Option<f64> {
        self.locate(doc).map(|located| located.distance)
    }

    /// The distance of a stored geometry, if it is one, and in the bounds.
    pub(super) fn distance_of(&self, value: &Bson) -> Option<f64> {
        let distance = match &self.origin {
            Origin::Sphere(spot, unit) => unit.of_radians(Geometry::parse(value).ok()?.distance(spot.vector)),
            Origin::Plane(origin) => Euclidean.distance(*origin, flat::point(value)?),
        };
        (self.least <= distance && distance <= self.most).then_some(distance)
    }

    /// The least and the greatest distance that are asked for, in metres; `None` in the plane.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        match &self.origin {
            Origin::Sphere(_, unit) => Some((unit.to_radians(self.least) * EARTH_RADIUS, unit.to_radians(self.most) * EARTH_RADIUS)),
            Origin::Plane(_) => None,
        }
    }

    /// A distance as [`locate`](Self::locate) says it, in metres; in the plane it is that of the
    /// sphere's surface.
    pub fn metres(&self, distance: f64) -> f64 {
        match &self.origin {
            Origin::Sphere(_, unit) => unit.to_radians(distance) * EARTH_RADIUS,
            Origin::Plane(_) => distance.to_radians() * EARTH_RADIUS,
        }
    }

    /// The ring between two distances in metres, for a store that searches outwards at its own
    /// pace; `None` in the plane.
    pub fn ring(&self, from: f64, to: f64) -> Option<Ring> {
        let Origin::Sphere(spot, _) = &self.origin else {
            return None;
        };
        let area = Annulus { center: spot.vector, from: from / EARTH_RADIUS, to: to / EARTH_RADIUS };
        Some(Ring { from, to, cells: cover::of_query(&area) })
    }

    /// Rings from the least distance to the greatest, each twice as wide as the one before, the
    /// first `width` metres wide. Documents are to be sorted by their exact distance; those that
    /// are as far away as a ring's outer distance or farther come with a later ring.
    ///
    /// None in the plane.
    pub fn rings(&self, width: f64) -> impl Iterator<Item = Ring> {
        let (least, most) = self.bounds().unwrap_or((1.0, 0.0));
        // Nothing is farther away than the other side of the earth.
        let end = most.min(std::f64::consts::PI * EARTH_RADIUS);
        let mut next = (least <= end).then_some((least, width.max(1.0)));
        std::iter::from_fn(move || {
            let (from, width) = next?;
            let last = from + width >= end;
            // What is exactly as far away as the end belongs to the last ring.
            let to = if last { end * (1.0 + f64::EPSILON * 4.0) + 1.0 } else { from + width };
            next = (!last).then_some((to, width * 2.0));
            self.ring(from, to)
        })
    }
}

pub(super) fn point_of(geometry: &Geometry) -> Option<Origin> {
    match geometry.shapes.first()? {
        super::geometry::Shape::Point(spot) => Some(Origin::Sphere(*spot, Unit::Metres)),
        _ => None,
    }
}

fn no_point(operator: &str, value: &Bson) -> Error {
    Error::bad(format!("{operator} requires geojson point, given {}", shown(value)))
}

fn distance(name: &str, value: &Bson) -> Result<f64> {
    let distance = number(value).ok_or_else(|| Error::bad(format!("{name} must be a number")))?;
    if distance.is_nan() || distance < 0.0 {
        return Err(Error::new(Code::BadValue, format!("{name} must be non-negative")));
    }
    Ok(distance)
}
