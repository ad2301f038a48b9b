//! Prime numbers, as big-endian bytes.

use openssl::bn::{BigNum, BigNumContext};

use super::failure::openssl;
use super::limits;
use crate::native::{Args, Env, Failure, Op, Result, Value, Work};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.prime.check", Op::Sync(check_now)),
    ("crypto.prime.check.later", Op::Async(check_later)),
    ("crypto.prime.generate", Op::Sync(generate_now)),
    ("crypto.prime.generate.later", Op::Async(generate_later)),
];

/// Whether a number is a prime, with `rounds` of Miller-Rabin; 0 leaves their number to OpenSSL.
pub fn is_prime(number: &BigNum, rounds: i32) -> Result<bool> {
    if number.num_bits() > limits::TESTED_PRIME_BITS {
        return Err(limits::too_costly(format_args!("a test of a prime of {} bits", number.num_bits())));
    }
    let mut ctx = BigNumContext::new().map_err(openssl)?;
    number.is_prime(rounds.clamp(0, limits::PRIME_ROUNDS), &mut ctx).map_err(openssl)
}

/// `(candidate, checks)`
fn check_now(_: &mut Env, args: &Args) -> Result {
    check(args)?()
}

fn check_later(env: &mut Env, args: &Args) -> Result<Work> {
    limits::in_turn(env, check(args)?)
}

fn check(args: &Args) -> Result<impl FnOnce() -> Result + Send + use<>> {
    let bytes = args.bytes(0)?;
    if bytes.len() > limits::KEY_TEXT {
        return Err(limits::too_costly("a test of such a long number"));
    }
    let number = BigNum::from_slice(bytes).map_err(openssl)?;
    let rounds = i32::try_from(args.u32(1)?).unwrap_or(i32::MAX);
    Ok(move || Ok(is_prime(&number, rounds)?.into()))
}

/// `(bits, safe, add, rem)`
fn generate_now(_: &mut Env, args: &Args) -> Result {
    generate(args)?()
}

fn generate_later(env: &mut Env, args: &Args) -> Result<Work> {
    limits::in_turn(env, generate(args)?)
}

fn generate(args: &Args) -> Result<impl FnOnce() -> Result + Send + use<>> {
    let (bits, safe) = (args.u32(0)?, args.flag(1));
    let most = if safe { limits::NEW_SAFE_PRIME_BITS } else { limits::NEW_PRIME_BITS };
    if bits > most {
        return Err(limits::too_costly(format_args!("a prime of {bits} bits")));
    }
    let optional = |index| match args.get(index) {
        Value::Bytes(bytes) if bytes.len() <= limits::KEY_TEXT => BigNum::from_slice(bytes).map(Some).map_err(openssl),
        _ => Ok(None),
    };
    let (add, rem) = (optional(2)?, optional(3)?);
    if let Some(add) = &add
        && (add.num_bits() > i32::try_from(bits).unwrap_or(i32::MAX) || rem.as_ref().is_some_and(|rem| **rem >= **add))
    {
        return Err(Failure::range_error("ERR_OUT_OF_RANGE", "invalid options.add"));
    }
    // Few numbers, or none that is a prime, may be of the form that is asked for.
    if add.as_ref().is_some_and(|add| add.num_bits() > i32::try_from(bits / 2).unwrap_or(0)) {
        return Err(limits::too_costly("a prime with so large an `add`"));
    }
    Ok(move || {
        let mut prime = BigNum::new().map_err(openssl)?;
        let bits = i32::try_from(bits).unwrap_or(0);
        prime.generate_prime(bits, safe, add.as_deref(), rem.as_deref()).map_err(openssl)?;
        Ok(Value::Bytes(prime.to_vec()))
    })
}
