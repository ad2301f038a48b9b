//! Limits of what one operation may cost, and of how many costly ones run at once.

use std::sync::LazyLock;

use crate::native::{self, Env, Failure, Result, Work};
use crate::shares::Shares;

/// The most random bytes at once; JavaScript asks again for more.
pub const RANDOM: usize = 1 << 20;

/// The most bytes that a digest of free length, PBKDF2 or scrypt gives.
pub const OUTPUT: usize = 16 << 20;

/// The most bytes that one call encrypts, decrypts or takes in otherwise. OpenSSL counts in `int`.
pub const INPUT: usize = 1 << 30;

/// The most rounds of PBKDF2, times the blocks of its output: some seconds of SHA-512.
pub const PBKDF2_ROUNDS: u64 = 10_000_000;

/// The most blocks that scrypt mixes, `N × r × p`: some seconds. Twice the strongest parameters
/// that OWASP names.
pub const SCRYPT_BLOCKS: u64 = 1 << 22;

/// The most memory of one scrypt, in bytes, whatever `maxmem` says.
pub const SCRYPT_MEMORY: u64 = 256 << 20;

/// The largest RSA, DSA or Diffie-Hellman key that is used, in bits.
pub const KEY_BITS: u32 = 16_384;

/// The largest RSA or DSA key that is made, in bits: a second or two.
pub const NEW_KEY_BITS: u32 = 4096;

/// The largest prime that is tested, in bits: some three seconds.
pub const TESTED_PRIME_BITS: i32 = 4096;

/// The most rounds of a test of a prime.
pub const PRIME_ROUNDS: i32 = 64;

/// The largest modulus of Diffie-Hellman that is checked, in bits, but for the well-known ones: two
/// tests of primes.
pub const CHECKED_MODULUS_BITS: i32 = 2048;

/// The largest prime that is looked for, in bits.
pub const NEW_PRIME_BITS: u32 = 2048;

/// The largest safe prime that is looked for, in bits; they are rare.
pub const NEW_SAFE_PRIME_BITS: u32 = 512;

/// The most that an encrypted key may ask for: the product of the numbers in its parameters, such
/// as the rounds of its PBKDF2 and the length of its key.
pub const ENCRYPTED_KEY_COST: u64 = 1 << 28;

/// The longest key or certificate that is read, in bytes.
pub const KEY_TEXT: usize = 1 << 20;

/// Costly operations of all functions that run at once: one a core, of which a space may have half.
/// The others wait, at most until their function's deadline.
static SLOTS: LazyLock<Shares> = LazyLock::new(|| Shares::new(std::thread::available_parallelism().map_or(2, std::num::NonZero::get)));

/// Work that computes for long, in the turn of its space.
pub fn in_turn(env: &Env, compute: impl FnOnce() -> Result + Send + 'static) -> Result<Work> {
    let space = env.space.clone();
    native::work(async move {
        let slot = SLOTS.take(&space).await;
        let work = native::computing(move || {
            // The slot is taken for as long as the thread computes, also when nobody waits any more.
            let _slot = slot;
            compute()
        })?;
        work.await
    })
}

/// Something costs more than a function may spend at once.
pub fn too_costly(what: impl std::fmt::Display) -> Failure {
    Failure::range_error("ERR_OUT_OF_RANGE", format!("{what} is more than cloud functions may compute"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::native::Value;
    use crate::package::Package;

    fn env(space: &str) -> Env {
        Env::new(space, Arc::new(Package::of(&[("index.js", "")])), Arc::default())
    }

    #[tokio::test]
    async fn a_space_that_computes_much_leaves_some_to_others() {
        let ended = Arc::new(AtomicUsize::new(0));
        let cores = std::thread::available_parallelism().unwrap().get();
        for _ in 0..20 * cores {
            let ended = ended.clone();
            let work = in_turn(&env("busy"), move || {
                std::thread::sleep(Duration::from_millis(50));
                ended.fetch_add(1, Ordering::SeqCst);
                Ok(Value::Undefined)
            });
            tokio::spawn(work.unwrap());
        }
        tokio::task::yield_now().await;
        let began = ended.clone();
        let seen = in_turn(&env("other"), move || Ok(Value::from(began.load(Ordering::SeqCst)))).unwrap().await;
        let Value::Number(seen) = seen.unwrap() else { panic!("no number") };
        assert!(seen < 5.0 * cores as f64, "{seen} of the others came first");
    }
}
