//! Points of the unit sphere as vectors.

/// A vector of three dimensions; a place on the sphere where its length is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vector {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) z: f64,
}

impl Vector {
    pub(super) const ZERO: Self = Self { x: 0.0, y: 0.0, z: 0.0 };

    /// The place at a longitude and latitude in degrees.
    pub(super) fn from_degrees(longitude: f64, latitude: f64) -> Self {
        let (sin_lng, cos_lng) = longitude.to_radians().sin_cos();
        let (sin_lat, cos_lat) = latitude.to_radians().sin_cos();
        // At a pole the cosine does not come out as 0, and each longitude would be its own place.
        let cos_lat = if latitude.abs() == 90.0 { 0.0 } else { cos_lat };
        Self { x: cos_lat * cos_lng, y: cos_lat * sin_lng, z: sin_lat }
    }

    pub(super) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, other: Self) -> Self {
        Self { x: self.y * other.z - self.z * other.y, y: self.z * other.x - self.x * other.z, z: self.x * other.y - self.y * other.x }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(-other)
    }

    pub(super) fn times(self, factor: f64) -> Self {
        Self { x: self.x * factor, y: self.y * factor, z: self.z * factor }
    }

    pub(super) fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The vector of length 1 in its direction; the zero vector has none and stays.
    pub(super) fn unit(self) -> Self {
        let length = self.length();
        if length > 0.0 { self.times(1.0 / length) } else { self }
    }

    /// The angle between two vectors in radians, exact for small and for large ones.
    pub(super) fn angle(self, other: Self) -> f64 {
        self.cross(other).length().atan2(self.dot(other))
    }
}

impl std::ops::Neg for Vector {
    type Output = Self;

    fn neg(self) -> Self {
        self.times(-1.0)
    }
}

/// The volume that three vectors span, positive where they turn left as seen from outside.
pub(super) fn determinant(a: Vector, b: Vector, c: Vector) -> f64 {
    a.cross(b).dot(c)
}

/// The area of the spherical triangle, positive where its corners turn left; between -2π and 2π.
pub(super) fn triangle(a: Vector, b: Vector, c: Vector) -> f64 {
    // The determinant of the three, from their differences: exact for triangles of millimetres too.
    let volume = determinant(a, b.minus(a), c.minus(a));
    2.0 * volume.atan2(1.0 + a.dot(b) + b.dot(c) + c.dot(a))
}

/// The angle by which the direction from a place turns on the way along an edge, positive to the
/// left; between -π and π.
pub(super) fn turn(place: Vector, from: Vector, to: Vector) -> f64 {
    // At right angles to the directions, and as exact for near ends as for far ones.
    let (a, b) = (place.cross(from.minus(place)), place.cross(to.minus(place)));
    determinant(place, a, b).atan2(a.dot(b))
}
