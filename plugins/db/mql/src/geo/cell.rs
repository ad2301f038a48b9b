//! Cells: the faces of a cube around the earth, and quarters of quarters of them.

use std::f64::consts::FRAC_PI_4;
use std::ops::RangeInclusive;

use super::edge::TOLERANCE;
use super::vector::Vector;

/// How often a face is divided. The smallest cells are 2 cm wide.
pub(super) const LEVELS: u32 = 29;

/// The number of a cell, below 2^62: the face, two bits for each division, a one, zeros. The
/// numbers of the cells inside a cell surround its own and are nearer to it than any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell(u64);

impl Cell {
    pub(super) fn faces() -> impl Iterator<Item = Self> {
        (0..6).map(|face| Self::new(face, 0, 0, 0))
    }

    fn new(face: u64, level: u32, column: u64, row: u64) -> Self {
        let below = 2 * (LEVELS - level);
        Self((((face << (2 * level)) | spread(column) << 1 | spread(row)) << 1 | 1) << below)
    }

    /// The smallest cell that a place is in.
    pub(super) fn of(place: Vector) -> Self {
        let (x, y, z) = (place.x.abs(), place.y.abs(), place.z.abs());
        let (face, depth, u, v) = if x >= y && x >= z {
            (0, place.x, place.y, place.z)
        } else if y >= z {
            (1, place.y, place.z, place.x)
        } else {
            (2, place.z, place.x, place.y)
        };
        let side = 1u64 << LEVELS;
        // Equal angles, not equal lengths on the cube, make cells of one level about equal.
        let step = |w: f64| {
            let share = ((w / depth.abs()).atan() / FRAC_PI_4 + 1.0) / 2.0;
            ((share * side as f64) as u64).min(side - 1)
        };
        Self::new(if depth < 0.0 { face + 3 } else { face }, LEVELS, step(u), step(v))
    }

    pub(super) fn id(self) -> u64 {
        self.0
    }

    pub(super) fn level(self) -> u32 {
        LEVELS.saturating_sub(self.0.trailing_zeros() / 2)
    }

    fn lowest_bit(self) -> u64 {
        self.0 & self.0.wrapping_neg()
    }

    /// The numbers of the cell and all cells inside it.
    pub(super) fn range(self) -> RangeInclusive<u64> {
        let around = self.lowest_bit() - 1;
        self.0 - around..=self.0 + around
    }

    /// The cell that this one is a quarter of.
    pub(super) fn parent(self) -> Option<Self> {
        let bit = self.lowest_bit() << 2;
        (self.level() > 0).then_some(Self((self.0 & !(bit - 1)) | bit))
    }

    pub(super) fn quarters(self) -> impl Iterator<Item = Self> {
        let quarter = self.lowest_bit() / 4;
        let count = if quarter == 0 { 0 } else { 4 };
        (0..count).map(move |i| Self(self.0 - 3 * quarter + 2 * quarter * i))
    }

    /// A circle around the cell: its centre, and its radius in radians. The borders of a cell are
    /// great circles, so that no place in it is farther from the centre than a corner.
    pub(super) fn circle(self) -> (Vector, f64) {
        let level = self.level();
        let path = self.0 >> (2 * (LEVELS - level) + 1);
        let face = path >> (2 * level);
        let (column, row) = (gather(path >> 1, level), gather(path, level));
        let side = (1u64 << level) as f64;
        let at = |column: f64, row: f64| {
            let (u, v) = (((2.0 * column / side - 1.0) * FRAC_PI_4).tan(), ((2.0 * row / side - 1.0) * FRAC_PI_4).tan());
            let depth = if face >= 3 { -1.0 } else { 1.0 };
            match face % 3 {
                0 => Vector { x: depth, y: u, z: v },
                1 => Vector { x: v, y: depth, z: u },
                _ => Vector { x: u, y: v, z: depth },
            }
            .unit()
        };
        let (column, row) = (column as f64, row as f64);
        let center = at(column + 0.5, row + 0.5);
        let corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)];
        let radius = corners.into_iter().map(|(i, j)| center.angle(at(column + i, row + j))).fold(0.0, f64::max);
        (center, radius + TOLERANCE)
    }
}

/// Puts a zero before each of the lowest bits.
fn spread(number: u64) -> u64 {
    (0..LEVELS).fold(0, |spread, bit| spread | (number >> bit & 1) << (2 * bit))
}

/// Every other one of the lowest bits.
fn gather(spread: u64, count: u32) -> u64 {
    (0..count).fold(0, |number, bit| number | (spread >> (2 * bit) & 1) << bit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_their_places_and_each_other() {
        for i in 0..2_000 {
            let place = Vector::from_degrees(f64::from(i * 73 % 3600 - 1800) / 10.0, f64::from(i * 37 % 1800 - 900) / 10.0);
            let mut cell = Cell::of(place);
            assert_eq!(cell.level(), LEVELS);
            assert!(cell.id() < 1 << 62);
            loop {
                let (center, radius) = cell.circle();
                assert!(center.angle(place) <= radius, "{place:?} {cell:?}");
                let Some(parent) = cell.parent() else { break };
                assert_eq!(parent.level() + 1, cell.level());
                assert_eq!(parent.quarters().filter(|quarter| *quarter == cell).count(), 1);
                assert!(parent.range().contains(cell.range().start()) && parent.range().contains(cell.range().end()));
                cell = parent;
            }
            assert!(Cell::faces().any(|face| face == cell));
        }
    }

    #[test]
    fn quarters_share_nothing() {
        let cell = Cell::faces().nth(4).unwrap().quarters().nth(2).unwrap();
        let quarters: Vec<Cell> = cell.quarters().collect();
        assert_eq!(quarters.len(), 4);
        for (a, b) in quarters.iter().zip(quarters.iter().skip(1)) {
            assert!(a.range().end() < b.range().start());
        }
        assert_eq!(quarters[0].range().start(), cell.range().start());
        assert_eq!(quarters[3].range().end(), cell.range().end());
        assert_eq!(Cell::of(Vector::from_degrees(1.0, 1.0)).quarters().count(), 0);
    }

    #[test]
    fn the_smallest_cells_are_centimetres() {
        let (_, radius) = Cell::of(Vector::from_degrees(116.0, 39.0)).circle();
        assert!((0.005..0.05).contains(&(radius * super::super::EARTH_RADIUS)), "{radius}");
    }
}
