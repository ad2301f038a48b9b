//! Draws from distributions, by tables of their quantiles where that is cheaper.

use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};

/// Two to this many entries has a table.
const BITS: u32 = 12;

/// A generator of random numbers with what is drawn here.
#[derive(Clone, Debug)]
pub struct Draw(SmallRng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// From 0, less than 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// From `from`, less than `below`.
    pub fn between(&mut self, from: i64, below: i64) -> i64 {
        let width = (below - from).max(1) as u64;
        from + ((u128::from(self.bits()) * u128::from(width)) >> 64) as i64
    }

    /// A geometric number from 0 with a mean.
    pub fn geometric(&mut self, mean: f64) -> u32 {
        let stays = mean / (1.0 + mean);
        ((1.0 - self.unit()).ln() / stays.ln()) as u32
    }

    /// A whole number with the mean of `value`, one of the two beside it.
    pub fn round(&mut self, value: f64) -> u32 {
        value as u32 + u32::from(self.chance(value.fract()))
    }
}

/// A number that looks random, and is different for each.
pub fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A choice among numbers by weight.
#[derive(Clone, Debug)]
pub struct Choice(Vec<u16>);

impl Choice {
    pub fn of(weights: impl Iterator<Item = f64>) -> Self {
        const ENTRIES: usize = 1 << 16;
        let weights: Vec<f64> = weights.collect();
        let total: f64 = weights.iter().sum();
        let mut entries = Vec::with_capacity(ENTRIES);
        let mut until = 0.0;
        for (number, weight) in weights.iter().enumerate() {
            until += weight / total * ENTRIES as f64;
            entries.resize((until.round() as usize).clamp(entries.len(), ENTRIES), number as u16);
        }
        entries.resize(ENTRIES, weights.len().saturating_sub(1) as u16);
        Self(entries)
    }

    /// What 16 random bits choose.
    pub fn pick(&self, bits: u16) -> u16 {
        self.0.get(usize::from(bits)).copied().unwrap_or_default()
    }
}

/// A continuous distribution, straight between its quantiles.
#[derive(Clone, Debug)]
pub struct Quantiles(Vec<f32>);

impl Quantiles {
    /// By its quantile function, which is asked for 0 and 1 too.
    pub fn of(quantile: impl Fn(f64) -> f64) -> Self {
        let parts = (1_u32 << BITS) as f64;
        Self((0..=1_u32 << BITS).map(|part| quantile(f64::from(part) / parts) as f32).collect())
    }

    /// What random bits choose.
    pub fn pick(&self, bits: u64) -> f32 {
        let part = (bits >> (64 - BITS)) as usize;
        let within = ((bits << BITS) >> 40) as f32 / (1_u32 << 24) as f32;
        match self.0.get(part..part + 2) {
            Some(&[low, high]) => low + (high - low) * within,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_distributions_that_they_are_named_after() {
        let mut draw = Draw::new(5);
        let many = 200_000;
        let mean = (0..many).map(|_| f64::from(draw.geometric(2.5))).sum::<f64>() / f64::from(many);
        assert!((mean - 2.5).abs() < 0.05, "{mean}");
        let choice = Choice::of([1.0, 0.0, 3.0].into_iter());
        let last = (0..many).filter(|_| choice.pick(draw.bits() as u16) == 2).count();
        assert!((last as f64 / f64::from(many) - 0.75).abs() < 0.01, "{last}");
        let square = Quantiles::of(|part| part * part);
        let below = (0..many).filter(|_| square.pick(draw.bits()) < 0.25).count();
        assert!((below as f64 / f64::from(many) - 0.5).abs() < 0.01, "{below}");
    }
}
