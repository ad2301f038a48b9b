//! Points with the coordinates that they were given.

use geo::Point;

use super::vector::Vector;

/// A point: its longitude and latitude in degrees, and its place on the sphere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) flat: Point<f64>,
    pub(super) vector: Vector,
}

impl Spot {
    /// The point at a longitude and a latitude, if they are in range.
    pub(super) fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let valid = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
        valid.then(|| Self { flat: Point::new(longitude, latitude), vector: Vector::from_degrees(longitude, latitude) })
    }
}
