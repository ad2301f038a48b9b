//! Rings: closed lines on the sphere, and the area on one side of them.

use std::f64::consts::{FRAC_PI_2, PI};

use super::edge::TOLERANCE;
use super::tree::Tree;
use super::vector::{Vector, triangle, turn};

/// The whole sphere has 4π.
const SPHERE: f64 = 4.0 * PI;

#[derive(Clone, Debug)]
pub(super) struct Ring {
    /// Without the first place again at the end; the inside is on the left of the edges.
    places: Vec<Vector>,
    /// The area of the inside, in steradians.
    area: f64,
    tree: Tree,
    center: Vector,
    /// No place of the inside is farther from the centre than this, in radians.
    radius: f64,
}

impl Ring {
    /// The ring whose inside is the smaller of the two sides, whatever its direction.
    pub(super) fn smaller(places: Vec<Vector>) -> Self {
        let area = signed_area(&places);
        if area < 0.0 {
            return Self::with_area(places.into_iter().rev().collect(), -area);
        }
        Self::with_area(places, area)
    }

    /// The ring whose inside is on the left, even if that is most of the earth.
    pub(super) fn left(places: Vec<Vector>) -> Self {
        let area = signed_area(&places);
        Self::with_area(places, if area < 0.0 { area + SPHERE } else { area })
    }

    fn with_area(places: Vec<Vector>, area: f64) -> Self {
        let tree = Tree::new(&places, true);
        let center = places.iter().copied().fold(Vector::ZERO, Vector::plus).unit();
        let radius = places.iter().map(|place| center.angle(*place)).fold(0.0, f64::max) + TOLERANCE;
        // Edges stay inside a cap that is less than half of the earth. Then so does the smaller
        // side, because the rest of the earth is larger than it may be.
        let capped = radius < FRAC_PI_2 && area < SPHERE / 2.0 && center != Vector::ZERO;
        Self { places, area, tree, center, radius: if capped { radius } else { PI } }
    }

    pub(super) fn places(&self) -> &[Vector] {
        &self.places
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(super) fn is_near(&self, place: Vector) -> bool {
        self.center.angle(place) <= self.radius + TOLERANCE && self.tree.is_near(place)
    }

    /// Whether a place is inside the cap around the ring.
    pub(super) fn may_surround(&self, place: Vector) -> bool {
        self.center.angle(place) <= self.radius
    }

    /// Whether a place that is not on the ring is inside.
    ///
    /// In a cap the ring turns once around the places inside and not at all around others. A
    /// larger ring may turn around the opposite of a place as well. The triangles from any place
    /// to its edges add up to its area, except that 4π, the whole earth, is missing where the
    /// inside holds the opposite of that place; so they are taken from the opposite of the place
    /// that is asked about.
    pub(super) fn surrounds(&self, place: Vector) -> bool {
        if self.radius < FRAC_PI_2 {
            let turned: f64 = edges(&self.places).map(|(from, to)| turn(place, from, to)).sum();
            return self.may_surround(place) && turned.abs() > PI;
        }
        (self.area - fan(-place, &self.places)).abs() > SPHERE / 2.0
    }
}

fn edges(places: &[Vector]) -> impl Iterator<Item = (Vector, Vector)> {
    let back = places.last().zip(places.first());
    back.into_iter().chain(places.iter().zip(places.iter().skip(1))).map(|(from, to)| (*from, *to))
}

/// The sum of the triangles from a place to the edges of a ring.
fn fan(apex: Vector, places: &[Vector]) -> f64 {
    edges(places).map(|(from, to)| triangle(apex, from, to)).sum()
}

/// The area on the left of a ring; less the whole earth if it is more than half of it.
fn signed_area(places: &[Vector]) -> f64 {
    let apex = places.first().copied().unwrap_or(Vector::ZERO);
    let area = fan(apex, places).rem_euclid(SPHERE);
    if area > SPHERE / 2.0 { area - SPHERE } else { area }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(degrees: &[(f64, f64)]) -> Vec<Vector> {
        degrees.iter().map(|(lng, lat)| Vector::from_degrees(*lng, *lat)).collect()
    }

    #[test]
    fn areas() {
        let octant = [(0.0, 0.0), (90.0, 0.0), (0.0, 90.0)];
        assert!((signed_area(&ring(&octant)) - SPHERE / 8.0).abs() < 1e-12);
        let reversed: Vec<_> = octant.iter().copied().rev().collect();
        assert!((signed_area(&ring(&reversed)) + SPHERE / 8.0).abs() < 1e-12);
        assert!((Ring::left(ring(&reversed)).area - SPHERE * 7.0 / 8.0).abs() < 1e-12);
    }

    #[test]
    fn the_smaller_side_or_the_left_one() {
        let square = [(-10.0, -10.0), (10.0, -10.0), (10.0, 10.0), (-10.0, 10.0)];
        let reversed: Vec<_> = square.iter().copied().rev().collect();
        let (inside, outside) = (Vector::from_degrees(1.0, 2.0), Vector::from_degrees(20.0, 2.0));
        for places in [ring(&square), ring(&reversed)] {
            let ring = Ring::smaller(places);
            assert!(ring.surrounds(inside) && !ring.surrounds(outside) && !ring.surrounds(-inside));
        }
        let big = Ring::left(ring(&reversed));
        assert!(!big.surrounds(inside) && big.surrounds(outside) && big.surrounds(-inside));
    }

    #[test]
    fn a_ring_around_a_pole_and_one_over_the_date_line() {
        let polar = Ring::smaller(ring(&[(0.0, 60.0), (90.0, 60.0), (180.0, 60.0), (-90.0, 60.0)]));
        assert!(polar.surrounds(Vector::from_degrees(13.0, 90.0)) && polar.surrounds(Vector::from_degrees(45.0, 69.0)));
        assert!(!polar.surrounds(Vector::from_degrees(45.0, 60.0)), "edges are great circles, not parallels");
        let pacific = Ring::smaller(ring(&[(170.0, -10.0), (-170.0, -10.0), (-170.0, 10.0), (170.0, 10.0)]));
        assert!(pacific.surrounds(Vector::from_degrees(180.0, 0.0)) && !pacific.surrounds(Vector::from_degrees(0.0, 0.0)));
    }

    #[test]
    fn rings_of_centimetres() {
        let d = 1e-7;
        let tiny = Ring::smaller(ring(&[(116.0, 39.0), (116.0, 39.0 + d), (116.0 + d, 39.0 + d), (116.0 + d, 39.0)]));
        assert!(tiny.surrounds(Vector::from_degrees(116.0 + d / 2.0, 39.0 + d / 2.0)));
        assert!(!tiny.surrounds(Vector::from_degrees(116.0 + 2.0 * d, 39.0)));
    }
}
