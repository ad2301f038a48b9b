//! A clock that never goes back.

use std::sync::LazyLock;
use std::time::Instant;

use super::{Args, Env, Op, Result};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[("clock.now", Op::Sync(now))];

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// `()` → milliseconds since some moment in the past.
fn now(_: &mut Env, _: &Args) -> Result {
    // A function must not learn when the process started, only how time passes.
    Ok((ORIGIN.elapsed().as_secs_f64() * 1000.0 + 1000.0).into())
}
