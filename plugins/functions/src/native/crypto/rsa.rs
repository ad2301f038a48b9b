//! Encryption with RSA keys, either way.

use openssl::pkey::{HasPrivate, HasPublic, Id, PKeyRef};
use openssl::pkey_ctx::{PkeyCtx, PkeyCtxRef};
use openssl::rsa::Padding;

use super::digest;
use super::failure::{like, openssl};
use super::keys::{self, Key};
use crate::native::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file. Each takes `(kind, der, data, padding, hash, label)`, the last two for OAEP.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.rsa.public_encrypt", Op::Sync(public_encrypt)),
    ("crypto.rsa.private_decrypt", Op::Sync(private_decrypt)),
    ("crypto.rsa.private_encrypt", Op::Sync(private_encrypt)),
    ("crypto.rsa.public_decrypt", Op::Sync(public_decrypt)),
];

/// A padding by OpenSSL's number.
pub fn padding(number: u32) -> Padding {
    Padding::from_raw(i32::try_from(number).unwrap_or(i32::MAX))
}

fn set_up<T>(ctx: &mut PkeyCtxRef<T>, args: &Args) -> Result<()> {
    let padding = padding(args.u32(3)?);
    ctx.set_rsa_padding(padding).map_err(openssl)?;
    if padding == Padding::PKCS1_OAEP {
        if let Some(name) = args.get(4).as_str() {
            let Some(digest) = digest::find(name) else {
                return Err(Failure::error("ERR_OSSL_EVP_INVALID_DIGEST", "Invalid digest used"));
            };
            ctx.set_rsa_oaep_md(&digest.fetched).map_err(openssl)?;
        }
        if let Some(label) = args.get(5).as_bytes().filter(|label| !label.is_empty()) {
            ctx.set_rsa_oaep_label(label).map_err(openssl)?;
        }
    }
    Ok(())
}

fn public_encrypt(_: &mut Env, args: &Args) -> Result {
    fn run<T: HasPublic>(key: &PKeyRef<T>, args: &Args) -> Result {
        let mut ctx = PkeyCtx::new(key).map_err(openssl)?;
        ctx.encrypt_init().map_err(openssl)?;
        set_up(&mut ctx, args)?;
        let mut out = Vec::new();
        ctx.encrypt_to_vec(args.bytes(2)?, &mut out).map_err(openssl)?;
        Ok(Value::Bytes(out))
    }
    match keys::of_args(args, 0)? {
        Key::Private(key) => run(&key, args),
        Key::Public(key) => run(&key, args),
    }
}

fn private(args: &Args) -> Result<openssl::pkey::PKey<openssl::pkey::Private>> {
    keys::private(args.bytes(1)?)
}

fn private_decrypt(_: &mut Env, args: &Args) -> Result {
    let key = private(args)?;
    let mut ctx = PkeyCtx::new(&key).map_err(openssl)?;
    ctx.decrypt_init().map_err(openssl)?;
    set_up(&mut ctx, args)?;
    let mut out = Vec::new();
    ctx.decrypt_to_vec(args.bytes(2)?, &mut out).map_err(openssl)?;
    Ok(Value::Bytes(out))
}

fn private_encrypt(_: &mut Env, args: &Args) -> Result {
    fn run<T: HasPrivate>(key: &PKeyRef<T>, args: &Args) -> Result {
        let mut ctx = PkeyCtx::new(key).map_err(openssl)?;
        ctx.sign_init().map_err(openssl)?;
        set_up(&mut ctx, args)?;
        let mut out = Vec::new();
        ctx.sign_to_vec(args.bytes(2)?, &mut out).map_err(openssl)?;
        Ok(Value::Bytes(out))
    }
    let key = private(args)?;
    only_rsa(key.id())?;
    run(&key, args)
}

fn public_decrypt(_: &mut Env, args: &Args) -> Result {
    fn run<T: HasPublic>(key: &PKeyRef<T>, args: &Args) -> Result {
        let mut ctx = PkeyCtx::new(key).map_err(openssl)?;
        ctx.verify_recover_init().map_err(openssl)?;
        set_up(&mut ctx, args)?;
        let mut out = vec![0; key.size()];
        let length = ctx.verify_recover(args.bytes(2)?, Some(&mut out)).map_err(openssl)?;
        out.truncate(length);
        Ok(Value::Bytes(out))
    }
    match keys::of_args(args, 0)? {
        Key::Private(key) => only_rsa(key.id()).and_then(|()| run(&key, args)),
        Key::Public(key) => only_rsa(key.id()).and_then(|()| run(&key, args)),
    }
}

fn only_rsa(id: Id) -> Result<()> {
    if matches!(id, Id::RSA | Id::RSA_PSS) {
        return Ok(());
    }
    Err(like(
        "ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE",
        0x0300_0096,
        "digital envelope routines",
        "operation not supported for this keytype",
    ))
}
