//! Turns, and what is made of their figures.

use std::time::{Duration, Instant};

/// How long something is measured at a time.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// How many do it at once.
    pub connections: usize,
    /// Nothing more is begun after this; what was begun is waited for.
    pub time: Duration,
    /// How often each connection does it at the most.
    pub times: u32,
}

impl Turn {
    pub fn new(connections: usize, time: Duration) -> Self {
        Self { connections, time, times: u32::MAX }
    }

    /// The same, but not longer.
    pub fn at_most(self, time: Duration) -> Self {
        Self { time: self.time.min(time), ..self }
    }

    /// Whether a connection that has done its work so often is to stop.
    pub fn is_over(&self, begun: Instant, done: u32) -> bool {
        done >= self.times || done > 0 && begun.elapsed() >= self.time
    }
}

/// The figures of one thing, one for each round.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    pub figures: Vec<f64>,
    /// Why there are no figures.
    pub failure: Option<String>,
}

impl Series {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), figures: Vec::new(), failure: None }
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
        let series = |figures: &[f64]| Series { figures: figures.to_vec(), ..Series::new("") };
        assert_eq!(series(&[9.0, 1.0, 2.0]).median().to_bits(), 2.0f64.to_bits());
        assert_eq!(series(&[4.0, 1.0, 2.0, 9.0]).median().to_bits(), 3.0f64.to_bits());
        assert!(series(&[]).median().is_nan());
        assert_eq!(series(&[3.0, 1.0]).range(), (1.0, 3.0));
    }

    #[test]
    fn a_turn_has_its_time_and_its_bound_and_at_least_one_go() {
        let turn = Turn { times: 3, ..Turn::new(1, Duration::ZERO) };
        let now = Instant::now();
        assert!(!turn.is_over(now, 0));
        assert!(turn.is_over(now, 1));
        let turn = Turn { times: 3, ..Turn::new(1, Duration::from_secs(3600)) };
        assert!(!turn.is_over(now, 2));
        assert!(turn.is_over(now, 3));
    }
}
