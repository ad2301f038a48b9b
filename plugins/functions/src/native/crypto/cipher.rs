//! Symmetric ciphers, with the states and the errors of Node.js' `Cipheriv` and `Decipheriv`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use openssl::asn1::Asn1Object;
use openssl::cipher::Cipher;
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::provider::Provider;

use super::failure::{failure, openssl};
use super::limits;
use crate::native::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("crypto.cipher.info", Op::Sync(info)),
    ("crypto.cipher.begin", Op::Sync(begin)),
    ("crypto.cipher.aad", Op::Sync(aad)),
    ("crypto.cipher.tag", Op::Sync(set_tag)),
    ("crypto.cipher.padding", Op::Sync(padding)),
    ("crypto.cipher.update", Op::Sync(update)),
    ("crypto.cipher.final", Op::Sync(last)),
];

/// No key or initialization vector is longer, in bytes.
const MAX_KEY: usize = 1024;

/// Bytes of a tag when nobody says how many.
const TAG: usize = 16;

/// How a cipher chains blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Cbc,
    Ccm,
    Cfb,
    Ctr,
    Ecb,
    Gcm,
    Ocb,
    Ofb,
    Stream,
    Wrap,
    Xts,
    /// ChaCha20-Poly1305, which Node.js calls a stream cipher.
    Poly1305,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Cbc => "cbc",
            Self::Ccm => "ccm",
            Self::Cfb => "cfb",
            Self::Ctr => "ctr",
            Self::Ecb => "ecb",
            Self::Gcm => "gcm",
            Self::Ocb => "ocb",
            Self::Ofb => "ofb",
            Self::Stream | Self::Poly1305 => "stream",
            Self::Wrap => "wrap",
            Self::Xts => "xts",
        }
    }

    fn authenticated(self) -> bool {
        matches!(self, Self::Ccm | Self::Gcm | Self::Ocb | Self::Poly1305)
    }
}

/// A cipher that OpenSSL has.
pub struct Known {
    /// The cipher.
    pub cipher: Cipher,
    name: String,
    mode: Mode,
}

thread_local! {
    static FOUND: RefCell<HashMap<String, Rc<Known>>> = RefCell::default();
}

/// Makes DES, RC4 and MD4 work, which OpenSSL keeps apart as outdated. Node.js 20 leaves them out,
/// but functions were written for older versions, and partners they talk to still ask for DES.
pub fn load_legacy() {
    static LEGACY: LazyLock<Option<Provider>> = LazyLock::new(|| Provider::try_load(None, "legacy", true).ok());
    LazyLock::force(&LEGACY);
}

/// Names that Node.js takes and the providers do not know.
fn alias(name: &str) -> &str {
    match name {
        "aes-128-cfb128" => "aes-128-cfb",
        "aes-192-cfb128" => "aes-192-cfb",
        "aes-256-cfb128" => "aes-256-cfb",
        "sm4-cfb128" => "sm4-cfb",
        "sm4-ofb128" => "sm4-ofb",
        name => name,
    }
}

