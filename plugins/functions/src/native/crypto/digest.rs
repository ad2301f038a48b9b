//! Hashes and HMACs.
//!
//! JavaScript collects what it hashes, and asks once; what is long or copied has a state here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use openssl::md::Md;
use openssl::md_ctx::MdCtx;

use super::failure::{invalid_digest, openssl};
use super::limits;
use crate::native::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.digest.info", Op::Sync(info)),
    ("crypto.hash", Op::Sync(hash)),
    ("crypto.hash.begin", Op::Sync(begin_hash)),
    ("crypto.hmac", Op::Sync(hmac_all)),
    ("crypto.hmac.begin", Op::Sync(begin_hmac)),
    ("crypto.digest.update", Op::Sync(update)),
    ("crypto.digest.copy", Op::Sync(copy)),
    ("crypto.digest.finish", Op::Sync(finish)),
    ("crypto.equal", Op::Sync(equal)),
];

/// A digest that OpenSSL has.
pub struct Digest {
    /// As new operations want it.
    pub fetched: Md,
    /// As older interfaces want it.
    pub by_name: MessageDigest,
    /// Bytes of the result; of one of free length, what Node.js gives without a length.
    pub size: usize,
    /// Whether the result has any length.
    pub extendable: bool,
}

thread_local! {
    static FOUND: RefCell<HashMap<String, Rc<Digest>>> = RefCell::default();
}

/// The digest of a name as `getHashes` lists them, in any case.
pub fn find(name: &str) -> Option<Rc<Digest>> {
    if let Some(found) = FOUND.with_borrow(|found| found.get(name).cloned()) {
        return Some(found);
    }
    let lower = name.to_ascii_lowercase();
    if let Some(found) = FOUND.with_borrow(|found| found.get(&lower).cloned()) {
        return Some(found);
    }
    super::cipher::load_legacy();
    let by_name = MessageDigest::from_name(name)?;
    let id = by_name.type_().short_name().ok()?;
    let fetched = Md::fetch(None, id, None).ok()?;
    let (size, extendable) = match id {
        "SHAKE128" => (16, true),
        "SHAKE256" => (32, true),
        _ => (by_name.size(), false),
    };
    let found = Rc::new(Digest { fetched, by_name, size, extendable });
    FOUND.with_borrow_mut(|all| all.insert(lower, found.clone()));
    Some(found)
}

/// The digest of a name that must be there.
///
/// # Errors
/// `ERR_CRYPTO_INVALID_DIGEST`
pub fn require(name: &str) -> Result<Rc<Digest>> {
    find(name).ok_or_else(|| invalid_digest(name))
}

/// Passes on bytes, texts as UTF-8, and lists of those.
pub fn feed(data: &Value, take: &mut dyn FnMut(&[u8]) -> std::result::Result<(), ErrorStack>) -> Result<()> {
    match data {
        Value::Bytes(bytes) => take(bytes).map_err(openssl),
        Value::String(text) => take(text.as_bytes()).map_err(openssl),
        Value::List(items) => {
            for item in items {
                if matches!(item, Value::List(_)) {
                    return Err(not_data());
                }
                feed(item, take)?;
            }
            Ok(())
        }
        _ => Err(not_data()),
    }
}

fn not_data() -> Failure {
    Failure::type_error("ERR_INVALID_ARG_TYPE", "the data must be bytes or texts")
}

/// The digest of bytes, texts or a list of those.
pub fn digest(digest: &Digest, data: &Value, length: Option<usize>) -> Result<Vec<u8>> {
    let mut ctx = MdCtx::new().map_err(openssl)?;
    ctx.digest_init(&digest.fetched).map_err(openssl)?;
    feed(data, &mut |bytes| ctx.digest_update(bytes))?;
    let mut out = vec![0; length.unwrap_or(digest.size)];
    if !digest.extendable {
        ctx.digest_final(&mut out).map_err(openssl)?;
    } else if !out.is_empty() {
        ctx.digest_final_xof(&mut out).map_err(openssl)?;
    }
    Ok(out)
}

/// The two keys of an HMAC, each as long as a block of its digest.
fn pads(digest: &Digest, key: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let block = digest.by_name.block_size();
    if digest.extendable || block == 0 {
        return Err(Failure::error("", "error:00000000:lib(0)::reason(0)"));
    }
    let hashed;
    let key = if key.len() > block {
        hashed = self::digest(digest, &Value::Bytes(key.to_vec()), None)?;
        &hashed
    } else {
        key
    };
    let pad = |with: u8| {
        let mut pad = vec![with; block];
        pad.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        pad
    };
    Ok((pad(0x36), pad(0x5c)))
}

/// The HMAC (RFC 2104) of bytes, texts or a list of those.
pub fn hmac(digest: &Digest, key: &[u8], data: &Value) -> Result<Vec<u8>> {
    let (inner, outer) = pads(digest, key)?;
    let mut ctx = MdCtx::new().map_err(openssl)?;
    let mut out = vec![0; digest.size];
    ctx.digest_init(&digest.fetched).map_err(openssl)?;
    ctx.digest_update(&inner).map_err(openssl)?;
    feed(data, &mut |bytes| ctx.digest_update(bytes))?;
    ctx.digest_final(&mut out).map_err(openssl)?;
    ctx.digest_init(&digest.fetched).map_err(openssl)?;
    ctx.digest_update(&outer).map_err(openssl)?;
    ctx.digest_update(&out).map_err(openssl)?;
    ctx.digest_final(&mut out).map_err(openssl)?;
    Ok(out)
}

