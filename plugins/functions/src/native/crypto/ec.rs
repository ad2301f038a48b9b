//! Elliptic curves: points, and the shared secrets of two keys.

use openssl::bn::{BigNum, BigNumContext};
use openssl::derive::Deriver;
use openssl::ec::{EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};

use super::failure::{failure, invalid_curve, openssl};
use super::keys::{self, Key};
use super::{cipher, limits};
use crate::native::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.ecdh.generate", Op::Sync(generate)),
    ("crypto.ecdh.public", Op::Sync(public)),
    ("crypto.ecdh.compute", Op::Sync(compute)),
    ("crypto.ecdh.convert", Op::Sync(convert)),
    ("crypto.ec.import", Op::Sync(import)),
    ("crypto.derive", Op::Sync(derive)),
];

/// The group of a curve, under one of its names.
///
/// # Errors
/// `ERR_CRYPTO_INVALID_CURVE`
pub fn group(name: &str) -> Result<EcGroup> {
    let nid = match name {
        "P-256" => Some(Nid::X9_62_PRIME256V1),
        "P-384" => Some(Nid::SECP384R1),
        "P-521" => Some(Nid::SECP521R1),
        name => cipher::object(name),
    };
    EcGroup::from_curve_name(nid.ok_or_else(invalid_curve)?).map_err(|_| invalid_curve())
}

fn point(group: &EcGroup, bytes: &[u8]) -> Result<EcPoint> {
    let invalid = || Failure::error("ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", "Public key is not valid for specified curve");
    let mut ctx = BigNumContext::new().map_err(openssl)?;
    let point = EcPoint::from_bytes(group, bytes, &mut ctx).map_err(|_| invalid())?;
    if point.is_infinity(group) { Err(invalid()) } else { Ok(point) }
}

fn bytes(group: &EcGroup, point: &openssl::ec::EcPointRef, form: &Value) -> Result<Vec<u8>> {
    let form = match form.as_str() {
        Some("compressed") => PointConversionForm::COMPRESSED,
        Some("hybrid") => PointConversionForm::HYBRID,
        _ => PointConversionForm::UNCOMPRESSED,
    };
    let mut ctx = BigNumContext::new().map_err(openssl)?;
    point.to_bytes(group, form, &mut ctx).map_err(openssl)
}

/// The point of a public key, uncompressed.
pub fn point_of(key: &PKey<Public>) -> Result<Vec<u8>> {
    let key = key.ec_key().map_err(openssl)?;
    let mut ctx = BigNumContext::new().map_err(openssl)?;
    key.public_key().to_bytes(key.group(), PointConversionForm::UNCOMPRESSED, &mut ctx).map_err(openssl)
}

/// `(curve)` → `[private, public]`
fn generate(_: &mut Env, args: &Args) -> Result {
    let group = group(args.str(0)?)?;
    let key = EcKey::generate(&group).map_err(openssl)?;
    let public = bytes(&group, key.public_key(), &Value::Undefined)?;
    Ok(Value::List(vec![Value::Bytes(key.private_key().to_vec()), Value::Bytes(public)]))
}

fn key_of(group: &EcGroup, private: &[u8]) -> Result<EcKey<Private>> {
    let invalid = || Failure::range_error("ERR_CRYPTO_INVALID_KEYTYPE", "Private key is not valid for specified curve.");
    if private.len() > 1024 {
        return Err(invalid());
    }
    let mut ctx = BigNumContext::new().map_err(openssl)?;
    let (number, mut order) = (BigNum::from_slice(private).map_err(openssl)?, BigNum::new().map_err(openssl)?);
    group.order(&mut order, &mut ctx).map_err(openssl)?;
    if number.num_bits() == 0 || number >= order {
        return Err(invalid());
    }
    let mut point = EcPoint::new(group).map_err(openssl)?;
    point.mul_generator2(group, &number, &mut ctx).map_err(openssl)?;
    EcKey::from_private_components(group, &number, &point).map_err(openssl)
}

/// `(curve, private)` → public
fn public(_: &mut Env, args: &Args) -> Result {
    let group = group(args.str(0)?)?;
    Ok(Value::Bytes(bytes(&group, key_of(&group, args.bytes(1)?)?.public_key(), &Value::Undefined)?))
}

/// `(curve, private, other's public)` → secret
fn compute(_: &mut Env, args: &Args) -> Result {
    let group = group(args.str(0)?)?;
    let own = PKey::from_ec_key(key_of(&group, args.bytes(1)?)?).map_err(openssl)?;
    let other = EcKey::from_public_key(&group, &*point(&group, args.bytes(2)?)?).and_then(PKey::from_ec_key).map_err(openssl)?;
    secret(&own, &other)
}

/// `(curve, point, form)` → the same point
fn convert(_: &mut Env, args: &Args) -> Result {
    let group = group(args.str(0)?)?;
    let invalid = || Failure::error("ERR_CRYPTO_OPERATION_FAILED", "Failed to convert Buffer to EC_POINT");
    let point = point(&group, args.bytes(1)?).map_err(|_| invalid())?;
    Ok(Value::Bytes(bytes(&group, &point, args.get(2))?))
}

/// `(curve, point)` → the public key `{kind, type, der}`
fn import(_: &mut Env, args: &Args) -> Result {
    let group = group(args.str(0)?)?;
    let key = EcKey::from_public_key(&group, &*point(&group, args.bytes(1)?)?).and_then(PKey::from_ec_key);
    keys::held(&Key::Public(key.map_err(openssl)?))
}

/// `(private, public)` → the secret of two keys of one kind, both as DER.
fn derive(_: &mut Env, args: &Args) -> Result {
    secret(&keys::private(args.bytes(0)?)?, &keys::public(args.bytes(1)?)?)
}

fn secret(own: &PKey<Private>, other: &PKey<Public>) -> Result {
    if own.bits() > limits::KEY_BITS {
        return Err(limits::too_costly("a secret of such large keys"));
    }
    let failed = |stack| failure(&stack, "diffieHellman failed");
    let mut deriver = Deriver::new(own).map_err(failed)?;
    deriver.set_peer(other).map_err(failed)?;
    deriver.derive_to_vec().map(Value::Bytes).map_err(failed)
}
