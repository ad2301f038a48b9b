//! Signatures.

use openssl::bn::BigNum;
use openssl::dsa::DsaSig;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::md_ctx::MdCtx;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private};
use openssl::pkey_ctx::{PkeyCtx, PkeyCtxRef};
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;

use super::failure::{like, openssl};
use super::keys::{self, Key};
use super::{digest, limits, rsa};
use crate::native::{Args, Env, Op, Result, Value, Work};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.sign", Op::Sync(sign_now)),
    ("crypto.sign.later", Op::Async(sign_later)),
    ("crypto.verify", Op::Sync(verify_now)),
    ("crypto.verify.later", Op::Async(verify_later)),
];

/// What is signed, and how.
struct Request {
    /// The digest of the data; of keys that hash on their own, the data.
    message: Vec<u8>,
    digest: Option<Md>,
    padding: Option<Padding>,
    salt: Option<i32>,
    /// Two numbers side by side (IEEE P1363), not DER.
    plain: bool,
}

fn hashes_alone(id: Id) -> bool {
    matches!(id, Id::ED25519 | Id::ED448)
}

impl Request {
    /// `(kind, der, algorithm, data, options)`. The data is bytes, texts or a list of those, or,
    /// with the option `hashed`, their digest.
    fn new(args: &Args, id: Id) -> Result<Self> {
        let (algorithm, data, options) = (args.get(2).as_str(), args.get(3), args.get(4));
        let number = |name: &str| options.get(name).and_then(Value::as_number);
        let mut request = Self {
            message: Vec::new(),
            digest: None,
            // Both are checked to be whole numbers before they come here.
            padding: number("padding").map(|number| rsa::padding(number as u32)),
            salt: number("saltLength").map(|number| number as i32),
            plain: options.get("plain").and_then(Value::as_bool) == Some(true),
        };
        if hashes_alone(id) {
            if algorithm.is_some() {
                return Err(like("ERR_OSSL_INVALID_DIGEST", 0x1C80_007A, "Provider routines", "invalid digest"));
            }
            digest::feed(data, &mut |bytes| {
                request.message.extend_from_slice(bytes);
                Ok(())
            })?;
            return Ok(request);
        }
        let digest = digest::require(algorithm.unwrap_or("sha256"))?;
        request.message = if options.get("hashed").and_then(Value::as_bool) == Some(true) {
            args.bytes(3)?.to_vec()
        } else {
            digest::digest(&digest, data, None)?
        };
        let name = digest.by_name.type_().short_name().unwrap_or("");
        request.digest = Some(Md::fetch(None, name, None).map_err(openssl)?);
        Ok(request)
    }

    fn set_up<T>(&self, ctx: &mut PkeyCtxRef<T>, id: Id) -> std::result::Result<(), ErrorStack> {
        if matches!(id, Id::RSA | Id::RSA_PSS) {
            let padding = self.padding.unwrap_or(if id == Id::RSA_PSS { Padding::PKCS1_PSS } else { Padding::PKCS1 });
            ctx.set_rsa_padding(padding)?;
            if padding == Padding::PKCS1_PSS
                && let Some(salt) = self.salt
            {
                ctx.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt))?;
            }
        }
        match &self.digest {
            Some(digest) => ctx.set_signature_md(digest),
            None => Ok(()),
        }
    }

    fn sign(&self, key: &PKeyRef<Private>) -> Result {
        let mut signature = Vec::new();
        let id = key.id();
        if hashes_alone(id) {
            let mut ctx = MdCtx::new().map_err(openssl)?;
            ctx.digest_sign_init(None, key).map_err(openssl)?;
            ctx.digest_sign_to_vec(&self.message, &mut signature).map_err(openssl)?;
            return Ok(Value::Bytes(signature));
        }
        let mut ctx = PkeyCtx::new(key).map_err(openssl)?;
        ctx.sign_init().map_err(openssl)?;
        self.set_up(&mut ctx, id).map_err(openssl)?;
        ctx.sign_to_vec(&self.message, &mut signature).map_err(openssl)?;
        if self.plain
            && let Some(length) = half(key)
        {
            signature = to_plain(id, &signature, length).map_err(openssl)?;
        }
        Ok(Value::Bytes(signature))
    }

    /// Whatever is wrong with a signature, it is just not valid.
    fn verify<T: HasPublic>(&self, key: &PKeyRef<T>, signature: &[u8]) -> std::result::Result<bool, ErrorStack> {
        let id = key.id();
        if hashes_alone(id) {
            let mut ctx = MdCtx::new()?;
            ctx.digest_verify_init(None, key)?;
            return ctx.digest_verify(&self.message, signature);
        }
        let mut ctx = PkeyCtx::new(key)?;
        ctx.verify_init()?;
        self.set_up(&mut ctx, id)?;
        match half(key) {
            Some(length) if self.plain => match from_plain(id, signature, length)? {
                Some(der) => ctx.verify(&self.message, &der),
                None => Ok(false),
            },
            _ => ctx.verify(&self.message, signature),
        }
    }
}

