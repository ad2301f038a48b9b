//! Random bytes.

use super::failure::openssl;
use super::limits;
use crate::native::{Args, Env, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[("crypto.random", Op::Sync(random))];

/// `(length)` → bytes; at most [`limits::RANDOM`].
fn random(_: &mut Env, args: &Args) -> Result {
    let mut bytes = vec![0; (args.u32(0)? as usize).min(limits::RANDOM)];
    openssl::rand::rand_bytes(&mut bytes).map_err(openssl)?;
    Ok(Value::Bytes(bytes))
}
