//! Sets of values, as intervals of their [keys](crate::key).

use bson::Bson;

use crate::key;

/// A byte above all that a key begins with.
const END: u8 = 0xFF;

/// The keys from one, included, to another, which is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
    /// Whether it is one value only, whose key is `from`.
    pub(super) point: bool,
}

impl Interval {
    fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// The same keys in a descending field, where each is the complement.
    fn reversed(&self) -> Self {
        let complement = |bytes: &[u8]| key::above(&bytes.iter().map(|byte| !byte).collect::<Vec<u8>>());
        Self { from: complement(&self.to), to: complement(&self.from), point: self.point }
    }
}

/// Sorted intervals that do not touch each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Intervals(Vec<Interval>);

impl Intervals {
    pub(super) fn all() -> Self {
        Self(vec![Interval { from: Vec::new(), to: vec![END], point: false }])
    }

    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn point(value: &Bson) -> Self {
        let from = key::encode(value, false);
        Self::of(vec![Interval { to: key::above(&from), from, point: true }])
    }

    pub(super) fn range(from: Vec<u8>, to: Vec<u8>) -> Self {
        Self::of(vec![Interval { from, to, point: false }])
    }

    /// All values whose keys begin with some bytes.
    pub(super) fn prefix(prefix: Vec<u8>) -> Self {
        let to = key::above(&prefix);
        Self::range(prefix, to)
    }

    /// All values of a type.
    pub(super) fn bracket(tag: u8) -> Self {
        Self::prefix(vec![tag])
    }

    fn of(mut intervals: Vec<Interval>) -> Self {
        intervals.retain(|interval| !interval.is_empty());
        intervals.sort_by(|a, b| a.from.cmp(&b.from));
        let mut joined: Vec<Interval> = Vec::with_capacity(intervals.len());
        for interval in intervals {
            match joined.last_mut() {
                // Points stay points: of two that touch, an index gives its order by each.
                Some(last) if interval.from < last.to => {
                    last.point &= *last == interval;
                    if last.to < interval.to {
                        last.to = interval.to;
                    }
                }
                _ => joined.push(interval),
            }
        }
        Self(joined)
    }

    pub(super) fn union(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        Self::of(self.0)
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            let both = Interval { from: a.from.clone().max(b.from.clone()), to: a.to.clone().min(b.to.clone()), point: a.point || b.point };
            if !both.is_empty() {
                common.push(both);
            }
            if a.to <= b.to {
                mine.next();
            } else {
                theirs.next();
            }
        }
        Self(common)
    }

    pub(super) fn is_all(&self) -> bool {
        matches!(self.0.as_slice(), [only] if only.from.is_empty() && only.to == [END])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Interval> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has(&self, value: &Bson) -> bool {
        let key = key::encode(value, false);
        self.0.iter().any(|interval| interval.from <= key && key < interval.to)
    }

    /// Whether it is some single values.
    pub(super) fn is_points(&self) -> bool {
        self.0.iter().all(|interval| interval.point)
    }

    /// Those of a descending field.
    pub(super) fn reversed(&self) -> Self {
        Self(self.0.iter().rev().map(Interval::reversed).collect())
    }

    /// How narrow they are: single values before ranges, ranges before everything.
    pub(super) fn width(&self) -> (usize, usize) {
        let kind = match () {
            () if self.is_all() => 3,
            () if self.is_points() => 0,
            () if self.0.iter().all(|interval| interval.from.len() > 1 && interval.to.len() > 1) => 1,
            () => 2,
        };
        (kind, self.0.len())
    }
}
