//! Polygons on the sphere: a ring, and rings of holes in it.

use super::edge::Edge;
use super::ring::Ring;
use super::tree::Tree;
use super::vector::Vector;

#[derive(Clone, Debug)]
pub(super) struct Polygon {
    outer: Ring,
    holes: Vec<Ring>,
}

/// As many edges are tried to find a place inside a polygon.
const TRIES: usize = 8;

impl Polygon {
    pub(super) fn new(outer: Ring, holes: Vec<Ring>) -> Self {
        Self { outer, holes }
    }

    pub(super) fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.outer).chain(&self.holes)
    }

    /// Whether a place is inside or on the border.
    pub(super) fn contains(&self, place: Vector) -> bool {
        self.is_on_border(place) || self.surrounds(place)
    }

    fn contains_off_border(&self, place: Vector) -> bool {
        !self.is_on_border(place) && self.surrounds(place)
    }

    fn is_on_border(&self, place: Vector) -> bool {
        self.rings().any(|ring| ring.is_near(place))
    }

    fn surrounds(&self, place: Vector) -> bool {
        self.outer.surrounds(place) && !self.holes.iter().any(|hole| hole.surrounds(place))
    }

    /// The distance of a place, in radians; 0 inside.
    pub(super) fn distance(&self, place: Vector) -> f64 {
        if self.contains(place) {
            return 0.0;
        }
        self.border_distance(place)
    }

    pub(super) fn border_distance(&self, place: Vector) -> f64 {
        self.rings().map(|ring| ring.tree().distance(place)).fold(f64::INFINITY, f64::min)
    }

    pub(super) fn touches(&self, edges: &Tree) -> bool {
        self.rings().any(|ring| ring.tree().touches(edges))
    }

    pub(super) fn intersects(&self, other: &Self) -> bool {
        let first = |polygon: &Self| polygon.outer.places().first().copied();
        first(other).is_some_and(|place| self.contains(place))
            || first(self).is_some_and(|place| other.contains(place))
            || other.rings().any(|ring| self.touches(ring.tree()))
    }

    /// Whether all of a line or ring is inside or on the border. Where an edge meets the border
    /// it is cut, and the middle of each part decides; an edge that does not meet the border
    /// is on the side of the edge before it.
    pub(super) fn covers_edges(&self, tree: &Tree) -> bool {
        let Some(first) = tree.edges().first() else {
            return true;
        };
        self.contains(first.from) && tree.edges().iter().all(|edge| self.covers_cut(edge))
    }

    fn covers_cut(&self, edge: &Edge) -> bool {
        let mut cuts = Vec::new();
        for ring in self.rings() {
            ring.tree().any(&edge.bounds(), &mut |_, border| {
                let ends = [border.from, border.to].into_iter().filter(|end| edge.is_near(*end));
                let own_ends = [edge.from, edge.to].into_iter().filter(|end| border.is_near(*end));
                cuts.extend(edge.crossing(border).into_iter().chain(ends).chain(own_ends).map(|place| edge.from.angle(place)));
                false
            });
        }
        if cuts.is_empty() {
            return true;
        }
        cuts.extend([0.0, edge.length()]);
        cuts.sort_by(f64::total_cmp);
        cuts.iter().zip(cuts.iter().skip(1)).all(|(from, to)| self.contains(edge.at(f64::midpoint(*from, *to))))
    }

    /// Whether all of another polygon is inside or on the border: its rings are, no ring of this
    /// one runs through its inside, so that its inside is on one side of all of them, and a place
    /// there is on the right one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.rings().all(|ring| self.covers_edges(ring.tree()))
            && !self.rings().flat_map(Ring::places).any(|place| other.contains_off_border(*place))
            && other.some_place_inside().is_none_or(|place| self.contains(place))
    }

    /// A place inside, off the border; none is found in slivers of less than the tolerance. From
    /// the middle of an edge the way goes left to the next border, and half of it back.
    pub(super) fn some_place_inside(&self) -> Option<Vector> {
        let mut edges: Vec<&Edge> = self.outer.tree().edges().iter().collect();
        edges.sort_by(|a, b| b.length().total_cmp(&a.length()));
        edges.into_iter().take(TRIES).find_map(|edge| {
            let middle = edge.middle();
            [edge.normal, -edge.normal].into_iter().find_map(|ahead| {
                let to_border = self.way_to_border(middle, ahead)?;
                let half = to_border / 2.0;
                let place = middle.times(half.cos()).plus(ahead.times(half.sin())).unit();
                self.contains_off_border(place).then_some(place)
            })
        })
    }

    /// How far it is to the border on the great circle from a place on the border straight ahead.
    fn way_to_border(&self, place: Vector, ahead: Vector) -> Option<f64> {
        let normal = place.cross(ahead);
        let side = |v: Vector| normal.dot(v) > 0.0;
        let crossed = self.rings().flat_map(|ring| ring.tree().edges()).filter(|edge| side(edge.from) != side(edge.to));
        let ways = crossed.map(|edge| {
            let crossing = normal.cross(edge.normal).unit();
            // Of the two places where the great circles cross, the one on the edge's side.
            let crossing = if crossing.dot(edge.middle()) < 0.0 { -crossing } else { crossing };
            crossing.dot(ahead).atan2(crossing.dot(place)).rem_euclid(std::f64::consts::TAU)
        });
        ways.filter(|way| *way > super::edge::TOLERANCE && *way < std::f64::consts::TAU - super::edge::TOLERANCE).reduce(f64::min)
    }
}
