//! New key pairs.

use openssl::bn::BigNum;
use openssl::dsa::Dsa;
use openssl::ec::{Asn1Flag, EcKey};
use openssl::pkey::{Id, PKey, Private};
use openssl::pkey_ctx::PkeyCtx;

use super::failure::{failure, openssl};
use super::keys::{self, Key};
use super::{dh, ec, limits};
use crate::native::{Args, Env, Failure, Op, Result, Value, Work};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[("crypto.generate", Op::Sync(now)), ("crypto.generate.later", Op::Async(later))];

/// What kind of pair is made.
enum Plan {
    Rsa { id: Id, bits: u32, exponent: u32 },
    Dsa { bits: u32 },
    Ec { curve: String, explicit: bool },
    Raw { id: Id },
    Dh { prime: BigNum, generator: u32 },
}

/// `(type, options)` → `[private, public]`, each as `{kind, type, der}`.
fn now(_: &mut Env, args: &Args) -> Result {
    make(&plan(args)?)
}

fn later(env: &mut Env, args: &Args) -> Result<Work> {
    let plan = plan(args)?;
    limits::in_turn(env, move || make(&plan))
}

fn plan(args: &Args) -> Result<Plan> {
    let options = args.get(1);
    // Checked to be whole and in range where the functions' arguments are checked.
    let number = |name: &str, otherwise: u32| options.get(name).and_then(Value::as_number).map_or(otherwise, |number| number as u32);
    let bits = number("modulusLength", 2048);
    let sized = |plan| if bits > limits::NEW_KEY_BITS { Err(limits::too_costly(format_args!("a key of {bits} bits"))) } else { Ok(plan) };
    match args.str(0)? {
        "rsa" => sized(Plan::Rsa { id: Id::RSA, bits, exponent: number("publicExponent", 65537) }),
        "rsa-pss" => sized(Plan::Rsa { id: Id::RSA_PSS, bits, exponent: number("publicExponent", 65537) }),
        "dsa" => sized(Plan::Dsa { bits }),
        "ec" => {
            let curve = options.get("namedCurve").and_then(Value::as_str).unwrap_or("").to_owned();
            let explicit = options.get("paramEncoding").and_then(Value::as_str) == Some("explicit");
            ec::group(&curve)?;
            Ok(Plan::Ec { curve, explicit })
        }
        "ed25519" => Ok(Plan::Raw { id: Id::ED25519 }),
        "ed448" => Ok(Plan::Raw { id: Id::ED448 }),
        "x25519" => Ok(Plan::Raw { id: Id::X25519 }),
        "x448" => Ok(Plan::Raw { id: Id::X448 }),
        "dh" => {
            let prime = match (options.get("group").and_then(Value::as_str), options.get("prime").and_then(Value::as_bytes)) {
                (Some(group), _) => dh::group(group)?,
                (None, Some(prime)) => dh::number(prime)?,
                (None, None) => return Err(limits::too_costly("finding a new prime for Diffie-Hellman")),
            };
            Ok(Plan::Dh { prime, generator: number("generator", 2) })
        }
        other => Err(Failure::type_error(
            "ERR_INVALID_ARG_VALUE",
            format!("The argument 'type' must be a supported key type. Received '{other}'"),
        )),
    }
}

fn make(plan: &Plan) -> Result {
    let key = match plan {
        Plan::Rsa { id, bits, exponent } => rsa(*id, *bits, *exponent),
        Plan::Dsa { bits } => Dsa::generate(*bits).and_then(PKey::from_dsa).map_err(openssl),
        Plan::Ec { curve, explicit } => {
            let mut group = ec::group(curve)?;
            group.set_asn1_flag(if *explicit { Asn1Flag::EXPLICIT_CURVE } else { Asn1Flag::NAMED_CURVE });
            EcKey::generate(&group).and_then(PKey::from_ec_key).map_err(openssl)
        }
        Plan::Raw { id } => match *id {
            Id::ED25519 => PKey::generate_ed25519(),
            Id::ED448 => PKey::generate_ed448(),
            Id::X25519 => PKey::generate_x25519(),
            _ => PKey::generate_x448(),
        }
        .map_err(openssl),
        Plan::Dh { prime, generator } => dh::pair(prime, *generator),
    }
    .map_err(|mut error| {
        if error.message.is_empty() {
            "Key generation job failed".clone_into(&mut error.message);
        }
        error
    })?;
    let public = keys::to_public(&key)?;
    Ok(Value::List(vec![keys::held(&Key::Private(key))?, keys::held(&Key::Public(public))?]))
}

fn rsa(id: Id, bits: u32, exponent: u32) -> Result<PKey<Private>> {
    let failed = |stack| failure(&stack, "Key generation job failed");
    let mut ctx = PkeyCtx::new_id(id).map_err(failed)?;
    ctx.keygen_init().map_err(failed)?;
    ctx.set_rsa_keygen_bits(bits).map_err(failed)?;
    let exponent = BigNum::from_u32(exponent).map_err(failed)?;
    ctx.set_rsa_keygen_pubexp(&exponent).map_err(failed)?;
    ctx.keygen().map_err(failed)
}
