//! A tree of boxes over edges, so that the edges near a place are found without a look at all.

use super::edge::Edge;
use super::vector::Vector;

/// A box in space with edges parallel to the axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    low: Vector,
    high: Vector,
}

impl Bounds {
    pub(super) fn around(a: Vector, b: Vector) -> Self {
        Self {
            low: Vector { x: a.x.min(b.x), y: a.y.min(b.y), z: a.z.min(b.z) },
            high: Vector { x: a.x.max(b.x), y: a.y.max(b.y), z: a.z.max(b.z) },
        }
    }

    pub(super) fn grown(self, by: f64) -> Self {
        let by = Vector { x: by, y: by, z: by };
        Self { low: self.low.minus(by), high: self.high.plus(by) }
    }

    fn with(self, other: Self) -> Self {
        let (low, high) = (Self::around(self.low, other.low), Self::around(self.high, other.high));
        Self { low: low.low, high: high.high }
    }

    fn meets(&self, other: &Self) -> bool {
        let (a, b) = (self, other);
        a.low.x <= b.high.x
            && b.low.x <= a.high.x
            && a.low.y <= b.high.y
            && b.low.y <= a.high.y
            && a.low.z <= b.high.z
            && b.low.z <= a.high.z
    }

    /// How far a place is from the box, straight through the earth.
    fn distance(&self, p: Vector) -> f64 {
        let beyond = |low: f64, high: f64, at: f64| (low - at).max(at - high).max(0.0);
        Vector { x: beyond(self.low.x, self.high.x, p.x), y: beyond(self.low.y, self.high.y, p.y), z: beyond(self.low.z, self.high.z, p.z) }
            .length()
    }
}

#[derive(Clone, Debug)]
struct Node {
    bounds: Bounds,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Edges(std::ops::Range<usize>),
    Nodes(Box<Node>, Box<Node>),
}

/// Edges in the order of a line or ring; neighbours in it are neighbours in space.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    edges: Vec<Edge>,
    root: Option<Node>,
}

/// As many edges share a box.
const LEAF: usize = 4;

impl Tree {
    /// The edges from each place to the next, and back to the first if `closed`.
    pub(super) fn new(places: &[Vector], closed: bool) -> Self {
        let back = if closed { places.last().zip(places.first()) } else { None };
        let pairs = back.into_iter().chain(places.iter().zip(places.iter().skip(1)));
        let edges: Vec<Edge> = pairs.map(|(from, to)| Edge::new(*from, *to)).collect();
        let root = build(&edges, 0);
        Self { edges, root }
    }

    pub(super) fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Calls `visit` with the number and value of each edge whose box meets the given one, until
    /// it says true; whether it did.
    pub(super) fn any(&self, bounds: &Bounds, visit: &mut dyn FnMut(usize, &Edge) -> bool) -> bool {
        self.root.as_ref().is_some_and(|root| self.any_below(root, bounds, visit))
    }

    fn any_below(&self, node: &Node, bounds: &Bounds, visit: &mut dyn FnMut(usize, &Edge) -> bool) -> bool {
        if !node.bounds.meets(bounds) {
            return false;
        }
        match &node.content {
            Content::Edges(range) => range.clone().any(|i| self.edges.get(i).is_some_and(|edge| visit(i, edge))),
            Content::Nodes(left, right) => self.any_below(left, bounds, visit) || self.any_below(right, bounds, visit),
        }
    }

    /// Whether a place is on one of the edges.
    pub(super) fn is_near(&self, place: Vector) -> bool {
        self.any(&Bounds::around(place, place), &mut |_, edge| edge.is_near(place))
    }

    /// Whether an edge of one tree has a place in common with one of the other.
    pub(super) fn touches(&self, other: &Self) -> bool {
        let (few, many) = if self.edges.len() < other.edges.len() { (self, other) } else { (other, self) };
        few.edges.iter().any(|edge| many.any(&edge.bounds(), &mut |_, found| edge.touches(found)))
    }

    /// The distance of a place from the nearest edge, in radians; infinite without edges.
    pub(super) fn distance(&self, place: Vector) -> f64 {
        let mut best = f64::INFINITY;
        if let Some(root) = &self.root {
            self.nearest(root, place, &mut best);
        }
        best
    }

    fn nearest(&self, node: &Node, place: Vector, best: &mut f64) {
        // A straight line is at most as long as the way along the surface.
        if node.bounds.distance(place) > *best {
            return;
        }
        match &node.content {
            Content::Edges(range) => {
                let edges = self.edges.get(range.clone()).unwrap_or_default();
                *best = edges.iter().map(|edge| edge.distance(place)).fold(*best, f64::min);
            }
            Content::Nodes(left, right) => {
                let nearer_first = left.bounds.distance(place) <= right.bounds.distance(place);
                let (first, second) = if nearer_first { (left, right) } else { (right, left) };
                self.nearest(first, place, best);
                self.nearest(second, place, best);
            }
        }
    }
}

/// The depth is the logarithm of the number of edges.
fn build(edges: &[Edge], start: usize) -> Option<Node> {
    if edges.len() > LEAF {
        let (left, right) = edges.split_at(edges.len() / 2);
        let (left, right) = (build(left, start)?, build(right, start + left.len())?);
        let bounds = left.bounds.with(right.bounds);
        return Some(Node { bounds, content: Content::Nodes(Box::new(left), Box::new(right)) });
    }
    let bounds = edges.iter().map(Edge::bounds).reduce(Bounds::with)?;
    Some(Node { bounds, content: Content::Edges(start..start + edges.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_edge_is_found() {
        let places: Vec<Vector> = (0..100).map(|i| Vector::from_degrees(f64::from(i * 3), f64::from(i * 7 % 50))).collect();
        let tree = Tree::new(&places, true);
        assert_eq!(tree.edges().len(), 100);
        for i in 0..500 {
            let place = Vector::from_degrees(f64::from(i * 37 % 360 - 180), f64::from(i * 13 % 180 - 90));
            let slow = tree.edges().iter().map(|edge| edge.distance(place)).fold(f64::INFINITY, f64::min);
            assert!((tree.distance(place) - slow).abs() < 1e-15);
            assert_eq!(tree.is_near(place), slow <= super::super::edge::TOLERANCE);
        }
        assert!(Tree::new(&[], true).distance(Vector::from_degrees(0.0, 0.0)).is_infinite());
    }
}
