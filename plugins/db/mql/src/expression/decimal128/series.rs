//! Elementary functions on fixed-point numbers: integers that stand for so many `2^-BITS`.
//!
//! 384 bits leave room for 34 digits (113 bits) of a result that is itself as small as an argument
//! of 34 digits can make it, and for the rounding of every step.

use num_bigint::{BigInt, BigUint, Sign};

pub(super) const BITS: u64 = 384;

pub(super) fn one() -> BigInt {
    BigInt::from(1) << BITS
}

pub(super) fn multiply(a: &BigInt, b: &BigInt) -> BigInt {
    (a * b) >> BITS
}

/// The quotient of two integers as a fixed-point number; `b` is not zero.
pub(super) fn ratio(a: &BigUint, b: &BigUint) -> BigInt {
    BigInt::from((a << BITS) / b)
}

/// The quotient of two fixed-point numbers.
pub(super) fn divide(a: &BigInt, b: &BigInt) -> BigInt {
    (a << BITS) / b
}

/// The root of a fixed-point number that is not negative.
pub(super) fn sqrt(x: &BigInt) -> BigInt {
    BigInt::from((x.magnitude() << BITS).sqrt())
}

/// Sums `x - x³/3 + x⁵/5 …`, or the same without the minus, for `1/n`.
fn arc_of_inverse(n: u32, bits: u64, alternating: bool) -> BigInt {
    let square = n * n;
    let mut power = (BigInt::from(1) << bits) / n;
    let mut sum = BigInt::ZERO;
    let mut odd = 1_u32;
    while power.sign() != Sign::NoSign {
        let term = &power / odd;
        sum = if alternating && odd % 4 == 3 { sum - term } else { sum + term };
        power /= square;
        odd += 2;
    }
    sum
}

/// J. Machin's formula: `π/4 = 4 arctan 1/5 - arctan 1/239`.
pub(super) fn pi(bits: u64) -> BigInt {
    let guarded = bits + 32;
    let quarter: BigInt = arc_of_inverse(5, guarded, true) * 4 - arc_of_inverse(239, guarded, true);
    (quarter * 4) >> 32_u32
}

/// `ln 2 = 2 artanh 1/3`.
pub(super) fn ln2() -> BigInt {
    (arc_of_inverse(3, BITS + 32, false) * 2) >> 32_u32
}

/// `e^x` as a fixed-point number and a power of two that it is multiplied with.
pub(super) fn exp(x: &BigInt) -> (BigInt, i64) {
    const HALVINGS: u32 = 8;
    let ln2 = ln2();
    let twos = x / &ln2;
    let rest = (x - &twos * &ln2) >> HALVINGS;
    let mut term = one();
    let mut sum = one();
    let mut n = 1_u32;
    while term.sign() != Sign::NoSign && n < 400 {
        term = multiply(&term, &rest) / n;
        sum += &term;
        n += 1;
    }
    for _ in 0..HALVINGS {
        sum = multiply(&sum, &sum);
    }
    (sum, i64::try_from(twos).unwrap_or(0))
}

/// The logarithm of the quotient of two integers above zero.
pub(super) fn ln(a: &BigUint, b: &BigUint) -> BigInt {
    let (a_bits, b_bits) = (a.bits(), b.bits());
    let (a, b) = if a_bits > b_bits { (a.clone(), b << (a_bits - b_bits)) } else { (a << (b_bits - a_bits), b.clone()) };
    let reduced = ratio(&a, &b);
    let z = divide(&(&reduced - one()), &(&reduced + one()));
    let square = multiply(&z, &z);
    let mut power = z;
    let mut sum = BigInt::ZERO;
    let mut odd = 1_u32;
    while power.magnitude().bits() > 1 {
        sum += &power / odd;
        power = multiply(&power, &square);
        odd += 2;
    }
    sum * 2 + ln2() * (BigInt::from(a_bits) - BigInt::from(b_bits))
}

/// The sine and cosine of `x × 2^-(BITS + extra)`, where `extra` bits are as many as the whole
/// part of it has.
pub(super) fn sin_cos(x: &BigInt, extra: u64) -> (BigInt, BigInt) {
    let quarter = pi(BITS + extra) >> 1_u32;
    let turns = x / &quarter;
    let rest: BigInt = (x - &turns * &quarter) >> extra;
    let square = multiply(&rest, &rest);
    let series = |first: BigInt, mut n: u32| {
        let mut term = first.clone();
        let mut sum = first;
        while term.magnitude().bits() > 1 {
            term = -multiply(&term, &square) / (n * (n + 1));
            sum += &term;
            n += 2;
        }
        sum
    };
    let (sin, cos) = (series(rest, 2), series(one(), 1));
    let quadrant: BigInt = ((turns % 4) + 4) % 4;
    match u8::try_from(quadrant).unwrap_or(0) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// The angle whose tangent is the quotient of two integers, the second above zero.
pub(super) fn atan(a: &BigUint, b: &BigUint) -> BigInt {
    const HALVINGS: u32 = 4;
    if *a == BigUint::ZERO {
        return BigInt::ZERO;
    }
    if a > b {
        return (pi(BITS) >> 1_u32) - atan(b, a);
    }
    let mut x = ratio(a, b);
    for _ in 0..HALVINGS {
        let root = sqrt(&(one() + multiply(&x, &x)));
        x = divide(&x, &(one() + root));
    }
    let square = multiply(&x, &x);
    let mut power = x;
    let mut sum = BigInt::ZERO;
    let mut odd = 1_u32;
    while power.magnitude().bits() > 1 {
        sum += &power / odd;
        power = -multiply(&power, &square);
        odd += 2;
    }
    sum << HALVINGS
}
