//! Keys in all the forms that Node.js reads and writes.

use std::cell::RefCell;

use openssl::ec::EcKey;
use openssl::error::ErrorStack;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::Rsa;
use openssl::symm;
use openssl::x509::X509;

use super::der::element;
use super::failure::{failure, like, openssl};
use super::{cipher, limits};
use crate::native::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.key.read", Op::Sync(read)),
    ("crypto.key.raw", Op::Sync(raw)),
    ("crypto.key.public", Op::Sync(public_of)),
    ("crypto.key.details", Op::Sync(details)),
    ("crypto.key.export", Op::Sync(export)),
    ("crypto.key.export_raw", Op::Sync(export_raw)),
];

/// A key in OpenSSL's form.
#[derive(Clone)]
pub enum Key {
    Private(PKey<Private>),
    Public(PKey<Public>),
}

/// What OpenSSL answers.
type Tried<T> = std::result::Result<T, ErrorStack>;

/// How many parsed keys a thread remembers.
const REMEMBERED: usize = 16;

thread_local! {
    /// The last keys that this isolate used, with their bytes. Reading a key takes longer than
    /// most of what is done with it.
    static RECENT: RefCell<Vec<(Vec<u8>, Key)>> = const { RefCell::new(Vec::new()) };
}

fn recent(der: &[u8], private: bool, parse: impl FnOnce() -> std::result::Result<Key, ErrorStack>) -> Result<Key> {
    let found = RECENT.with_borrow(|recent| {
        recent.iter().find(|(bytes, key)| bytes == der && matches!(key, Key::Private(_)) == private).map(|(_, key)| key.clone())
    });
    if let Some(key) = found {
        return Ok(key);
    }
    let key = parse().map_err(openssl)?;
    match &key {
        Key::Private(key) => check_size(key)?,
        Key::Public(key) => check_size(key)?,
    }
    RECENT.with_borrow_mut(|recent| {
        recent.truncate(REMEMBERED - 1);
        recent.insert(0, (der.to_vec(), key.clone()));
    });
    Ok(key)
}

fn check_size<T: HasPublic>(key: &PKeyRef<T>) -> Result<()> {
    if key.bits() > limits::KEY_BITS {
        return Err(limits::too_costly(format_args!("a key of {} bits", key.bits())));
    }
    Ok(())
}

/// The private key of PKCS#8 bytes.
pub fn private(der: &[u8]) -> Result<PKey<Private>> {
    match recent(der, true, || PKey::private_key_from_pkcs8(der).map(Key::Private))? {
        Key::Private(key) => Ok(key),
        Key::Public(_) => Err(not_private()),
    }
}

/// The public key of SubjectPublicKeyInfo bytes.
pub fn public(der: &[u8]) -> Result<PKey<Public>> {
    match recent(der, false, || PKey::public_key_from_der(der).map(Key::Public))? {
        Key::Public(key) => Ok(key),
        Key::Private(_) => Err(not_private()),
    }
}

/// The key of two arguments: whether it is `private`, and its bytes.
pub fn of_args(args: &Args, index: usize) -> Result<Key> {
    let der = args.bytes(index + 1)?;
    if args.str(index)? == "private" { private(der).map(Key::Private) } else { public(der).map(Key::Public) }
}

fn not_private() -> Failure {
    Failure::type_error("ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", "Invalid key object type public, expected private.")
}

/// The name of a key's kind, as `asymmetricKeyType` has it.
pub fn kind<T>(key: &PKeyRef<T>) -> Option<&'static str> {
    Some(match key.id() {
        Id::RSA => "rsa",
        Id::RSA_PSS => "rsa-pss",
        Id::DSA => "dsa",
        Id::DH | Id::DHX => "dh",
        Id::EC => "ec",
        Id::SM2 => "sm2",
        Id::ED25519 => "ed25519",
        Id::ED448 => "ed448",
        Id::X25519 => "x25519",
        Id::X448 => "x448",
        _ => return None,
    })
}

/// A key as JavaScript holds it: `{kind, type, der}`.
pub fn held(key: &Key) -> Result {
    let (kind_, der, type_) = match key {
        Key::Private(key) => {
            check_size(key)?;
            ("private", key.private_key_to_pkcs8(), kind(key))
        }
        Key::Public(key) => {
            check_size(key)?;
            ("public", key.public_key_to_der(), kind(key))
        }
    };
    Ok(Value::map([("kind", kind_.into()), ("type", type_.into()), ("der", der.map_err(openssl)?.into())]))
}

