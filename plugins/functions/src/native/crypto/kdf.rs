//! Keys from passwords and from other keys: PBKDF2, scrypt, HKDF, and the one of `createCipher`.

use openssl::hash::MessageDigest;
use openssl::symm;

use super::digest::{self, Digest};
use super::failure::{first, openssl};
use super::{cipher, limits};
use crate::native::{Args, Env, Failure, Op, Result, Value, Work};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.pbkdf2", Op::Sync(pbkdf2_now)),
    ("crypto.pbkdf2.later", Op::Async(pbkdf2_later)),
    ("crypto.scrypt", Op::Sync(scrypt_now)),
    ("crypto.scrypt.later", Op::Async(scrypt_later)),
    ("crypto.hkdf", Op::Sync(hkdf)),
    ("crypto.bytes_to_key", Op::Sync(bytes_to_key)),
];

/// `(password, salt, iterations, length, digest)`
fn pbkdf2_now(_: &mut Env, args: &Args) -> Result {
    pbkdf2(args)?()
}

fn pbkdf2_later(env: &mut Env, args: &Args) -> Result<Work> {
    limits::in_turn(env, pbkdf2(args)?)
}

fn pbkdf2(args: &Args) -> Result<impl FnOnce() -> Result + Send + use<>> {
    let (password, salt) = (args.bytes(0)?.to_vec(), args.bytes(1)?.to_vec());
    let (iterations, length) = (args.u32(2)?, args.u32(3)? as usize);
    let digest = digest::require(args.str(4)?)?;
    let blocks = length.div_ceil(digest.size.max(1)) as u64;
    if u64::from(iterations) * blocks > limits::PBKDF2_ROUNDS || length > limits::OUTPUT {
        return Err(limits::too_costly(format_args!("PBKDF2 with {iterations} iterations for {length} bytes")));
    }
    if password.len().max(salt.len()) > limits::INPUT {
        return Err(limits::too_costly("PBKDF2 of such a long password or salt"));
    }
    let by_name = digest.by_name;
    Ok(move || {
        let mut key = vec![0; length];
        if length > 0 {
            let derived = openssl::pkcs5::pbkdf2_hmac(&password, &salt, iterations as usize, by_name, &mut key);
            derived.map_err(|_| Failure::error("", "Deriving bits failed"))?;
        }
        Ok(Value::Bytes(key))
    })
}

/// `(password, salt, length, N, r, p, maxmem)`
fn scrypt_now(_: &mut Env, args: &Args) -> Result {
    scrypt(args)?()
}

fn scrypt_later(env: &mut Env, args: &Args) -> Result<Work> {
    limits::in_turn(env, scrypt(args)?)
}

fn scrypt(args: &Args) -> Result<impl FnOnce() -> Result + Send + use<>> {
    let (password, salt, length) = (args.bytes(0)?.to_vec(), args.bytes(1)?.to_vec(), args.u32(2)? as usize);
    let [n, r, p] = [args.u32(3)?, args.u32(4)?, args.u32(5)?].map(u64::from);
    // A float beyond 2^64 becomes the largest number.
    let max = args.number(6)? as u64;
    let invalid = |why: &str| Failure::range_error("ERR_CRYPTO_INVALID_SCRYPT_PARAMS", format!("Invalid scrypt params{why}"));
    if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 || p > ((1 << 30) - 1) / r {
        return Err(invalid(""));
    }
    let memory = u128::from(p * r) * 128 + u128::from(n + 2) * u128::from(r) * 128;
    if memory > u128::from(max) {
        return Err(invalid(": error:030000AC:digital envelope routines::memory limit exceeded"));
    }
    let blocks = u128::from(n) * u128::from(r) * u128::from(p);
    if memory > u128::from(limits::SCRYPT_MEMORY) || blocks > u128::from(limits::SCRYPT_BLOCKS) || length > limits::OUTPUT {
        return Err(limits::too_costly(format_args!("scrypt with N = {n}, r = {r}, p = {p} for {length} bytes")));
    }
    Ok(move || {
        let mut key = vec![0; length];
        if length > 0 {
            openssl::pkcs5::scrypt(&password, &salt, n, r, p, limits::SCRYPT_MEMORY + 1024, &mut key)
                .map_err(|stack| invalid(&first(&stack).map(|text| format!(": {text}")).unwrap_or_default()))?;
        }
        Ok(Value::Bytes(key))
    })
}

/// `(digest, key, salt, info, length)`: HKDF, RFC 5869.
fn hkdf(_: &mut Env, args: &Args) -> Result {
    let digest = digest::require(args.str(0)?)?;
    let (key, salt, info, length) = (args.get(1), args.bytes(2)?, args.bytes(3)?, args.u32(4)? as usize);
    if digest.extendable {
        return Err(Failure::error("", "Deriving bits failed"));
    }
    if length > 255 * digest.size {
        return Err(Failure::range_error("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length"));
    }
    let zeros = vec![0; digest.size];
    let extracted = digest::hmac(&digest, if salt.is_empty() { &zeros } else { salt }, key)?;
    Ok(Value::Bytes(expand(&digest, &extracted, info, length)?))
}

fn expand(digest: &Digest, key: &[u8], info: &[u8], length: usize) -> Result<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(length + digest.size);
    let mut block = Vec::new();
    let mut counter = 0u8;
    while out.len() < length {
        counter = counter.wrapping_add(1);
        let input = vec![Value::Bytes(block), Value::Bytes(info.to_vec()), Value::Bytes(vec![counter])];
        block = digest::hmac(digest, key, &Value::List(input))?;
        out.extend_from_slice(&block);
    }
    out.truncate(length);
    Ok(out)
}

/// `(cipher, password)` → `{key, iv}`, as the old `createCipher` makes them: one round of MD5.
fn bytes_to_key(_: &mut Env, args: &Args) -> Result {
    let found = cipher::find(args.str(0)?).and_then(|found| symm::Cipher::from_nid(found.cipher.nid()));
    let cipher = found.ok_or_else(cipher::unknown)?;
    let password = args.bytes(1)?;
    if password.len() > limits::INPUT {
        return Err(limits::too_costly("a key of such a long password"));
    }
    let made = openssl::pkcs5::bytes_to_key(cipher, MessageDigest::md5(), password, None, 1).map_err(openssl)?;
    Ok(Value::map([("key", made.key.into()), ("iv", made.iv.into())]))
}
