//! Running sums as values, for what is put aside in temporary files.

use bson::{Bson, doc};

use super::{Compensated, Deviation, Summation, Width};
use crate::expression::decimal128::Decimal;

impl Compensated {
    fn join(&mut self, other: Self) {
        let plain = self.plain + other.plain;
        self.add(other.sum);
        self.add(other.rest);
        self.plain = plain;
    }
}

impl Summation {
    /// The sum as a value, for [`load`](Self::load).
    pub(crate) fn save(&self) -> Bson {
        let width = match self.width {
            Width::Int => 0,
            Width::Long => 1,
            Width::Double => 2,
            Width::Decimal => 3,
        };
        Bson::Document(doc! {
            "width": width,
            "count": i64::try_from(self.count).unwrap_or(i64::MAX),
            "high": (self.integers >> 64) as i64,
            "low": self.integers as i64,
            "sum": self.doubles.sum,
            "rest": self.doubles.rest,
            "plain": self.doubles.plain,
            "decimals": Bson::from(self.decimals.clone()),
        })
    }

    /// Adds what was saved of another sum; `None` when it is something else.
    pub(crate) fn load(&mut self, saved: &Bson) -> Option<()> {
        let saved = saved.as_document()?;
        let width = match saved.get_i32("width").ok()? {
            0 => Width::Int,
            1 => Width::Long,
            2 => Width::Double,
            _ => Width::Decimal,
        };
        let integer = |name: &str| saved.get_i64(name).ok();
        let double = |name: &str| saved.get_f64(name).ok();
        let Some(Bson::Decimal128(decimals)) = saved.get("decimals") else {
            return None;
        };
        self.width = self.width.max(width);
        self.count = self.count.saturating_add(integer("count")?.unsigned_abs());
        let integers = (i128::from(integer("high")?) << 64) | i128::from(integer("low")? as u64);
        self.integers = self.integers.saturating_add(integers);
        self.doubles.join(Compensated { sum: double("sum")?, rest: double("rest")?, plain: double("plain")? });
        self.decimals = self.decimals.add(&Decimal::decode(*decimals));
        Some(())
    }
}

impl Deviation {
    /// The deviation as a value, for [`load`](Self::load).
    pub(crate) fn save(self) -> Bson {
        Bson::Document(doc! {"count": i64::try_from(self.count).unwrap_or(i64::MAX), "mean": self.mean, "squares": self.squares})
    }

    /// Adds what was saved of another deviation (T. F. Chan, 1979); `None` when it is something
    /// else.
    pub(crate) fn load(&mut self, saved: &Bson) -> Option<()> {
        let saved = saved.as_document()?;
        let count = saved.get_i64("count").ok()?.unsigned_abs();
        let (mean, squares) = (saved.get_f64("mean").ok()?, saved.get_f64("squares").ok()?);
        if count == 0 {
            return Some(());
        }
        let (here, there) = (self.count as f64, count as f64);
        let delta = mean - self.mean;
        self.mean += delta * there / (here + there);
        self.squares += squares + delta * delta * here * there / (here + there);
        self.count = self.count.saturating_add(count);
        Some(())
    }
}
