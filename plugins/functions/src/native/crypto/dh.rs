//! Diffie-Hellman over the integers, as `createDiffieHellman` has it. Numbers are big-endian bytes.

use openssl::bn::{BigNum, BigNumContext};
use openssl::dh::Dh;
use openssl::pkey::{PKey, Private};

use super::failure::{like, openssl};
use super::{limits, prime};
use crate::native::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.dh.group", Op::Sync(group_prime)),
    ("crypto.dh.check", Op::Sync(check)),
    ("crypto.dh.generate", Op::Sync(generate)),
    ("crypto.dh.public", Op::Sync(public)),
    ("crypto.dh.compute", Op::Sync(compute)),
];

const GROUPS: &[&str] = &["modp1", "modp2", "modp5", "modp14", "modp15", "modp16", "modp17", "modp18"];

/// The prime of a group that RFC 2409 or RFC 3526 names. Its generator is 2.
///
/// # Errors
/// `ERR_CRYPTO_UNKNOWN_DH_GROUP`
pub fn group(name: &str) -> Result<BigNum> {
    match name {
        "modp1" => BigNum::get_rfc2409_prime_768(),
        "modp2" => BigNum::get_rfc2409_prime_1024(),
        "modp5" => BigNum::get_rfc3526_prime_1536(),
        "modp14" => BigNum::get_rfc3526_prime_2048(),
        "modp15" => BigNum::get_rfc3526_prime_3072(),
        "modp16" => BigNum::get_rfc3526_prime_4096(),
        "modp17" => BigNum::get_rfc3526_prime_6144(),
        "modp18" => BigNum::get_rfc3526_prime_8192(),
        _ => return Err(Failure::error("ERR_CRYPTO_UNKNOWN_DH_GROUP", "Unknown DH group")),
    }
    .map_err(openssl)
}

fn is_group(p: &BigNum) -> Result<bool> {
    for name in GROUPS {
        if group(name)? == *p {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A number that is not too long to compute with.
pub fn number(bytes: &[u8]) -> Result<BigNum> {
    if bytes.len() > limits::KEY_BITS as usize / 8 {
        return Err(limits::too_costly(format_args!("Diffie-Hellman with {} bytes", bytes.len())));
    }
    BigNum::from_slice(bytes).map_err(openssl)
}

/// `(name)` → prime
fn group_prime(_: &mut Env, args: &Args) -> Result {
    Ok(Value::Bytes(group(args.str(0)?)?.to_vec()))
}

/// `(prime, generator)` → `verifyError`: a set of flags as OpenSSL's `DH_check` gives them.
fn check(_: &mut Env, args: &Args) -> Result {
    let (p, g) = (number(args.bytes(0)?)?, number(args.bytes(1)?)?);
    let mut half = BigNum::new().map_err(openssl)?;
    half.rshift1(&p).map_err(openssl)?;
    let mut below = p.to_owned().map_err(openssl)?;
    below.sub_word(1).map_err(openssl)?;
    let mut flags = if is_group(&p)? { 0 } else { primality(&p, &half)? };
    if g.num_bits() <= 1 || g >= below {
        flags |= 8;
    }
    if p.num_bits() < 512 {
        flags |= 128;
    }
    Ok(flags.into())
}

/// The flags of a prime that nobody knows: that it is none, or that its half is none.
fn primality(p: &BigNum, half: &BigNum) -> Result<u32> {
    if p.num_bits() > limits::CHECKED_MODULUS_BITS {
        return Err(limits::too_costly(format_args!("a check of a prime of {} bits", p.num_bits())));
    }
    Ok(match (prime::is_prime(p, 0)?, prime::is_prime(half, 0)?) {
        (false, _) => 1,
        (true, false) => 2,
        (true, true) => 0,
    })
}

/// `base ^ exponent mod modulus`, in a time that does not tell the exponent.
fn power(base: &BigNum, exponent: &mut BigNum, modulus: &BigNum) -> Result<BigNum> {
    if modulus.is_even() || modulus.num_bits() < 2 {
        return Err(Failure::error("ERR_CRYPTO_INVALID_STATE", "the prime is not one"));
    }
    exponent.set_const_time();
    let mut ctx = BigNumContext::new().map_err(openssl)?;
    let mut result = BigNum::new().map_err(openssl)?;
    result.mod_exp(base, exponent, modulus, &mut ctx).map_err(openssl)?;
    Ok(result)
}

/// `(prime, generator)` → `[private, public]`
fn generate(_: &mut Env, args: &Args) -> Result {
    let (p, g) = (number(args.bytes(0)?)?, number(args.bytes(1)?)?);
    let mut private = random_exponent(&p)?;
    let public = power(&g, &mut private, &p)?;
    Ok(Value::List(vec![Value::Bytes(private.to_vec()), Value::Bytes(public.to_vec())]))
}

/// A number from 1 to the prime's half, its order in a safe group.
fn random_exponent(p: &BigNum) -> Result<BigNum> {
    let mut half = BigNum::new().map_err(openssl)?;
    half.rshift1(p).map_err(openssl)?;
    if half.num_bits() < 2 {
        return Err(like("ERR_OSSL_DH_MODULUS_TOO_SMALL", 0x0280_007E, "Diffie-Hellman routines", "modulus too small"));
    }
    let mut exponent = BigNum::new().map_err(openssl)?;
    half.sub_word(1).map_err(openssl)?;
    half.rand_range(&mut exponent).map_err(openssl)?;
    exponent.add_word(1).map_err(openssl)?;
    Ok(exponent)
}

/// `(prime, generator, private)` → public
fn public(_: &mut Env, args: &Args) -> Result {
    let (p, g, mut private) = (number(args.bytes(0)?)?, number(args.bytes(1)?)?, number(args.bytes(2)?)?);
    Ok(Value::Bytes(power(&g, &mut private, &p)?.to_vec()))
}

/// `(prime, private, other's public)` → secret, as long as the prime
fn compute(_: &mut Env, args: &Args) -> Result {
    let (p, mut private, other) = (number(args.bytes(0)?)?, number(args.bytes(1)?)?, number(args.bytes(2)?)?);
    let wrong = |text: &str| Failure::range_error("ERR_CRYPTO_INVALID_KEYLEN", format!("Supplied key is too {text}"));
    let mut below = p.to_owned().map_err(openssl)?;
    below.sub_word(1).map_err(openssl)?;
    if other.num_bits() <= 1 {
        return Err(wrong("small"));
    }
    if other >= below {
        return Err(wrong("large"));
    }
    let secret = power(&other, &mut private, &p)?;
    secret.to_vec_padded(p.num_bytes()).map(Value::Bytes).map_err(openssl)
}

/// A new pair for `generateKeyPair('dh')`.
pub fn pair(p: &BigNum, generator: u32) -> Result<PKey<Private>> {
    let params = (|| Dh::from_pqg((**p).to_owned()?, None, BigNum::from_u32(generator)?))().map_err(openssl)?;
    params.generate_key().and_then(PKey::from_dh).map_err(openssl)
}
