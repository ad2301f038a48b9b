//! The series of preferred numbers that `$bucketAuto` rounds its boundaries to.

use bson::Bson;

use crate::check::type_name;
use crate::error::{Error, Result};
use crate::number;

/// A series of numbers: those of one decade, and their multiples by powers of ten; or the powers
/// of two.
#[derive(Clone, Debug)]
pub(super) enum Granularity {
    Decades(Vec<f64>),
    PowersOfTwo,
}

/// The E series in hundredths, as IEC 60063 has them; those below E48 have two digits.
const E24: [u16; 24] =
    [100, 110, 120, 130, 150, 160, 180, 200, 220, 240, 270, 300, 330, 360, 390, 430, 470, 510, 560, 620, 680, 750, 820, 910];

/// The series of 192; E96 is every second of it, E48 every fourth.
const E192: [u16; 192] = [
    100, 101, 102, 104, 105, 106, 107, 109, 110, 111, 113, 114, 115, 117, 118, 120, 121, 123, 124, 126, 127, 129, 130, 132, 133, 135, 137,
    138, 140, 142, 143, 145, 147, 149, 150, 152, 154, 156, 158, 160, 162, 164, 165, 167, 169, 172, 174, 176, 178, 180, 182, 184, 187, 189,
    191, 193, 196, 198, 200, 203, 205, 208, 210, 213, 215, 218, 221, 223, 226, 229, 232, 234, 237, 240, 243, 246, 249, 252, 255, 258, 261,
    264, 267, 271, 274, 277, 280, 284, 287, 291, 294, 298, 301, 305, 309, 312, 316, 320, 324, 328, 332, 336, 340, 344, 348, 352, 357, 361,
    365, 370, 374, 379, 383, 388, 392, 397, 402, 407, 412, 417, 422, 427, 432, 437, 442, 448, 453, 459, 464, 470, 475, 481, 487, 493, 499,
    505, 511, 517, 523, 530, 536, 542, 549, 556, 562, 569, 576, 583, 590, 597, 604, 612, 619, 626, 634, 642, 649, 657, 665, 673, 681, 690,
    698, 706, 715, 723, 732, 741, 750, 759, 768, 777, 787, 796, 806, 816, 825, 835, 845, 856, 866, 876, 887, 898, 909, 920, 931, 942, 953,
    965, 976, 988,
];

/// Renard's series in thousandths, as ISO 3 has them.
const R80: [u16; 80] = [
    1000, 1030, 1060, 1090, 1120, 1150, 1180, 1220, 1250, 1280, 1320, 1360, 1400, 1450, 1500, 1550, 1600, 1650, 1700, 1750, 1800, 1850,
    1900, 1950, 2000, 2060, 2120, 2180, 2240, 2300, 2360, 2430, 2500, 2580, 2650, 2720, 2800, 2900, 3000, 3070, 3150, 3250, 3350, 3450,
    3550, 3650, 3750, 3870, 4000, 4120, 4250, 4370, 4500, 4620, 4750, 4870, 5000, 5150, 5300, 5450, 5600, 5800, 6000, 6150, 6300, 6500,
    6700, 6900, 7100, 7300, 7500, 7750, 8000, 8250, 8500, 8750, 9000, 9250, 9500, 9750,
];

impl Granularity {
    pub(super) fn parse(name: &str) -> Result<Self> {
        let every =
            |series: &[u16], step: usize, unit: f64| Self::Decades(series.iter().step_by(step).map(|n| f64::from(*n) / unit).collect());
        Ok(match name {
            "R5" => every(&R80, 16, 1000.0),
            "R10" => every(&R80, 8, 1000.0),
            "R20" => every(&R80, 4, 1000.0),
            "R40" => every(&R80, 2, 1000.0),
            "R80" => every(&R80, 1, 1000.0),
            "1-2-5" => every(&[1, 2, 5], 1, 1.0),
            "E6" => every(&E24, 4, 100.0),
            "E12" => every(&E24, 2, 100.0),
            "E24" => every(&E24, 1, 100.0),
            "E48" => every(&E192, 4, 100.0),
            "E96" => every(&E192, 2, 100.0),
            "E192" => every(&E192, 1, 100.0),
            "POWERSOF2" => Self::PowersOfTwo,
            _ => return Err(Error::at(40257, format!("Unknown rounding granularity '{name}'"))),
        })
    }

    /// Checks a value that is to be rounded.
    pub(super) fn check(&self, value: &Bson) -> Result<()> {
        if !number::is_number(value) {
            return Err(Error::at(
                40258,
                format!(
                    "$bucketAuto can specify a 'granularity' with numeric boundaries only, but found a value with type: {}",
                    type_name(value)
                ),
            ));
        }
        let n = double(value);
        if n.is_nan() {
            return Err(Error::at(40259, "$bucketAuto can specify a 'granularity' with numeric boundaries only, but found a NaN"));
        }
        if n < 0.0 {
            return Err(Error::at(
                40260,
                "$bucketAuto can specify a 'granularity' with non-negative numbers only, but found a negative number",
            ));
        }
        Ok(())
    }

    /// The least number of the series above a value.
    pub(super) fn up(&self, value: &Bson) -> Bson {
        let n = double(value);
        if n == 0.0 || !n.is_finite() {
            return value.clone();
        }
        match self {
            Self::PowersOfTwo => power_of_two(n.log2().floor() + 1.0, value),
            Self::Decades(series) => Bson::Double(self.next(series, n, |candidate| candidate > n)),
        }
    }

    /// The greatest number of the series below a value.
    pub(super) fn down(&self, value: &Bson) -> Bson {
        let n = double(value);
        if n == 0.0 || !n.is_finite() {
            return value.clone();
        }
        match self {
            Self::PowersOfTwo => power_of_two(n.log2().ceil() - 1.0, value),
            Self::Decades(series) => {
                let below = self.decades(series, n).filter(|candidate| *candidate < n);
                Bson::Double(below.fold(0.0, f64::max))
            }
        }
    }

    fn next(&self, series: &[f64], n: f64, fits: impl Fn(f64) -> bool) -> f64 {
        self.decades(series, n).filter(|candidate| fits(*candidate)).fold(f64::INFINITY, f64::min)
    }

    /// The numbers of the series around a value: of its decade and those beside it.
    fn decades<'s>(&self, series: &'s [f64], n: f64) -> impl Iterator<Item = f64> + 's {
        let decade = n.log10().floor() as i32;
        (decade - 1..=decade + 1).flat_map(move |decade| series.iter().map(move |part| scaled(*part, decade)))
    }
}

/// Dividing by a power of ten is exact where multiplying by its inverse is not.
fn scaled(part: f64, decade: i32) -> f64 {
    if decade < 0 { part / 10_f64.powi(-decade) } else { part * 10_f64.powi(decade) }
}

fn power_of_two(exponent: f64, like: &Bson) -> Bson {
    let power = exponent.exp2();
    match like {
        Bson::Int32(_) | Bson::Int64(_) if (0.0..31.0).contains(&exponent) => Bson::Int32(power as i32),
        Bson::Int32(_) | Bson::Int64(_) if (0.0..63.0).contains(&exponent) => Bson::Int64(power as i64),
        _ => Bson::Double(power),
    }
}

fn double(value: &Bson) -> f64 {
    match value {
        Bson::Int32(n) => f64::from(*n),
        Bson::Int64(n) => *n as f64,
        Bson::Double(n) => *n,
        Bson::Decimal128(n) => n.to_string().parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}