/// `(data, wanted, format, type, passphrase)` → `{kind, type, der}`. `wanted` is `private`, `public`
/// (a private key gives its public one) or `any`.
fn read(_: &mut Env, args: &Args) -> Result {
    let data = match args.get(0) {
        Value::String(text) => text.as_bytes(),
        _ => args.bytes(0)?,
    };
    if data.len() > limits::KEY_TEXT {
        return Err(limits::too_costly("reading such a long key"));
    }
    let (wanted, type_) = (args.str(1)?, args.get(3).as_str().unwrap_or(""));
    let passphrase = args.get(4).as_bytes();
    let pem = args.str(2)? == "pem";
    let key = match (wanted, pem) {
        ("private", true) => private_pem(data, passphrase).map(Key::Private),
        ("private", false) => private_der(data, type_, passphrase).map(Key::Private),
        (_, true) => any_pem(data, passphrase),
        (_, false) => any_der(data, type_, passphrase),
    }?;
    match key {
        Key::Private(key) if wanted == "public" => held(&Key::Public(to_public(&key)?)),
        key => held(&key),
    }
}

/// Reads a key that may be encrypted. Without the callback, OpenSSL would ask on a terminal.
fn with_passphrase<T>(
    passphrase: Option<&[u8]>,
    read: impl FnOnce(&mut dyn FnMut(&mut [u8]) -> Tried<usize>) -> Tried<PKey<T>>,
) -> Result<PKey<T>> {
    let mut missing = false;
    let result = read(&mut |buffer| match passphrase {
        Some(passphrase) if passphrase.len() <= buffer.len() => {
            buffer.iter_mut().zip(passphrase).for_each(|(to, from)| *to = *from);
            Ok(passphrase.len())
        }
        _ => {
            missing = true;
            Err(ErrorStack::get())
        }
    });
    result.map_err(|stack| {
        if missing {
            like("ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED", 0x0788_0109, "common libcrypto routines", "interrupted or cancelled")
        } else {
            failure(&stack, "Failed to read asymmetric key")
        }
    })
}

fn private_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<PKey<Private>> {
    if contains(pem, "BEGIN ENCRYPTED PRIVATE KEY") {
        check_cost_of_pem(pem)?;
    }
    with_passphrase(passphrase, |answer| PKey::private_key_from_pem_callback(pem, answer))
}

fn contains(text: &[u8], label: &str) -> bool {
    text.windows(label.len()).any(|window| window == label.as_bytes())
}

fn any_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<Key> {
    if contains(pem, "-BEGIN PUBLIC KEY-") {
        return with_passphrase(passphrase, |answer| PKey::public_key_from_pem_callback(pem, answer)).map(Key::Public);
    }
    // Nothing that is public is encrypted, and OpenSSL would ask for the passphrase on a terminal.
    let public = if contains(pem, "Proc-Type") {
        return private_pem(pem, passphrase).map(Key::Private);
    } else if contains(pem, "-BEGIN RSA PUBLIC KEY-") {
        Rsa::public_key_from_pem_pkcs1(pem).and_then(PKey::from_rsa)
    } else if contains(pem, "-BEGIN CERTIFICATE-") {
        X509::from_pem(pem).and_then(|certificate| certificate.public_key())
    } else {
        return private_pem(pem, passphrase).map(Key::Private);
    };
    public.map(Key::Public).map_err(|stack| failure(&stack, "Failed to read asymmetric key"))
}

fn any_der(der: &[u8], type_: &str, passphrase: Option<&[u8]>) -> Result<Key> {
    let public = match type_ {
        "spki" => PKey::public_key_from_der(der),
        "pkcs1" if !has_version(der) => Rsa::public_key_from_der_pkcs1(der).and_then(PKey::from_rsa),
        _ => return private_der(der, type_, passphrase).map(Key::Private),
    };
    public.map(Key::Public).map_err(|stack| failure(&stack, "Failed to read asymmetric key"))
}

