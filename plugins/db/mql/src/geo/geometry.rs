//! Geometries on the sphere, as documents and queries hold them.

use bson::Bson;

use super::edge::TOLERANCE;
use super::polygon::Polygon;
use super::tree::Tree;
use super::vector::Vector;
use super::{parse, spot};
use crate::error::Result;
use crate::watch::Watch;

/// About how many steps of a watch it takes to relate two small shapes.
const STEPS: usize = 16;

/// A geometry: a point, line, polygon, several of them, or a collection.
#[derive(Clone, Debug)]
pub struct Geometry {
    pub(super) shapes: Vec<Shape>,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Point(spot::Spot),
    Line(Tree),
    Polygon(Polygon),
}

impl Geometry {
    /// Parses what a document may store: GeoJSON, or a legacy pair of longitude and latitude, as
    /// an array or as a document.
    ///
    /// # Errors
    /// `BadValue`, in MongoDB's words, for what is no geometry: coordinates out of range, rings
    /// that are not closed or cross themselves, holes outside of their polygon.
    pub fn parse(value: &Bson) -> Result<Self> {
        parse::stored(value)
    }

    /// The distance of a place, in radians; 0 inside.
    pub(super) fn distance(&self, place: Vector) -> f64 {
        self.shapes.iter().map(|shape| shape.distance(place)).fold(f64::INFINITY, f64::min)
    }

    /// How far the farthest part is from a place, in radians: it is the nearest to the opposite.
    pub(super) fn farthest(&self, place: Vector) -> f64 {
        std::f64::consts::PI - self.distance(-place)
    }

    /// Whether two geometries have a place in common. The answer means nothing when the watch is
    /// over.
    pub(super) fn intersects(&self, other: &Self, watch: &Watch) -> bool {
        self.shapes.iter().any(|a| other.shapes.iter().any(|b| watch.is_over_after(STEPS) || a.intersects(b)))
    }

    /// Whether each part is inside one of the polygons. The answer means nothing when the watch
    /// is over.
    pub(super) fn is_within(&self, polygons: &[Polygon], watch: &Watch) -> bool {
        self.shapes.iter().all(|shape| polygons.iter().any(|polygon| watch.is_over_after(STEPS) || shape.is_within(polygon)))
    }
}

impl Shape {
    pub(super) fn distance(&self, place: Vector) -> f64 {
        match self {
            Self::Point(spot) => spot.vector.angle(place),
            Self::Line(tree) => tree.distance(place),
            Self::Polygon(polygon) => polygon.distance(place),
        }
    }

    fn intersects(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Point(spot), shape) | (shape, Self::Point(spot)) => match shape {
                Self::Point(other) => spot.vector.angle(other.vector) <= TOLERANCE,
                Self::Line(tree) => tree.is_near(spot.vector),
                Self::Polygon(polygon) => polygon.contains(spot.vector),
            },
            (Self::Line(a), Self::Line(b)) => a.touches(b),
            (Self::Line(tree), Self::Polygon(polygon)) | (Self::Polygon(polygon), Self::Line(tree)) => {
                tree.edges().first().is_some_and(|edge| polygon.contains(edge.from)) || polygon.touches(tree)
            }
            (Self::Polygon(a), Self::Polygon(b)) => a.intersects(b),
        }
    }

    fn is_within(&self, polygon: &Polygon) -> bool {
        match self {
            Self::Point(spot) => polygon.contains(spot.vector),
            Self::Line(tree) => polygon.covers_edges(tree),
            Self::Polygon(inner) => polygon.covers(inner),
        }
    }
}
