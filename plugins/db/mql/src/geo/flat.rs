//! Areas of the plane, in which longitude and latitude are plain coordinates: `$box`, `$polygon`
//! and `$center`, as MongoDB has them for legacy pairs.

use bson::Bson;
use geo::{Distance, Euclidean, Intersects, LineString, Point, Polygon, Rect, coord};

use super::geometry::Shape;
use super::parse::{Kind, geojson, number, pair, shown};
use crate::error::{Error, Result};

#[derive(Clone, Debug)]
pub(super) enum Flat {
    Box(Rect<f64>),
    Polygon(Polygon<f64>),
    Circle(Point<f64>, f64),
}

impl Flat {
    pub(super) fn parse(specifier: &str, value: &Bson) -> Result<Self> {
        match specifier {
            "$box" => match elements(value).as_slice() {
                [a, b] => {
                    let ((ax, ay), (bx, by)) = (pair(a, false)?, pair(b, false)?);
                    Ok(Self::Box(Rect::new(coord! {x: ax, y: ay}, coord! {x: bx, y: by})))
                }
                _ => Err(Error::bad(format!("$box needs two corners: {}", shown(value)))),
            },
            "$center" => {
                let (center, radius) = circle(value)?;
                Ok(Self::Circle(center, radius))
            }
            _ => {
                let corners = elements(value);
                if corners.len() < 3 {
                    return Err(Error::bad("Polygon must have at least 3 points"));
                }
                let corners: Vec<(f64, f64)> = corners.into_iter().map(|corner| pair(corner, false)).collect::<Result<_>>()?;
                Ok(Self::Polygon(Polygon::new(LineString::from(corners), Vec::new())))
            }
        }
    }

    /// How many corners it takes to say whether a point is inside.
    pub(super) fn corners(&self) -> usize {
        match self {
            Self::Box(_) | Self::Circle(..) => 1,
            Self::Polygon(polygon) => polygon.exterior().0.len(),
        }
    }

    /// Whether a point is inside or on the border.
    pub(super) fn contains(&self, point: Point<f64>) -> bool {
        match self {
            Self::Box(corners) => corners.intersects(&point),
            Self::Polygon(polygon) => polygon.intersects(&point),
            Self::Circle(center, radius) => Euclidean.distance(*center, point) <= *radius,
        }
    }
}

/// A centre and a radius that is not negative.
pub(super) fn circle(value: &Bson) -> Result<(Point<f64>, f64)> {
    let parts = elements(value);
    let [center, radius] = parts.as_slice() else {
        let message = if parts.len() > 2 { "Only 2 fields allowed for circular region" } else { "radius must be a non-negative number" };
        return Err(Error::bad(message));
    };
    let (x, y) = pair(center, false)?;
    let radius = number(radius).filter(|radius| *radius >= 0.0).ok_or_else(|| Error::bad("radius must be a non-negative number"))?;
    Ok((Point::new(x, y), radius))
}

/// The point that a document stores, which need not be on the earth.
pub(super) fn point(value: &Bson) -> Option<Point<f64>> {
    match value {
        Bson::Document(doc) if doc.get_str("type").is_ok() => match geojson(doc).ok()? {
            (Kind::Point, geometry) => match geometry.shapes.first()? {
                Shape::Point(spot) => Some(spot.flat),
                _ => None,
            },
            _ => None,
        },
        other => pair(other, true).ok().map(Point::from),
    }
}

fn elements(value: &Bson) -> Vec<&Bson> {
    match value {
        Bson::Array(items) => items.iter().collect(),
        Bson::Document(doc) => doc.values().collect(),
        _ => Vec::new(),
    }
}
