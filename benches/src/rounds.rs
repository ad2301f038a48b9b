//! Turns, and what is made of their figures.

/// The figures of one thing, one for each round.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    pub figures: Vec<f64>,
}

impl Series {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), figures: Vec::new() }
    }

    /// The middle figure, which one disturbed round does not move.
    pub fn median(&self) -> f64 {
        let mut sorted = self.figures.clone();
        sorted.sort_by(f64::total_cmp);
        let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
        if sorted.len() % 2 == 1 {
            return upper;
        }
        let lower = sorted.len().checked_sub(2).and_then(|n| sorted.get(n / 2)).copied().unwrap_or(f64::NAN);
        f64::midpoint(lower, upper)
    }

    /// The lowest and the highest figure.
    pub fn range(&self) -> (f64, f64) {
        self.figures.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), figure| (low.min(*figure), high.max(*figure)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let series = |figures: &[f64]| Series { name: String::new(), figures: figures.to_vec() };
        assert_eq!(series(&[9.0, 1.0, 2.0]).median().to_bits(), 2.0f64.to_bits());
        assert_eq!(series(&[4.0, 1.0, 2.0, 9.0]).median().to_bits(), 3.0f64.to_bits());
        assert!(series(&[]).median().is_nan());
        assert_eq!(series(&[3.0, 1.0]).range(), (1.0, 3.0));
    }
}
