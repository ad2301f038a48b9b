//! Remembers the nonces of signed requests, so that nobody can send one again.

use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;
use sha2::{Digest, Sha256};

use super::authenticate::MAX_SKEW_MS;

/// How many nonces are kept: at 32 bytes each, and only of requests with a valid signature.
const CAPACITY: u64 = 500_000;

/// The nonces that were used lately.
pub struct Nonces {
    used: Cache<[u8; 16], ()>,
}

impl Nonces {
    /// None used yet.
    pub fn new() -> Self {
        // A timestamp may be ahead by as much as it may be behind, so a request stays valid for
        // twice the skew. Least recently used goes first: no other policy of the cache is certain
        // to keep the newest.
        let keep = Duration::from_millis(MAX_SKEW_MS.unsigned_abs() * 2 + 1000);
        Self { used: Cache::builder().max_capacity(CAPACITY).time_to_live(keep).eviction_policy(EvictionPolicy::lru()).build() }
    }

    /// Uses a nonce of a key; false when it was used before.
    pub async fn use_once(&self, key_id: &str, nonce: &str) -> bool {
        let digest = Sha256::new().chain_update(key_id).chain_update([0]).chain_update(nonce).finalize();
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        self.used.entry(id).or_insert(()).await.is_fresh()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_nonce_serves_a_key_once() {
        let nonces = Nonces::new();
        assert!(nonces.use_once("a", "n").await);
        assert!(!nonces.use_once("a", "n").await);
        assert!(nonces.use_once("b", "n").await);
        assert!(nonces.use_once("a", "m").await);
    }

    #[tokio::test]
    async fn of_many_at_the_same_time_one_wins() {
        let nonces = std::sync::Arc::new(Nonces::new());
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let nonces = nonces.clone();
                tokio::spawn(async move { nonces.use_once("a", "n").await })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.expect("no panic"));
        }
        assert_eq!(won, 1);
    }
}