/// Bytes as the encoding that JavaScript asked for, or as they are.
fn encoded(bytes: Vec<u8>, encoding: &Value) -> Value {
    match encoding.as_str() {
        Some("hex") => Value::String(hex::encode(bytes)),
        Some("base64") => Value::String(openssl::base64::encode_block(&bytes)),
        Some("base64url") => Value::String(super::jwk::base64url(&bytes)),
        Some("latin1") => Value::String(bytes.into_iter().map(char::from).collect()),
        _ => Value::Bytes(bytes),
    }
}

fn length(args: &Args, index: usize) -> Result<Option<usize>> {
    if *args.get(index) == Value::Undefined {
        return Ok(None);
    }
    let length = args.u32(index)? as usize;
    if length > limits::OUTPUT {
        return Err(limits::too_costly(format_args!("a digest of {length} bytes")));
    }
    Ok(Some(length))
}

/// `(algorithm)` → `{size, extendable}`; `undefined` when there is no such digest.
fn info(_: &mut Env, args: &Args) -> Result {
    let Some(found) = find(args.str(0)?) else { return Ok(Value::Undefined) };
    Ok(Value::map([("size", found.size.into()), ("extendable", found.extendable.into())]))
}

/// `(algorithm, data, length, encoding)`
fn hash(_: &mut Env, args: &Args) -> Result {
    let out = digest(&*require(args.str(0)?)?, args.get(1), length(args, 2)?)?;
    Ok(encoded(out, args.get(3)))
}

/// `(algorithm, key, data, encoding)`
fn hmac_all(_: &mut Env, args: &Args) -> Result {
    let out = hmac(&*require(args.str(0)?)?, args.bytes(1)?, args.get(2))?;
    Ok(encoded(out, args.get(3)))
}

/// A digest under way.
#[derive(Clone)]
struct State {
    inner: Hasher,
    /// Of an HMAC: what hashes the inner digest.
    outer: Option<Hasher>,
    size: usize,
    extendable: bool,
}

impl State {
    fn new(digest: &Digest) -> Result<Self> {
        let inner = Hasher::new(digest.by_name).map_err(openssl)?;
        Ok(Self { inner, outer: None, size: digest.size, extendable: digest.extendable })
    }
}

/// `(algorithm, data)` → a state
fn begin_hash(env: &mut Env, args: &Args) -> Result {
    let mut state = State::new(&*require(args.str(0)?)?)?;
    feed(args.get(1), &mut |bytes| state.inner.update(bytes))?;
    Ok(env.resources.add(state)?.into())
}

/// `(algorithm, key, data)` → a state
fn begin_hmac(env: &mut Env, args: &Args) -> Result {
    let digest = require(args.str(0)?)?;
    let (inner, outer) = pads(&digest, args.bytes(1)?)?;
    let mut state = State::new(&digest)?;
    state.inner.update(&inner).map_err(openssl)?;
    let mut hasher = Hasher::new(digest.by_name).map_err(openssl)?;
    hasher.update(&outer).map_err(openssl)?;
    state.outer = Some(hasher);
    feed(args.get(2), &mut |bytes| state.inner.update(bytes))?;
    Ok(env.resources.add(state)?.into())
}

/// `(state, data)`
fn update(env: &mut Env, args: &Args) -> Result {
    let state: &mut State = env.resources.get(args.u32(0)?)?;
    feed(args.get(1), &mut |bytes| state.inner.update(bytes))?;
    Ok(Value::Undefined)
}

/// `(state)` → another one
fn copy(env: &mut Env, args: &Args) -> Result {
    let state = env.resources.get::<State>(args.u32(0)?)?.clone();
    Ok(env.resources.add(state)?.into())
}

/// `(state, length, encoding)`: ends it.
fn finish(env: &mut Env, args: &Args) -> Result {
    let mut state: State = env.resources.take(args.u32(0)?)?;
    let out = if state.extendable {
        let mut out = vec![0; length(args, 1)?.unwrap_or(state.size)];
        if !out.is_empty() {
            state.inner.finish_xof(&mut out).map_err(openssl)?;
        }
        out
    } else {
        let out = state.inner.finish().map_err(openssl)?;
        match state.outer {
            None => out.to_vec(),
            Some(mut outer) => {
                outer.update(&out).map_err(openssl)?;
                outer.finish().map_err(openssl)?.to_vec()
            }
        }
    };
    Ok(encoded(out, args.get(2)))
}

/// `(left, right)`: whether bytes of one length are the same, in a time that does not tell where
/// they differ.
fn equal(_: &mut Env, args: &Args) -> Result {
    let (left, right) = (args.bytes(0)?, args.bytes(1)?);
    Ok((left.len() == right.len() && openssl::memcmp::eq(left, right)).into())
}
