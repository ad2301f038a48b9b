//! Published vectors, and arguments that nobody should give.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use crate::native::{self, Args, Env, Failure, Op, Result, Value};
use crate::package::Package;

fn call(name: &str, args: Vec<Value>) -> Result {
    let mut env = Env::new("space", Arc::new(Package::of(&[("index.js", "")])), Arc::default());
    call_in(&mut env, name, args)
}

fn call_in(env: &mut Env, name: &str, args: Vec<Value>) -> Result {
    let (_, op) = native::ops().find(|(known, _)| *known == name).unwrap();
    match op {
        Op::Sync(op) => op(env, &Args::new(args)),
        Op::Async(_) => panic!("{name} answers later"),
    }
}

fn bytes(hex: &str) -> Value {
    Value::Bytes(hex::decode(hex).unwrap())
}

fn hex_of(value: Value) -> String {
    match value {
        Value::Bytes(bytes) => hex::encode(bytes),
        other => panic!("not bytes: {other:?}"),
    }
}

fn code(result: Result) -> String {
    let failure: Failure = result.unwrap_err();
    failure.code.into_owned()
}

#[test]
fn digests_of_fips_180_and_202() {
    for (name, digest) in [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("SHA512-224", "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"),
        ("sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        ("sm3", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        ("ripemd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        ("md4", "a448017aaf21d8525fc10ae87aa6729d"),
    ] {
        assert_eq!(call("crypto.hash", vec![name.into(), "abc".into(), Value::Undefined, "hex".into()]), Ok(digest.into()), "{name}");
    }
}

/// RFC 4231, test cases 2 and 6: a short key, and one longer than a block.
#[test]
fn hmac_of_rfc_4231() {
    let short = call("crypto.hmac", vec!["sha256".into(), Value::Bytes(b"Jefe".to_vec()), "what do ya want for nothing?".into()]);
    assert_eq!(hex_of(short.unwrap()), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    let text = "Test Using Larger Than Block-Size Key - Hash Key First";
    let long = call("crypto.hmac", vec!["sha256".into(), Value::Bytes(vec![0xaa; 131]), text.into()]);
    assert_eq!(hex_of(long.unwrap()), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/// RFC 5869 A.1, RFC 6070 and RFC 7914.
#[test]
fn derived_keys() {
    let hkdf = vec![
        "sha256".into(),
        Value::Bytes(vec![0x0b; 22]),
        bytes("000102030405060708090a0b0c"),
        bytes("f0f1f2f3f4f5f6f7f8f9"),
        42u32.into(),
    ];
    assert_eq!(
        hex_of(call("crypto.hkdf", hkdf).unwrap()),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    );
    let (password, salt) = (Value::Bytes(b"password".to_vec()), Value::Bytes(b"salt".to_vec()));
    let pbkdf2 = vec![password.clone(), salt.clone(), 4096u32.into(), 20u32.into(), "sha1".into()];
    assert_eq!(hex_of(call("crypto.pbkdf2", pbkdf2).unwrap()), "4b007901b765489abead49d926f721d065a429c1");
    let scrypt =
        vec![password, Value::Bytes(b"NaCl".to_vec()), 64u32.into(), 1024u32.into(), 8u32.into(), 16u32.into(), f64::from(32 << 20).into()];
    assert_eq!(
        hex_of(call("crypto.scrypt", scrypt).unwrap()),
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    );
}

/// NIST SP 800-38D, test case 4 of the GCM specification.
#[test]
fn gcm() {
    let mut env = Env::new("space", Arc::new(Package::of(&[("index.js", "")])), Arc::default());
    let key = bytes("feffe9928665731c6d6a8f9467308308");
    let begin = vec!["aes-128-gcm".into(), true.into(), key, bytes("cafebabefacedbaddecaf888")];
    let id = call_in(&mut env, "crypto.cipher.begin", begin).unwrap();
    let aad = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    assert_eq!(call_in(&mut env, "crypto.cipher.aad", vec![id.clone(), aad]), Ok(true.into()));
    let plain =
        bytes("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    let sealed = call_in(&mut env, "crypto.cipher.update", vec![id.clone(), plain]).unwrap();
    assert_eq!(
        hex_of(sealed),
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
    );
    let Ok(Value::List(last)) = call_in(&mut env, "crypto.cipher.final", vec![id.clone()]) else { panic!("no tag") };
    assert_eq!(last, vec![Value::Bytes(Vec::new()), bytes("5bc94fbc3221a5db94fae95ae7121a47")]);
    assert_eq!(code(call_in(&mut env, "crypto.cipher.update", vec![id, bytes("00")])), "ERR_INVALID_STATE");
}

/// RFC 8032, test 2.
#[test]
fn ed25519() {
    let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let key = call("crypto.key.raw", vec!["private".into(), "ed25519".into(), seed]).unwrap();
    let der = key.get("der").unwrap().clone();
    let signature = call("crypto.sign", vec!["private".into(), der.clone(), Value::Undefined, bytes("72"), Value::map([])]).unwrap();
    assert_eq!(
        hex_of(signature.clone()),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    );
    let verify =
        |data| call("crypto.verify", vec!["private".into(), der.clone(), Value::Undefined, data, Value::map([]), signature.clone()]);
    assert_eq!(verify(bytes("72")), Ok(true.into()));
    assert_eq!(verify(bytes("73")), Ok(false.into()));
}

#[test]
fn what_outdated_partners_ask_for() {
    let mut env = Env::new("space", Arc::new(Package::of(&[("index.js", "")])), Arc::default());
    for (name, key, iv) in [("des-ecb", 8, None), ("des-cbc", 8, Some(8)), ("rc4", 5, None), ("bf-ecb", 16, None)] {
        let iv = iv.map_or(Value::Undefined, |length| Value::Bytes(vec![0; length]));
        let id = call_in(&mut env, "crypto.cipher.begin", vec![name.into(), true.into(), Value::Bytes(vec![1; key]), iv]);
        assert!(id.is_ok(), "{name}: {id:?}");
    }
}

#[test]
fn whatever_javascript_passes_is_an_error_at_most() {
    let odd = [
        Value::Undefined,
        Value::Bool(true),
        Value::Number(f64::NAN),
        Value::Number(-1.0),
        Value::Number(4_294_967_295.0),
        Value::String(String::new()),
        Value::String("\0".to_owned()),
        Value::String("aes-256-gcm".to_owned()),
        Value::String("sha256".to_owned()),
        Value::String("private".to_owned()),
        Value::Bytes(Vec::new()),
        Value::Bytes(vec![0x30; 40]),
        Value::List(vec![Value::List(vec![])]),
        Value::map([("kty", "RSA".into()), ("n", "".into()), ("e", "".into())]),
    ];
    let mut state = 1u32;
    for (name, op) in native::ops().filter(|(name, _)| name.starts_with("crypto.")) {
        let Op::Sync(op) = op else { continue };
        for _ in 0..300 {
            let args = (0..7)
                .map(|_| {
                    state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
                    odd[(state >> 16) as usize % odd.len()].clone()
                })
                .collect();
            let mut env = Env::new("space", Arc::new(Package::of(&[("index.js", "")])), Arc::default());
            if let Err(failure) = op(&mut env, &Args::new(args)) {
                assert!(!failure.message.is_empty() || failure.code.is_empty(), "{name}");
            }
        }
    }
}