/// The cipher of a name as `getCiphers` lists them, in any case.
pub fn find(name: &str) -> Option<Rc<Known>> {
    if let Some(found) = FOUND.with_borrow(|found| found.get(name).cloned()) {
        return Some(found);
    }
    if name.len() > 64 || name.contains('\0') {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    if let Some(found) = FOUND.with_borrow(|found| found.get(&lower).cloned()) {
        return Some(found);
    }
    load_legacy();
    let cipher = Cipher::fetch(None, alias(&lower), None).ok()?;
    let nid = cipher.nid();
    // The providers have names of their own; those of the object table say the mode.
    let short = nid.short_name().unwrap_or(&lower).to_ascii_lowercase();
    // What is wrapped with `NULL` or signs at once is for TLS.
    if nid == Nid::UNDEF || short.contains("hmac") {
        return None;
    }
    let known = Rc::new(Known { mode: mode(&short), name: short, cipher });
    FOUND.with_borrow_mut(|all| all.insert(lower, known.clone()));
    Some(known)
}

fn mode(name: &str) -> Mode {
    let parts: Vec<&str> = name.split('-').collect();
    let has = |part: &str| parts.iter().any(|have| have.starts_with(part));
    match name {
        "chacha20-poly1305" => Mode::Poly1305,
        "des-ede" | "des-ede3" => Mode::Ecb,
        "id-smime-alg-cms3deswrap" => Mode::Wrap,
        _ if has("cbc") => Mode::Cbc,
        _ if has("ccm") => Mode::Ccm,
        _ if has("cfb") => Mode::Cfb,
        _ if has("ctr") => Mode::Ctr,
        _ if has("ecb") => Mode::Ecb,
        _ if has("gcm") => Mode::Gcm,
        _ if has("ocb") => Mode::Ocb,
        _ if has("ofb") => Mode::Ofb,
        _ if has("xts") => Mode::Xts,
        _ if has("wrap") => Mode::Wrap,
        _ => Mode::Stream,
    }
}

/// `ERR_CRYPTO_UNKNOWN_CIPHER`
pub fn unknown() -> Failure {
    Failure::error("ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher")
}

fn invalid_iv() -> Failure {
    Failure::type_error("ERR_CRYPTO_INVALID_IV", "Invalid initialization vector")
}

fn invalid_key_length() -> Failure {
    Failure::range_error("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length")
}

fn invalid_tag_length(length: impl std::fmt::Display) -> Failure {
    Failure::type_error("ERR_CRYPTO_INVALID_AUTH_TAG", format!("Invalid authentication tag length: {length}"))
}

/// The lengths that a GCM tag may have.
fn is_gcm_tag(length: usize) -> bool {
    matches!(length, 4 | 8 | 12..=16)
}

/// `(name or nid, key length, iv length)` → what `getCipherInfo` says; `undefined` when there is no
/// such cipher, or when it takes no such lengths.
fn info(_: &mut Env, args: &Args) -> Result {
    let found = match args.get(0) {
        Value::Number(_) => {
            let nid = Nid::from_raw(i32::try_from(args.u32(0)?).unwrap_or(0));
            nid.short_name().ok().and_then(find).or_else(|| nid.long_name().ok().and_then(find))
        }
        _ => find(args.str(0)?),
    };
    let Some(known) = found else { return Ok(Value::Undefined) };
    let (mut key_length, mut iv_length) = (known.cipher.key_length(), known.cipher.iv_length());
    let mut ctx = CipherCtx::new().map_err(openssl)?;
    if known.mode == Mode::Wrap {
        ctx.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
    }
    ctx.encrypt_init(Some(&known.cipher), None, None).map_err(openssl)?;
    if let Some(wanted) = args.get(1).as_number() {
        key_length = wanted as usize;
        if key_length > MAX_KEY || ctx.set_key_length(key_length).is_err() {
            return Ok(Value::Undefined);
        }
    }
    if let Some(wanted) = args.get(2).as_number() {
        let takes = if known.mode.authenticated() {
            wanted as usize <= MAX_KEY && ctx.set_iv_length(wanted as usize).is_ok()
        } else {
            wanted as usize == iv_length
        };
        if !takes {
            return Ok(Value::Undefined);
        }
        iv_length = wanted as usize;
    }
    let mut entries = vec![
        ("mode".to_owned(), known.mode.name().into()),
        ("name".to_owned(), known.name.as_str().into()),
        ("nid".to_owned(), f64::from(known.cipher.nid().as_raw()).into()),
    ];
    if known.mode.name() != "stream" {
        entries.push(("blockSize".to_owned(), known.cipher.block_size().into()));
    }
    if iv_length > 0 {
        entries.push(("ivLength".to_owned(), iv_length.into()));
    }
    entries.push(("keyLength".to_owned(), key_length.into()));
    Ok(Value::Map(entries))
}

/// A cipher under way.
struct State {
    ctx: CipherCtx,
    mode: Mode,
    encrypts: bool,
    tag_length: Option<usize>,
    /// Of a decipher: the tag, and whether the context has it.
    tag: Option<Vec<u8>>,
    tag_passed: bool,
    /// CCM tells in `update` that the tag is wrong; `final` throws.
    refused: bool,
    max_message: usize,
}

impl State {
    fn pass_tag(&mut self) -> std::result::Result<(), ErrorStack> {
        if let Some(tag) = &self.tag
            && !self.encrypts
            && !self.tag_passed
        {
            self.ctx.set_tag(tag)?;
            self.tag_passed = true;
        }
        Ok(())
    }
}

/// `(name, encrypts, key, iv, tag length)` → a state. An `iv` that is not bytes stands for none.
fn begin(env: &mut Env, args: &Args) -> Result {
    let known = find(args.str(0)?).ok_or_else(unknown)?;
    let (encrypts, key, iv) = (args.flag(1), args.bytes(2)?, args.get(3).as_bytes());
    let authenticated = known.mode.authenticated();
    let fixed = known.cipher.iv_length();
    if iv.is_none() && fixed != 0
        || iv.is_some_and(|iv| iv.len() > MAX_KEY || !authenticated && iv.len() != fixed || known.mode == Mode::Poly1305 && iv.len() > 12)
    {
        return Err(invalid_iv());
    }
    let mut ctx = CipherCtx::new().map_err(openssl)?;
    if known.mode == Mode::Wrap {
        ctx.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
    }
    let init = |ctx: &mut CipherCtx, cipher: Option<&Cipher>, key: Option<&[u8]>, iv: Option<&[u8]>| {
        let cipher = cipher.map(|cipher| &**cipher);
        if encrypts { ctx.encrypt_init(cipher, key, iv) } else { ctx.decrypt_init(cipher, key, iv) }
    };
    init(&mut ctx, Some(&known.cipher), None, None).map_err(|stack| failure(&stack, "Failed to initialize cipher"))?;
    let mut tag_length = match args.get(4) {
        Value::Number(_) => Some(args.u32(4)? as usize),
        _ => None,
    };
    let mut max_message = limits::INPUT;
    if authenticated {
        let length = iv.map_or(0, <[u8]>::len);
        ctx.set_iv_length(length).map_err(|_| invalid_iv())?;
        if known.mode == Mode::Gcm {
            if let Some(length) = tag_length.filter(|length| !is_gcm_tag(*length)) {
                return Err(invalid_tag_length(length));
            }
        } else {
            let length = match tag_length {
                Some(length) => length,
                None if known.mode == Mode::Poly1305 => TAG,
                None => {
                    let message = format!("authTagLength required for {}", args.str(0)?);
                    return Err(Failure::type_error("ERR_CRYPTO_INVALID_AUTH_TAG", message));
                }
            };
            if length > TAG || ctx.set_tag_length(length).is_err() {
                return Err(invalid_tag_length(length));
            }
            tag_length = Some(length);
        }
        if known.mode == Mode::Ccm {
            max_message = match length {
                12 => (1 << 24) - 1,
                13 => (1 << 16) - 1,
                _ => limits::INPUT,
            };
        }
    }
    if key.len() > MAX_KEY || key.len() != ctx.key_length() && ctx.set_key_length(key.len()).is_err() || key.is_empty() {
        return Err(invalid_key_length());
    }
    init(&mut ctx, None, Some(key), iv).map_err(|stack| failure(&stack, "Failed to initialize cipher"))?;
    let state = State { ctx, mode: known.mode, encrypts, tag_length, tag: None, tag_passed: false, refused: false, max_message };
    Ok(env.resources.add(state)?.into())
}

/// `(state, bytes, length of the plaintext)` → whether that was possible.
fn aad(env: &mut Env, args: &Args) -> Result {
    let (id, bytes) = (args.u32(0)?, args.bytes(1)?);
    let state: &mut State = env.resources.get(id)?;
    if !state.mode.authenticated() || bytes.len() > limits::INPUT {
        return Ok(false.into());
    }
    if state.mode == Mode::Ccm {
        let Value::Number(_) = args.get(2) else {
            return Err(Failure::type_error("ERR_MISSING_ARGS", "options.plaintextLength required for CCM mode with AAD"));
        };
        let length = args.u32(2)? as usize;
        if length > state.max_message {
            return Err(Failure::range_error("ERR_CRYPTO_INVALID_MESSAGELEN", "Invalid message length"));
        }
        let begun = state.pass_tag().and_then(|()| state.ctx.set_data_len(length));
        if begun.is_err() {
            return Ok(false.into());
        }
    }
    Ok(state.ctx.cipher_update(bytes, None).is_ok().into())
}

/// `(state, tag)` → whether that was possible.
fn set_tag(env: &mut Env, args: &Args) -> Result {
    let (id, tag) = (args.u32(0)?, args.bytes(1)?);
    let state: &mut State = env.resources.get(id)?;
    if state.encrypts || !state.mode.authenticated() || state.tag.is_some() {
        return Ok(false.into());
    }
    let fits = state.tag_length.is_none_or(|length| length == tag.len());
    if !fits || state.mode == Mode::Gcm && !is_gcm_tag(tag.len()) || tag.len() > TAG {
        return Err(invalid_tag_length(tag.len()));
    }
    state.tag_length = Some(tag.len());
    state.tag = Some(tag.to_vec());
    Ok(true.into())
}

/// `(state, whether to pad)`
fn padding(env: &mut Env, args: &Args) -> Result {
    let state: &mut State = env.resources.get(args.u32(0)?)?;
    state.ctx.set_padding(args.flag(1));
    Ok(Value::Undefined)
}

/// `(state, bytes)` → what is encrypted or decrypted so far.
fn update(env: &mut Env, args: &Args) -> Result {
    let (id, bytes) = (args.u32(0)?, args.bytes(1)?);
    let state: &mut State = env.resources.get(id)?;
    let unsupported = "Trying to add data in unsupported state";
    if bytes.len() > limits::INPUT {
        return Err(Failure::error("", unsupported));
    }
    if state.mode == Mode::Ccm && bytes.len() > state.max_message {
        return Err(Failure::range_error("ERR_CRYPTO_INVALID_MESSAGELEN", "Invalid message length"));
    }
    if state.mode.authenticated() && state.pass_tag().is_err() {
        return Err(Failure::error("", unsupported));
    }
    let mut out = Vec::new();
    match state.ctx.cipher_update_vec(bytes, &mut out) {
        Ok(_) => Ok(Value::Bytes(out)),
        Err(_) if !state.encrypts && state.mode == Mode::Ccm => {
            state.refused = true;
            Ok(Value::Bytes(Vec::new()))
        }
        Err(stack) => Err(failure(&stack, unsupported)),
    }
}

/// `(state)` → `[the rest, tag]`: ends it.
fn last(env: &mut Env, args: &Args) -> Result {
    let mut state: State = env.resources.take(args.u32(0)?)?;
    let unsupported = if state.mode.authenticated() { "Unsupported state or unable to authenticate data" } else { "Unsupported state" };
    let refused = || Failure::error("", unsupported);
    let _ = state.pass_tag();
    let mut out = Vec::new();
    if !state.encrypts && state.mode.authenticated() && !state.tag_passed {
        return Err(refused());
    }
    if !state.encrypts && state.mode == Mode::Ccm {
        return if state.refused { Err(refused()) } else { Ok(Value::List(vec![Value::Bytes(out)])) };
    }
    state.ctx.cipher_final_vec(&mut out).map_err(|stack| failure(&stack, unsupported))?;
    let mut result = vec![Value::Bytes(out)];
    if state.encrypts && state.mode.authenticated() {
        let mut tag = vec![0; state.tag_length.unwrap_or(TAG)];
        state.ctx.tag(&mut tag).map_err(|stack| failure(&stack, unsupported))?;
        result.push(Value::Bytes(tag));
    }
    Ok(Value::List(result))
}

/// The object that a name or a number with dots stands for.
pub fn object(name: &str) -> Option<Nid> {
    if name.len() > 64 || name.contains('\0') {
        return None;
    }
    Asn1Object::from_str(name).ok().map(|object| object.nid()).filter(|nid| *nid != Nid::UNDEF)
}
