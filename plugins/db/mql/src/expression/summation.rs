//! Sums and averages as MongoDB builds them: the narrowest type that holds the result, without an
//! error from rounding in between.

mod saved;

use bson::Bson;

use super::decimal128::Decimal;

/// A sum of doubles with the part that rounding cut off (T. J. Dekker, 1971; D. E. Knuth's TwoSum).
#[derive(Clone, Copy, Debug, Default)]
struct Compensated {
    sum: f64,
    rest: f64,
    /// The plain sum, which is right when something infinite or not a number was added.
    plain: f64,
}

impl Compensated {
    fn add(&mut self, n: f64) {
        self.plain += n;
        let (sum, error) = two_sum(self.sum, n);
        (self.sum, self.rest) = two_sum(sum, self.rest + error);
    }

    /// An integer in two parts, because a double may not hold all of it.
    fn add_integer(&mut self, n: i128) {
        let high = n as f64;
        self.add(high);
        self.add((n - high as i128) as f64);
    }

    fn total(self) -> f64 {
        if self.sum.is_finite() && self.rest.is_finite() { self.sum + self.rest } else { self.plain }
    }
}

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    #[default]
    Int,
    Long,
    Double,
    Decimal,
}

/// A running sum of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Summation {
    width: Width,
    count: u64,
    integers: i128,
    doubles: Compensated,
    decimals: Decimal,
}

impl Default for Summation {
    fn default() -> Self {
        Self { width: Width::default(), count: 0, integers: 0, doubles: Compensated::default(), decimals: Decimal::ZERO }
    }
}

impl Summation {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a number; what is none does not count.
    pub(crate) fn push(&mut self, value: &Bson) {
        let width = match value {
            Bson::Int32(n) => {
                self.integers = self.integers.saturating_add(i128::from(*n));
                Width::Int
            }
            Bson::Int64(n) => {
                self.integers = self.integers.saturating_add(i128::from(*n));
                Width::Long
            }
            Bson::Double(n) => {
                self.doubles.add(*n);
                Width::Double
            }
            Bson::Decimal128(n) => {
                self.decimals = self.decimals.add(&Decimal::decode(*n));
                Width::Decimal
            }
            _ => return,
        };
        self.count = self.count.saturating_add(1);
        self.width = self.width.max(width);
    }

    /// Adds an integer that does not make the type wider.
    pub(super) fn push_integer(&mut self, n: i64) {
        self.integers = self.integers.saturating_add(i128::from(n));
    }

    fn double(&self) -> f64 {
        let mut total = self.doubles;
        total.add_integer(self.integers);
        total.total()
    }

    fn decimal(&self) -> Decimal {
        let doubles = if self.doubles.sum.is_finite() && self.doubles.rest.is_finite() {
            Decimal::of_double(self.doubles.sum).add(&Decimal::of_double(self.doubles.rest))
        } else {
            Decimal::of_double(self.doubles.plain)
        };
        // Nothing was added where nothing came, so that a sum of decimals keeps its exponent.
        let doubles = if doubles.is_zero() { Decimal::ZERO } else { doubles };
        self.decimals.add(&doubles).add(&Decimal::integer(self.integers))
    }

    /// The sum, 0 of nothing. Of ints it is a long and of longs a double where it does not fit.
    pub(crate) fn sum(&self) -> Bson {
        match (self.width, i64::try_from(self.integers)) {
            (Width::Int, Ok(sum)) => narrow(sum),
            (Width::Long, Ok(sum)) => Bson::Int64(sum),
            (Width::Decimal, _) => self.decimal().into(),
            _ => Bson::Double(self.double()),
        }
    }

    /// The sum as milliseconds; none if it does not fit.
    pub(super) fn millis(&self) -> Option<i64> {
        match self.width {
            Width::Int | Width::Long => i64::try_from(self.integers).ok(),
            Width::Double => {
                let total = self.double();
                (total.abs() < 9_223_372_036_854_775_808.0).then_some(total as i64)
            }
            Width::Decimal => self.decimal().to_long(),
        }
    }

    /// The average, a double or a decimal; null of nothing.
    pub(crate) fn average(&self) -> Bson {
        match self.width {
            _ if self.count == 0 => Bson::Null,
            Width::Decimal => self.decimal().divide(&Decimal::integer(i128::from(self.count))).into(),
            _ => Bson::Double(self.double() / self.count as f64),
        }
    }
}

/// An integer as int if it fits, else as long.
pub(super) fn narrow(n: i64) -> Bson {
    i32::try_from(n).map_or(Bson::Int64(n), Bson::Int32)
}

/// A running standard deviation (B. P. Welford, 1962).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deviation {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Deviation {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a number, as a double; what is none does not count.
    pub(crate) fn push(&mut self, value: &Bson) {
        let Some(n) = super::arithmetic::double(value) else {
            return;
        };
        self.count = self.count.saturating_add(1);
        let delta = n - self.mean;
        if delta != 0.0 {
            self.mean += delta / self.count as f64;
            self.squares += delta * (n - self.mean);
        }
    }

    /// The deviation of all that there is; null of nothing.
    pub(crate) fn population(self) -> Bson {
        self.of(self.count)
    }

    /// The deviation as a sample shows it; null of less than two numbers.
    pub(crate) fn sample(self) -> Bson {
        self.of(self.count.saturating_sub(1))
    }

    fn of(self, count: u64) -> Bson {
        if count == 0 { Bson::Null } else { Bson::Double((self.squares / count as f64).sqrt()) }
    }
}