/// Bytes of one of the two numbers of an (EC)DSA signature.
fn half<T: HasPublic>(key: &PKeyRef<T>) -> Option<usize> {
    let bits = match key.id() {
        Id::EC => key.ec_key().ok()?.group().order_bits(),
        Id::DSA => u32::try_from(key.dsa().ok()?.q().num_bits()).ok()?,
        _ => return None,
    };
    Some(bits.div_ceil(8) as usize)
}

fn to_plain(id: Id, der: &[u8], length: usize) -> std::result::Result<Vec<u8>, ErrorStack> {
    let length = i32::try_from(length).unwrap_or(0);
    let (mut r, s) = if id == Id::EC {
        let signature = EcdsaSig::from_der(der)?;
        (signature.r().to_vec_padded(length)?, signature.s().to_vec_padded(length)?)
    } else {
        let signature = DsaSig::from_der(der)?;
        (signature.r().to_vec_padded(length)?, signature.s().to_vec_padded(length)?)
    };
    r.extend(s);
    Ok(r)
}

fn from_plain(id: Id, signature: &[u8], length: usize) -> std::result::Result<Option<Vec<u8>>, ErrorStack> {
    let Some((r, s)) = signature.split_at_checked(length).filter(|(_, s)| s.len() == length) else { return Ok(None) };
    let (r, s) = (BigNum::from_slice(r)?, BigNum::from_slice(s)?);
    let der =
        if id == Id::EC { EcdsaSig::from_private_components(r, s)?.to_der() } else { DsaSig::from_private_components(r, s)?.to_der() };
    der.map(Some)
}

fn sign(args: &Args) -> Result<(Request, PKey<Private>)> {
    let key = keys::private(args.bytes(1)?)?;
    Ok((Request::new(args, key.id())?, key))
}

/// `(kind, der, algorithm, data, options)` → signature
fn sign_now(_: &mut Env, args: &Args) -> Result {
    let (request, key) = sign(args)?;
    request.sign(&key)
}

fn sign_later(env: &mut Env, args: &Args) -> Result<Work> {
    let (request, key) = sign(args)?;
    limits::in_turn(env, move || request.sign(&key))
}

fn verify(args: &Args) -> Result<impl FnOnce() -> Result + Send + use<>> {
    let key = keys::of_args(args, 0)?;
    let id = match &key {
        Key::Private(key) => key.id(),
        Key::Public(key) => key.id(),
    };
    let (request, signature) = (Request::new(args, id)?, args.bytes(5)?.to_vec());
    Ok(move || {
        let verified = match key {
            Key::Private(key) => request.verify(&key, &signature),
            Key::Public(key) => request.verify(&key, &signature),
        };
        Ok(verified.unwrap_or(false).into())
    })
}

/// `(kind, der, algorithm, data, options, signature)` → whether it is valid
fn verify_now(_: &mut Env, args: &Args) -> Result {
    verify(args)?()
}

fn verify_later(env: &mut Env, args: &Args) -> Result<Work> {
    limits::in_turn(env, verify(args)?)
}
