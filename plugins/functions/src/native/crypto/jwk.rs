//! Keys as JSON Web Keys (RFC 7517, RFC 7518, RFC 8037).

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcGroupRef, EcKey, EcPointRef};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, PKeyRef};
use openssl::rsa::{Rsa, RsaRef};

use super::failure::{failure, invalid_curve, openssl};
use super::keys::{self, Key};
use super::limits;
use crate::native::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[("crypto.key.export_jwk", Op::Sync(export)), ("crypto.key.read_jwk", Op::Sync(read))];

/// Base64 with the alphabet of URLs, and without padding.
pub fn base64url(bytes: &[u8]) -> String {
    let mut text = openssl::base64::encode_block(bytes).replace('+', "-").replace('/', "_");
    text.truncate(text.trim_end_matches('=').len());
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    openssl::base64::decode_block(&text).ok()
}

type Members = Vec<(String, Value)>;

fn member(members: &mut Members, name: &str, value: String) {
    members.push((name.to_owned(), Value::String(value)));
}

/// `(kind, der)` → an object
fn export(_: &mut Env, args: &Args) -> Result {
    let mut members = Members::new();
    let unsupported = || Failure::error("ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE", "Unsupported JWK Key Type.");
    match keys::of_args(args, 0)? {
        Key::Public(key) => match key.id() {
            Id::RSA => public_rsa(&mut members, &*key.rsa().map_err(openssl)?),
            Id::EC => {
                let key = key.ec_key().map_err(openssl)?;
                public_ec(&mut members, key.group(), key.public_key())?;
            }
            _ => public_okp(&mut members, &key).ok_or_else(unsupported)?,
        },
        Key::Private(key) => match key.id() {
            Id::RSA => {
                let rsa = key.rsa().map_err(openssl)?;
                public_rsa(&mut members, &rsa);
                let rest = [("p", rsa.p()), ("q", rsa.q()), ("dp", rsa.dmp1()), ("dq", rsa.dmq1()), ("qi", rsa.iqmp())];
                for (name, number) in [("d", Some(rsa.d()))].into_iter().chain(rest) {
                    if let Some(number) = number {
                        member(&mut members, name, base64url(&number.to_vec()));
                    }
                }
            }
            Id::EC => {
                let key = key.ec_key().map_err(openssl)?;
                public_ec(&mut members, key.group(), key.public_key())?;
                let order = i32::try_from(key.group().order_bits().div_ceil(8)).unwrap_or(0);
                member(&mut members, "d", base64url(&key.private_key().to_vec_padded(order).map_err(openssl)?));
            }
            _ => {
                public_okp(&mut members, &key).ok_or_else(unsupported)?;
                member(&mut members, "d", base64url(&key.raw_private_key().map_err(openssl)?));
            }
        },
    }
    Ok(Value::Map(members))
}

fn public_rsa<T: openssl::pkey::HasPublic>(members: &mut Members, rsa: &RsaRef<T>) {
    member(members, "kty", "RSA".to_owned());
    member(members, "n", base64url(&rsa.n().to_vec()));
    member(members, "e", base64url(&rsa.e().to_vec()));
}

const CURVES: &[(&str, Nid)] =
    &[("P-256", Nid::X9_62_PRIME256V1), ("P-384", Nid::SECP384R1), ("P-521", Nid::SECP521R1), ("secp256k1", Nid::SECP256K1)];

fn public_ec(members: &mut Members, group: &EcGroupRef, point: &EcPointRef) -> Result<()> {
    let name = CURVES.iter().find(|(_, nid)| Some(*nid) == group.curve_name()).map(|(name, _)| *name);
    let Some(name) = name else {
        let curve = group.curve_name().and_then(|nid| nid.short_name().ok()).unwrap_or("undefined");
        return Err(Failure::error("ERR_CRYPTO_JWK_UNSUPPORTED_CURVE", format!("Unsupported JWK EC curve: {curve}.")));
    };
    let mut ctx = BigNumContext::new().map_err(openssl)?;
    let (mut x, mut y) = (BigNum::new().map_err(openssl)?, BigNum::new().map_err(openssl)?);
    point.affine_coordinates(group, &mut x, &mut y, &mut ctx).map_err(openssl)?;
    let length = i32::try_from(group.degree().div_ceil(8)).unwrap_or(0);
    member(members, "kty", "EC".to_owned());
    member(members, "crv", name.to_owned());
    member(members, "x", base64url(&x.to_vec_padded(length).map_err(openssl)?));
    member(members, "y", base64url(&y.to_vec_padded(length).map_err(openssl)?));
    Ok(())
}

