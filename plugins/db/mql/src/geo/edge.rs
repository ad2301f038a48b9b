//! Edges: the shortest ways between two places on the sphere, parts of great circles.

use super::tree::Bounds;
use super::vector::{Vector, determinant};

/// How near two places must be to count as one, in radians: 6 mm. MongoDB's geometry library
/// takes places of one of its smallest cells, about 1 cm wide, for one.
pub(super) const TOLERANCE: f64 = 1e-9;

/// How much of a determinant of unit vectors may be due to rounding.
const ROUNDING: f64 = 1e-15;

#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) from: Vector,
    pub(super) to: Vector,
    /// At a right angle to the edge's plane, on the left of the edge; zero if the edge is a point.
    pub(super) normal: Vector,
}

impl Edge {
    pub(super) fn new(from: Vector, to: Vector) -> Self {
        // Twice the cross product of the two, but exact for edges of millimetres too.
        let normal = from.plus(to).cross(to.minus(from)).unit();
        Self { from, to, normal }
    }

    pub(super) fn length(&self) -> f64 {
        self.from.angle(self.to)
    }

    pub(super) fn middle(&self) -> Vector {
        self.from.plus(self.to).unit()
    }

    /// The place at an angle from the start.
    pub(super) fn at(&self, angle: f64) -> Vector {
        let ahead = self.normal.cross(self.from);
        self.from.times(angle.cos()).plus(ahead.times(angle.sin())).unit()
    }

    /// Whether a place that is nearer to the edge's plane than to its poles lies beside the edge,
    /// neither before its start nor behind its end.
    fn beside(&self, place: Vector) -> bool {
        determinant(self.normal, self.from, place) > 0.0 && determinant(self.to, self.normal, place) > 0.0
    }

    /// The distance of a place, in radians.
    pub(super) fn distance(&self, place: Vector) -> f64 {
        if self.beside(place) {
            let height = self.normal.dot(place).abs();
            height.atan2(self.normal.cross(place).length())
        } else {
            self.from.angle(place).min(self.to.angle(place))
        }
    }

    pub(super) fn is_near(&self, place: Vector) -> bool {
        self.normal.dot(place).abs() <= TOLERANCE && self.distance(place) <= TOLERANCE
    }

    /// Where two edges cross, each with one end on either side of the other.
    pub(super) fn crossing(&self, other: &Self) -> Option<Vector> {
        let apart = |edge: &Self, normal: Vector| {
            let (from, to) = (normal.dot(edge.from), normal.dot(edge.to));
            (from > ROUNDING && to < -ROUNDING) || (from < -ROUNDING && to > ROUNDING)
        };
        if !apart(self, other.normal) || !apart(other, self.normal) {
            return None;
        }
        let place = self.normal.cross(other.normal).unit();
        [place, -place].into_iter().find(|place| self.beside(*place) && other.beside(*place))
    }

    /// Whether two edges have a place in common.
    pub(super) fn touches(&self, other: &Self) -> bool {
        self.crossing(other).is_some()
            || self.is_near(other.from)
            || self.is_near(other.to)
            || other.is_near(self.from)
            || other.is_near(self.to)
    }

    /// A box around the edge. The edge bulges out of the straight line between its ends by at
    /// most its sagitta.
    pub(super) fn bounds(&self) -> Bounds {
        let sagitta = 1.0 - (self.length() / 2.0).cos();
        Bounds::around(self.from, self.to).grown(sagitta + 2.0 * TOLERANCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lng: f64, lat: f64) -> Vector {
        Vector::from_degrees(lng, lat)
    }

    #[test]
    fn distances() {
        let equator = Edge::new(at(0.0, 0.0), at(90.0, 0.0));
        for (lng, lat, degrees) in [(45.0, 10.0, 10.0), (45.0, -90.0, 90.0), (-20.0, 0.0, 20.0), (100.0, 0.0, 10.0), (30.0, 0.0, 0.0)] {
            assert!((equator.distance(at(lng, lat)).to_degrees() - degrees).abs() < 1e-9, "{lng} {lat}");
        }
        assert!((equator.distance(at(180.0, 0.0)).to_degrees() - 90.0).abs() < 1e-9);
        let point = Edge::new(at(5.0, 5.0), at(5.0, 5.0));
        assert!((point.distance(at(5.0, 6.0)).to_degrees() - 1.0).abs() < 1e-9);
        assert!((equator.at(0.5).angle(at(0.5_f64.to_degrees(), 0.0))) < 1e-12);
    }

    #[test]
    fn crossings() {
        let equator = Edge::new(at(-10.0, 0.0), at(10.0, 0.0));
        assert!(equator.crossing(&Edge::new(at(0.0, -5.0), at(0.0, 5.0))).is_some_and(|x| x.angle(at(0.0, 0.0)) < 1e-12));
        assert!(equator.crossing(&Edge::new(at(0.0, 1.0), at(0.0, 5.0))).is_none());
        assert!(equator.crossing(&Edge::new(at(20.0, -5.0), at(20.0, 5.0))).is_none());
        assert!(equator.crossing(&Edge::new(at(180.0, -5.0), at(180.0, 5.0))).is_none(), "on the other side of the earth");
        let touching = Edge::new(at(0.0, 0.0), at(0.0, 5.0));
        assert!(equator.crossing(&touching).is_none() && equator.touches(&touching));
    }
}
