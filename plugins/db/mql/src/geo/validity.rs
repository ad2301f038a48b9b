//! Which rings make a polygon: none crosses itself or another, holes lie inside, beside each other.

use bson::Bson;

use super::parse::shown;
use super::ring::Ring;
use super::vector::Vector;
use crate::error::{Error, Result};

/// How much work a geometry may ask for before it is refused. A border with a million vertices
/// needs less, unless its edges run long ways beside each other.
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn new() -> Self {
        Self(20_000_000)
    }

    fn spend(&mut self, steps: usize) -> Result<()> {
        let left = self.0.checked_sub(u64::try_from(steps).unwrap_or(u64::MAX));
        self.0 = left.ok_or_else(|| Error::bad("the geometry is too complex"))?;
        Ok(())
    }
}

/// No place comes twice.
pub(super) fn distinct(places: &[Vector], value: &Bson) -> Result<()> {
    let mut sorted: Vec<[f64; 3]> = places.iter().map(|p| [p.x, p.y, p.z]).collect();
    sorted.sort_by(|[ax, ay, az], [bx, by, bz]| ax.total_cmp(bx).then(ay.total_cmp(by)).then(az.total_cmp(bz)));
    if sorted.iter().zip(sorted.iter().skip(1)).any(|(a, b)| a == b) {
        return Err(Error::bad(format!("Loop is not valid: duplicate vertices {}", shown(value))));
    }
    Ok(())
}

/// No edge crosses another.
pub(super) fn simple(ring: &Ring, value: &Bson, budget: &mut Budget) -> Result<()> {
    if crossed(ring, ring, budget)? {
        return Err(Error::bad(format!("Loop is not valid: edges cross {}", shown(value))));
    }
    Ok(())
}

fn crossed(a: &Ring, b: &Ring, budget: &mut Budget) -> Result<bool> {
    for edge in a.tree().edges() {
        let mut steps = 1;
        let crosses = b.tree().any(&edge.bounds(), &mut |_, other| {
            steps += 1;
            edge.crossing(other).is_some()
        });
        if crosses {
            return Ok(true);
        }
        budget.spend(steps)?;
    }
    Ok(false)
}

/// Holes lie inside the outer ring and outside of each other.
pub(super) fn holes(outer: &Ring, holes: &[Ring], value: &Bson, budget: &mut Budget) -> Result<()> {
    for (i, hole) in holes.iter().enumerate() {
        if crossed(hole, outer, budget)? || !lies_inside(hole, outer, false, budget)? {
            return Err(Error::bad(format!(
                "Secondary loops not contained by first exterior loop - secondary loops must be holes: {}",
                shown(value)
            )));
        }
        for other in holes.iter().skip(i + 1) {
            if crossed(hole, other, budget)? || lies_inside(hole, other, true, budget)? || lies_inside(other, hole, true, budget)? {
                return Err(Error::bad(format!("Polygon isn't valid: holes overlap {}", shown(value))));
            }
        }
    }
    Ok(())
}

/// Whether a ring is inside another that it does not cross: its first place that is not on the
/// other decides, and `on_border` if there is none.
fn lies_inside(ring: &Ring, other: &Ring, on_border: bool, budget: &mut Budget) -> Result<bool> {
    let middles = ring.tree().edges().iter().map(super::edge::Edge::middle);
    for place in ring.places().iter().copied().chain(middles) {
        budget.spend(1)?;
        if !other.is_near(place) {
            if other.may_surround(place) {
                budget.spend(other.places().len())?;
            }
            return Ok(other.surrounds(place));
        }
    }
    Ok(on_border)
}
