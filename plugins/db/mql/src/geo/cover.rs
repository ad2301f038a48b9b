//! Coverings: few cells that hold all of an area.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::cell::Cell;
use super::edge::TOLERANCE;
use super::geometry::{Geometry, Shape};
use super::vector::Vector;

/// The most cells of one document's geometry, unless it is of single points.
const DOCUMENT_CELLS: usize = 16;
/// As many single points have a cell each.
const DOCUMENT_POINTS: usize = 64;
/// The most cells of what is searched.
const QUERY_CELLS: usize = 24;

/// An area that cells can cover.
pub(super) trait Area {
    /// Whether the area may have a place in common with a circle, or one within the tolerance.
    /// Never false when it has.
    fn may_meet(&self, center: Vector, radius: f64) -> bool;

    /// Whether the area surely holds all of a circle.
    fn holds(&self, center: Vector, radius: f64) -> bool;
}

impl Area for Geometry {
    fn may_meet(&self, center: Vector, radius: f64) -> bool {
        self.distance(center) <= radius + 2.0 * TOLERANCE
    }

    fn holds(&self, center: Vector, radius: f64) -> bool {
        self.shapes.iter().any(|shape| match shape {
            Shape::Polygon(polygon) => polygon.border_distance(center) > radius && polygon.contains(center),
            _ => false,
        })
    }
}

/// What is at least and at most as far from a place, in radians.
#[derive(Clone, Copy, Debug)]
pub(super) struct Annulus {
    pub(super) center: Vector,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Area for Annulus {
    fn may_meet(&self, center: Vector, radius: f64) -> bool {
        let (distance, radius) = (self.center.angle(center), radius + 2.0 * TOLERANCE);
        distance - radius <= self.to && distance + radius >= self.from
    }

    fn holds(&self, center: Vector, radius: f64) -> bool {
        let distance = self.center.angle(center);
        distance + radius <= self.to && distance - radius >= self.from
    }
}

/// The numbers of the cells of a document's geometry.
pub(super) fn of_document(geometry: &Geometry) -> Vec<u64> {
    let points: Option<Vec<Cell>> =
        geometry.shapes.iter().map(|shape| if let Shape::Point(spot) = shape { Some(Cell::of(spot.vector)) } else { None }).collect();
    let mut ids: Vec<u64> = match points {
        Some(points) if points.len() <= DOCUMENT_POINTS => points.into_iter().map(Cell::id).collect(),
        _ => cells(geometry, DOCUMENT_CELLS).into_iter().map(Cell::id).collect(),
    };
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The ranges of numbers in which each document that meets an area has a cell: those inside the
/// cells of the area, and the cells around them one by one. Sorted, and apart from each other.
pub(super) fn of_query(area: &dyn Area) -> Vec<RangeInclusive<u64>> {
    let cells = cells(area, QUERY_CELLS);
    let around = cells.iter().flat_map(|cell| std::iter::successors(cell.parent(), |cell| cell.parent()));
    let mut ranges: Vec<RangeInclusive<u64>> = around.map(|cell| cell.id()..=cell.id()).collect();
    ranges.extend(cells.iter().map(|cell| cell.range()));
    ranges.sort_unstable_by_key(|range| *range.start());
    let mut merged: Vec<RangeInclusive<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => *last = *last.start()..=*range.end().max(last.end()),
            _ => merged.push(range),
        }
    }
    merged
}

/// The largest cells are divided first, as long as there are not too many.
fn cells(area: &dyn Area, most: usize) -> Vec<Cell> {
    let met = |cells: &mut dyn Iterator<Item = Cell>| {
        let meets = |cell: &Cell| {
            let (center, radius) = cell.circle();
            area.may_meet(center, radius)
        };
        cells.filter(meets).collect::<Vec<Cell>>()
    };
    let mut open: VecDeque<Cell> = met(&mut Cell::faces()).into();
    let mut done = Vec::new();
    while let Some(cell) = open.pop_front() {
        let (center, radius) = cell.circle();
        if cell.level() == super::cell::LEVELS || area.holds(center, radius) {
            done.push(cell);
            continue;
        }
        let quarters = met(&mut cell.quarters());
        if done.len() + open.len() + quarters.len() > most {
            done.push(cell);
        } else {
            open.extend(quarters);
        }
    }
    done
}