fn public_okp<T: openssl::pkey::HasPublic>(members: &mut Members, key: &PKeyRef<T>) -> Option<()> {
    let curve = match key.id() {
        Id::ED25519 => "Ed25519",
        Id::ED448 => "Ed448",
        Id::X25519 => "X25519",
        Id::X448 => "X448",
        _ => return None,
    };
    member(members, "kty", "OKP".to_owned());
    member(members, "crv", curve.to_owned());
    member(members, "x", base64url(&key.raw_public_key().ok()?));
    Some(())
}

/// An object with the members of a key.
struct Jwk<'a>(&'a Value);

impl Jwk<'_> {
    fn text(&self, name: &str) -> Result<&str> {
        self.0.get(name).and_then(Value::as_str).ok_or_else(|| invalid(&format!("JWK: `{name}` is missing")))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        let text = self.text(name)?;
        if text.len() > limits::KEY_TEXT {
            return Err(limits::too_costly("reading such a long key"));
        }
        decode(text).ok_or_else(|| invalid("Invalid JWK data"))
    }

    fn number(&self, name: &str) -> Result<BigNum> {
        BigNum::from_slice(&self.bytes(name)?).map_err(openssl)
    }

    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }
}

fn invalid(message: &str) -> Failure {
    Failure::type_error("ERR_CRYPTO_INVALID_JWK", message)
}

/// `(object, wanted)` → `{kind, type, der}`. `wanted` is `public` when only that half is asked for.
fn read(_: &mut Env, args: &Args) -> Result {
    let jwk = Jwk(args.get(0));
    let private = jwk.has("d") && args.get(1).as_str() != Some("public");
    let key = match jwk.text("kty")? {
        "RSA" => read_rsa(&jwk, private),
        "EC" => read_ec(&jwk, private),
        "OKP" => read_okp(&jwk, private),
        _ => Err(invalid("Unsupported JWK Key Type.")),
    }?;
    keys::held(&key)
}

fn broken(stack: openssl::error::ErrorStack) -> Failure {
    Failure { code: "ERR_CRYPTO_INVALID_JWK".into(), ..failure(&stack, "Invalid JWK data") }
}

fn read_rsa(jwk: &Jwk, private: bool) -> Result<Key> {
    let (n, e) = (jwk.number("n")?, jwk.number("e")?);
    if n.num_bits() > i32::try_from(limits::KEY_BITS).unwrap_or(i32::MAX) {
        return Err(limits::too_costly(format_args!("a key of {} bits", n.num_bits())));
    }
    if !private {
        return Rsa::from_public_components(n, e).and_then(PKey::from_rsa).map(Key::Public).map_err(broken);
    }
    let mut rest = Vec::with_capacity(6);
    for name in ["d", "p", "q", "dp", "dq", "qi"] {
        rest.push(jwk.number(name)?);
    }
    let Ok([d, p, q, dp, dq, qi]) = <[BigNum; 6]>::try_from(rest) else { return Err(invalid("Invalid JWK data")) };
    Rsa::from_private_components(n, e, d, p, q, dp, dq, qi).and_then(PKey::from_rsa).map(Key::Private).map_err(broken)
}

fn read_ec(jwk: &Jwk, private: bool) -> Result<Key> {
    let curve = jwk.text("crv")?;
    let nid = CURVES.iter().find(|(name, _)| *name == curve).map(|(_, nid)| *nid).ok_or_else(invalid_curve)?;
    let group = EcGroup::from_curve_name(nid).map_err(openssl)?;
    let (x, y) = (jwk.number("x")?, jwk.number("y")?);
    let fits = |number: &BigNumRef| number.num_bits() <= i32::try_from(group.degree()).unwrap_or(0);
    if !fits(&x) || !fits(&y) {
        return Err(invalid("Invalid JWK EC key"));
    }
    let public = EcKey::from_public_key_affine_coordinates(&group, &x, &y).map_err(|_| invalid("Invalid JWK EC key"))?;
    if !private {
        return PKey::from_ec_key(public).map(Key::Public).map_err(broken);
    }
    let key = EcKey::from_private_components(&group, &*jwk.number("d")?, public.public_key());
    let key = key.and_then(|key| key.check_key().map(|()| key)).map_err(|_| invalid("Invalid JWK EC key"))?;
    PKey::from_ec_key(key).map(Key::Private).map_err(broken)
}

fn read_okp(jwk: &Jwk, private: bool) -> Result<Key> {
    let id = match jwk.text("crv")? {
        "Ed25519" => Id::ED25519,
        "Ed448" => Id::ED448,
        "X25519" => Id::X25519,
        "X448" => Id::X448,
        _ => return Err(invalid("Unsupported JWK Key Type.")),
    };
    let x = jwk.bytes("x")?;
    if private {
        PKey::private_key_from_raw_bytes(&jwk.bytes("d")?, id).map(Key::Private).map_err(broken)
    } else {
        PKey::public_key_from_raw_bytes(&x, id).map(Key::Public).map_err(broken)
    }
}
