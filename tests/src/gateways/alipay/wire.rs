//! How requests are signed, and answers.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::{AES, ALIPAY_KEY, APP_ID, APP_KEY, Heard, OTHER_KEY};
use crate::gateways::Fault;
use crate::gateways::http::pairs;
use crate::gateways::key::Key;

/// Serial numbers of `app.crt`, of `roots.crt`, and of `alipay.crt`: MD5 over the issuer and the
/// number, as `openssl x509` prints both.
const APP_SERIAL: &str = "afa1d445ccf2a50aaa3eb0ae6cb0d4ac";
const ROOT_SERIALS: &str = "5d7877ea688777e3e56862db934b3793_85ce965764b7b7c9dc329a2242615c80";
const ALIPAY_SERIAL: &str = "c69ac24a756b9e8c800d4d40f4bfdbec";
/// How far a request's time may be from ours.
const SKEW: Duration = Duration::from_secs(600);

/// Reads a request and checks its signature; or why it is refused.
pub fn heard(parts: &Parts, body: &[u8]) -> Result<Heard, String> {
    let posted = parts.method == Method::POST;
    if !(posted || parts.method == Method::GET) || parts.uri.path() != "/gateway.do" {
        return Err(format!("{} {}", parts.method, parts.uri));
    }
    let kind = parts.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if posted && !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Err(format!("Content-Type {kind}"));
    }
    let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
    let posted = posted && !query.iter().any(|(name, _)| name == "biz_content");
    let mut parameters = BTreeMap::new();
    for (name, value) in query.into_iter().chain(pairs(body)) {
        if value.is_empty() {
            return Err(format!("{name} is empty"));
        }
        if parameters.insert(name.clone(), value).is_some() {
            return Err(format!("{name} comes twice"));
        }
    }
    check(&parameters)?;
    let mut content = parameters.get("biz_content").cloned().unwrap_or_else(|| "null".to_owned());
    match parameters.get("encrypt_type").map(String::as_str) {
        None => {}
        Some("AES") => content = decrypt(&content).ok_or("biz_content cannot be decrypted")?,
        Some(other) => return Err(format!("encrypt_type {other}")),
    }
    Ok(Heard {
        method: parameters.get("method").cloned().unwrap_or_default(),
        content: serde_json::from_str(&content).map_err(|error| format!("biz_content: {error}"))?,
        parameters: parameters.into_iter().map(|(name, value)| (name, Value::String(value))).collect(),
        posted,
    })
}

fn check(parameters: &BTreeMap<String, String>) -> Result<(), String> {
    let text = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    for (name, is) in [("app_id", APP_ID), ("version", "1.0"), ("sign_type", "RSA2")] {
        if text(name) != is {
            return Err(format!("{name} is {:?}", text(name)));
        }
    }
    if !text("charset").eq_ignore_ascii_case("utf-8") || !matches!(text("format"), "json" | "JSON" | "") {
        return Err("charset or format".to_owned());
    }
    // Times are those of China.
    let told = humantime::parse_rfc3339(&format!("{}Z", text("timestamp").replace(' ', "T"))).map_err(|error| error.to_string())?;
    let told = told - Duration::from_secs(8 * 3600);
    let apart = SystemTime::now().duration_since(told).or_else(|_| told.duration_since(SystemTime::now()));
    if apart.is_ok_and(|apart| apart > SKEW) {
        return Err(format!("timestamp {}", text("timestamp")));
    }
    if parameters.contains_key("app_cert_sn") || parameters.contains_key("alipay_root_cert_sn") {
        for (name, is) in [("app_cert_sn", APP_SERIAL), ("alipay_root_cert_sn", ROOT_SERIALS)] {
            if text(name) != is {
                return Err(format!("{name} is {:?}", text(name)));
            }
        }
    }
    let signed: Vec<String> =
        parameters.iter().filter(|(name, _)| *name != "sign").map(|(name, value)| format!("{name}={value}")).collect();
    if Key::read(APP_KEY).signed(signed.join("&").as_bytes(), text("sign")) { Ok(()) } else { Err("the signature".to_owned()) }
}

/// An answer as the gateway writes it: slashes are escaped, and there is space where nobody expects
/// it.
pub fn written(heard: &Heard, node: &Value, fault: Option<Fault>) -> String {
    let escaped = |text: &str| text.replace('/', "\\/");
    let busy = json!({"code": "20000", "msg": "Service Currently Unavailable", "sub_code": "isp.unknow-error", "sub_msg": "系统繁忙"});
    let node = if fault == Some(Fault::Busy) { &busy } else { node };
    let whole = matches!(fault, Some(Fault::Error | Fault::UnsignedError));
    let name = if whole { "error_response".to_owned() } else { format!("{}_response", heard.method.replace('.', "_")) };
    let text = match heard.parameters.contains_key("encrypt_type") && !whole {
        true => format!("\"{}\"", escaped(&encrypt(&node.to_string()))),
        false => escaped(&node.to_string()).replacen(':', " : ", 1),
    };
    let serial = match heard.parameters.contains_key("app_cert_sn") {
        true => format!(r#","alipay_cert_sn":"{ALIPAY_SERIAL}""#),
        false => String::new(),
    };
    let key = if fault == Some(Fault::BadSignature) { OTHER_KEY } else { ALIPAY_KEY };
    let sign = format!(r#","sign":"{}""#, Key::read(key).sign(text.as_bytes()));
    match fault {
        Some(Fault::Unsigned | Fault::UnsignedError) => format!(r#"{{"{name}":{text}}}"#),
        Some(Fault::Twice) => format!(r#"{{"{name}":{text},"{name}":{text}{serial}{sign}}}"#),
        Some(Fault::Tampered) => format!(r#"{{"{name}":{}{serial}{sign}}}"#, text.replacen("Success", "success", 1)),
        _ => format!(r#"{{"{name}":{text}{serial}{sign}}}"#),
    }
}

fn key() -> [u8; 16] {
    STANDARD.decode(AES).ok().and_then(|key| key.try_into().ok()).expect("16 bytes")
}

fn encrypt(text: &str) -> String {
    STANDARD.encode(aes_cbc::encrypt(&key(), &[0; 16], text.as_bytes()))
}

fn decrypt(text: &str) -> Option<String> {
    String::from_utf8(aes_cbc::decrypt(&key(), &[0; 16], &STANDARD.decode(text).ok()?)?).ok()
}