fn private_der(der: &[u8], type_: &str, passphrase: Option<&[u8]>) -> Result<PKey<Private>> {
    match type_ {
        "pkcs1" => Rsa::private_key_from_der(der).and_then(PKey::from_rsa),
        "sec1" => EcKey::private_key_from_der(der).and_then(PKey::from_ec_key),
        _ if !is_encrypted(der) => PKey::private_key_from_pkcs8(der),
        _ => {
            check_cost(der)?;
            if passphrase.is_none() {
                return Err(Failure::type_error("ERR_MISSING_PASSPHRASE", "Passphrase required for encrypted key"));
            }
            return with_passphrase(passphrase, |answer| PKey::private_key_from_pkcs8_callback(der, answer));
        }
    }
    .map_err(|stack| failure(&stack, "Failed to read private key"))
}

/// Whether a sequence begins with a small number: a version, which private keys have.
fn has_version(der: &[u8]) -> bool {
    element(der).is_some_and(|(tag, inner, _)| tag == 0x30 && matches!(inner, [2, 1, 0..=2, ..]))
}

/// Whether a sequence begins with another one: that says how the rest is encrypted.
fn is_encrypted(der: &[u8]) -> bool {
    element(der).is_some_and(|(tag, inner, _)| tag == 0x30 && inner.first() == Some(&0x30))
}

/// Refuses an encrypted key whose parameters make OpenSSL compute for long: they say how many
/// rounds its passphrase goes through.
fn check_cost(der: &[u8]) -> Result<()> {
    let Some((0x30, inner, _)) = element(der) else { return Ok(()) };
    let Some((0x30, algorithm, _)) = element(inner) else { return Ok(()) };
    let mut cost = 1u64;
    numbers(algorithm, 0, &mut cost);
    if cost > limits::ENCRYPTED_KEY_COST {
        return Err(limits::too_costly("the work that the encrypted key asks for"));
    }
    Ok(())
}

fn numbers(mut der: &[u8], depth: usize, product: &mut u64) {
    while let Some((tag, contents, rest)) = element(der) {
        match tag {
            2 => {
                let number = contents.iter().fold(0u64, |number, byte| number.saturating_mul(256).saturating_add(u64::from(*byte)));
                *product = product.saturating_mul(number.max(1));
            }
            0x30 if depth < 16 => numbers(contents, depth + 1, product),
            // Deeper than anything real: nobody knows what it costs.
            0x30 => *product = u64::MAX,
            _ => {}
        }
        der = rest;
    }
}

fn check_cost_of_pem(pem: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(pem);
    for block in text.split("-----BEGIN ENCRYPTED PRIVATE KEY-----").skip(1) {
        let base64: String = block.split("-----").next().unwrap_or("").split_whitespace().collect();
        if let Ok(der) = openssl::base64::decode_block(&base64) {
            check_cost(&der)?;
        }
    }
    Ok(())
}

/// The public half of a private key.
pub fn to_public(key: &PKeyRef<Private>) -> Result<PKey<Public>> {
    let der = key.public_key_to_der().map_err(openssl)?;
    PKey::public_key_from_der(&der).map_err(openssl)
}

/// `(private key)` → `{kind, type, der}` of its public half.
fn public_of(_: &mut Env, args: &Args) -> Result {
    held(&Key::Public(to_public(&*private(args.bytes(0)?)?)?))
}

/// `(kind, type, bytes)` → `{kind, type, der}`: keys that are plain bytes, of Ed25519 and its
/// relatives.
fn raw(_: &mut Env, args: &Args) -> Result {
    let id = match args.str(1)? {
        "ed25519" => Id::ED25519,
        "ed448" => Id::ED448,
        "x25519" => Id::X25519,
        "x448" => Id::X448,
        _ => return Err(super::failure::invalid_curve()),
    };
    let bytes = args.bytes(2)?;
    let key = if args.str(0)? == "private" {
        PKey::private_key_from_raw_bytes(bytes, id).map(Key::Private)
    } else {
        PKey::public_key_from_raw_bytes(bytes, id).map(Key::Public)
    };
    held(&key.map_err(|stack| failure(&stack, "Invalid key"))?)
}

/// `(kind, der)` → the bytes of a raw key; of a public key of an elliptic curve its point.
fn export_raw(_: &mut Env, args: &Args) -> Result {
    let bytes = match of_args(args, 0)? {
        Key::Private(key) => key.raw_private_key(),
        Key::Public(key) if key.id() == Id::EC => return super::ec::point_of(&key).map(Value::Bytes),
        Key::Public(key) => key.raw_public_key(),
    };
    Ok(Value::Bytes(bytes.map_err(openssl)?))
}

