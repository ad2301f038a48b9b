//! The builtin `crypto` and the web's `crypto.subtle`.

use serde_json::json;

use super::{assert_same, in_isolate, in_node};

/// The script makes its data out of this number.
const SEED: u32 = 20_261_126;

/// Runs a script in both, and compares.
async fn same(name: &str) {
    let args = json!({"seed": SEED});
    eprintln!("{name}: seed {SEED}");
    assert_same(&in_isolate(name, &args).await, &in_node(name, &args));
}

#[tokio::test]
async fn hashes_and_ciphers_give_the_same() {
    same("crypto/deterministic.js").await;
}

#[tokio::test]
async fn errors_are_the_same() {
    same("crypto/errors.js").await;
}

#[tokio::test]
async fn the_web_crypto_gives_the_same() {
    same("crypto/web.js").await;
}

#[tokio::test]
async fn certificates_are_the_same() {
    same("crypto/x509.js").await;
}

/// Each reads the keys, signatures and ciphertexts that the other made.
#[tokio::test]
async fn keys_and_signatures_go_both_ways() {
    let name = "crypto/exchange.js";
    eprintln!("{name}: seed {SEED}");
    let made = in_node(name, &json!({"seed": SEED, "make": true}));
    let use_it = json!({"seed": SEED, "made": made});
    assert_same(&in_isolate(name, &use_it).await, &in_node(name, &use_it));
    let made = in_isolate(name, &json!({"seed": SEED, "make": true})).await;
    let use_it = json!({"seed": SEED, "made": made});
    let (here, there) = (in_isolate(name, &use_it).await, in_node(name, &use_it));
    assert_same(&here, &there);
}

#[tokio::test]
async fn hostile_arguments_are_refused_at_once() {
    let began = std::time::Instant::now();
    let result = in_isolate("crypto/hostile.js", &json!({})).await;
    assert_eq!(result, json!({"wrong": []}));
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

/// What a function pays for `require('crypto')` and for a hash: printed, and bounded loosely, since
/// other tests run beside it.
#[tokio::test]
async fn loading_and_hashing_are_quick() {
    let took = in_isolate("crypto/bench.js", &json!({})).await;
    eprintln!("{took}");
    for (name, most) in [("load", 50.0), ("hash of 1 KB", 1.0), ("hmac", 1.0), ("cipher of 1 KB", 2.0), ("rsa sign with a text", 20.0)] {
        assert!(took[name].as_f64().unwrap() < most, "{name}: {took}");
    }
}
