//! How requests are signed, and answers.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::http::request::Parts;
use rand::Rng as _;
use rand::distr::Alphanumeric;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::Value;

use super::{API_V3_KEY, MERCHANT, MERCHANT_KEY, MERCHANT_SERIAL, Mode, OTHER_KEY, PLATFORM_KEY};
use crate::gateways::Fault;
use crate::gateways::key::Key;

/// How far a request's time may be from ours, in seconds.
const SKEW: u64 = 300;

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

pub fn nonce(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

/// Checks a request's header fields and its signature; or why it is refused.
pub fn checked(mode: Mode, nonces: &mut Vec<String>, parts: &Parts, body: &[u8]) -> Result<(), String> {
    let field = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if field("accept") != "application/json" || field("user-agent").is_empty() {
        return Err("Accept or User-Agent".to_owned());
    }
    if !body.is_empty() && !field("content-type").starts_with("application/json") {
        return Err(format!("Content-Type {}", field("content-type")));
    }
    if mode == Mode::PublicKey && field("wechatpay-serial") != mode.serial() {
        return Err(format!("Wechatpay-Serial {}", field("wechatpay-serial")));
    }
    let values = field("authorization").strip_prefix("WECHATPAY2-SHA256-RSA2048 ").ok_or("the scheme of Authorization")?;
    let mut named = BTreeMap::new();
    for part in values.split(',') {
        let (name, value) = part.split_once('=').ok_or("Authorization")?;
        named.insert(name.trim(), value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).ok_or("quotes of Authorization")?);
    }
    let get = |name: &str| named.get(name).copied().ok_or_else(|| format!("Authorization has no {name}"));
    if get("mchid")? != MERCHANT || get("serial_no")? != MERCHANT_SERIAL {
        return Err("the merchant".to_owned());
    }
    let (timestamp, nonce) = (get("timestamp")?, get("nonce_str")?);
    if timestamp.parse::<u64>().map_or(true, |told| told.abs_diff(now()) > SKEW) {
        return Err(format!("timestamp {timestamp}"));
    }
    let target = parts.uri.path_and_query().map(|target| target.as_str()).unwrap_or_default();
    let text = [format!("{}\n{target}\n{timestamp}\n{nonce}\n", parts.method).as_bytes(), body, b"\n"].concat();
    if !Key::read(MERCHANT_KEY).signed(&text, get("signature")?) {
        return Err("the signature".to_owned());
    }
    if nonces.iter().any(|used| used == nonce) {
        return Err("a nonce was used twice".to_owned());
    }
    nonces.push(nonce.to_owned());
    Ok(())
}

/// An answer with its signature.
pub fn written(mode: Mode, status: u16, answer: &Value, fault: Option<Fault>) -> Response<Full<Bytes>> {
    let text = if answer.is_null() { String::new() } else { answer.to_string() };
    let mut response = Response::builder().status(status).header("Content-Type", "application/json; charset=utf-8");
    if !matches!(fault, Some(Fault::Unsigned | Fault::UnsignedError)) {
        let key = if fault == Some(Fault::BadSignature) { OTHER_KEY } else { PLATFORM_KEY };
        for (name, value) in signature(mode, key, &text) {
            response = response.header(name, value);
        }
    }
    let text = if fault == Some(Fault::Tampered) { format!("{text} ") } else { text };
    response.body(Full::new(Bytes::from(text))).expect("a response")
}

/// The header fields that sign a body.
pub fn signature(mode: Mode, key: &str, body: &str) -> [(&'static str, String); 5] {
    let (timestamp, nonce) = (now().to_string(), nonce(32));
    let signature = Key::read(key).sign(format!("{timestamp}\n{nonce}\n{body}\n").as_bytes());
    [
        ("Wechatpay-Timestamp", timestamp),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Serial", mode.serial().to_owned()),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
        ("Wechatpay-Signature", signature),
    ]
}

/// Encrypts with the merchant's APIv3 key.
pub fn seal(nonce: &str, aad: &str, text: &str) -> String {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).expect("a key"));
    let mut bytes = text.as_bytes().to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).expect("12 bytes");
    key.seal_in_place_append_tag(nonce, Aad::from(aad.as_bytes()), &mut bytes).expect("sealed");
    STANDARD.encode(bytes)
}