/// `(kind, der)` → what `asymmetricKeyDetails` has; numbers beyond 2^53 are decimal texts.
fn details(_: &mut Env, args: &Args) -> Result {
    match of_args(args, 0)? {
        Key::Private(key) => details_of(&to_public(&key)?),
        Key::Public(key) => details_of(&key),
    }
}

fn details_of(key: &PKey<Public>) -> Result {
    Ok(match key.id() {
        Id::RSA | Id::RSA_PSS => {
            let rsa = key.rsa().map_err(openssl)?;
            let exponent = rsa.e().to_dec_str().map_err(openssl)?.to_string();
            Value::map([("modulusLength", key.bits().into()), ("publicExponent", exponent.into())])
        }
        Id::DSA => {
            let dsa = key.dsa().map_err(openssl)?;
            let divisor = u32::try_from(dsa.q().num_bits()).unwrap_or(0);
            Value::map([("modulusLength", key.bits().into()), ("divisorLength", divisor.into())])
        }
        Id::EC => {
            let curve = key.ec_key().map_err(openssl)?.group().curve_name().and_then(|nid| nid.short_name().ok());
            Value::map([("namedCurve", curve.into())])
        }
        _ => Value::map([]),
    })
}

/// `(kind, der, format, type, cipher, passphrase)` → a text of PEM, or bytes.
fn export(_: &mut Env, args: &Args) -> Result {
    let (pem, type_) = (args.str(2)? == "pem", args.str(3)?);
    let bytes = match of_args(args, 0)? {
        Key::Public(key) => match (type_, pem) {
            ("pkcs1", _) if key.id() != Id::RSA => return Err(only_for("pkcs1", "RSA")),
            ("pkcs1", true) => key.rsa().and_then(|rsa| rsa.public_key_to_pem_pkcs1()),
            ("pkcs1", false) => key.rsa().and_then(|rsa| rsa.public_key_to_der_pkcs1()),
            (_, true) => key.public_key_to_pem(),
            (_, false) => key.public_key_to_der(),
        },
        Key::Private(key) => {
            let secret = match args.get(4).as_str() {
                Some(name) => {
                    let known = cipher::find(name).and_then(|known| symm::Cipher::from_nid(known.cipher.nid()));
                    Some((known.ok_or_else(cipher::unknown)?, args.bytes(5)?))
                }
                None => None,
            };
            export_private(&key, pem, type_, secret)?
        }
    }
    .map_err(openssl)?;
    Ok(if pem { Value::String(String::from_utf8_lossy(&bytes).into_owned()) } else { Value::Bytes(bytes) })
}

fn export_private(key: &PKeyRef<Private>, pem: bool, type_: &str, secret: Option<(symm::Cipher, &[u8])>) -> Result<Tried<Vec<u8>>> {
    Ok(match (type_, pem, secret) {
        ("pkcs1", ..) if key.id() != Id::RSA => return Err(only_for("pkcs1", "RSA")),
        ("sec1", ..) if key.id() != Id::EC => return Err(only_for("sec1", "EC")),
        ("pkcs1", true, None) => key.rsa().and_then(|rsa| rsa.private_key_to_pem()),
        ("pkcs1", true, Some((cipher, passphrase))) => key.rsa().and_then(|rsa| rsa.private_key_to_pem_passphrase(cipher, passphrase)),
        ("pkcs1", false, None) => key.rsa().and_then(|rsa| rsa.private_key_to_der()),
        ("sec1", true, None) => key.ec_key().and_then(|ec| ec.private_key_to_pem()),
        ("sec1", true, Some((cipher, passphrase))) => key.ec_key().and_then(|ec| ec.private_key_to_pem_passphrase(cipher, passphrase)),
        ("sec1", false, None) => key.ec_key().and_then(|ec| ec.private_key_to_der()),
        ("pkcs1" | "sec1", false, Some(_)) => {
            let message = format!("The selected key encoding {type_} does not support encryption.");
            return Err(Failure::error("ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", message));
        }
        (_, true, None) => key.private_key_to_pem_pkcs8(),
        (_, true, Some((cipher, passphrase))) => key.private_key_to_pem_pkcs8_passphrase(cipher, passphrase),
        (_, false, None) => key.private_key_to_pkcs8(),
        (_, false, Some((cipher, passphrase))) => key.private_key_to_pkcs8_passphrase(cipher, passphrase),
    })
}

fn only_for(encoding: &str, keys: &str) -> Failure {
    let message = format!("The selected key encoding {encoding} can only be used for {keys} keys.");
    Failure::error("ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", message)
}
