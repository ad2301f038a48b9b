//! Who may upload or download something for a short time.
//!
//! An upload is a form as the vendor's object storage takes it: the fields `key`, `policy`,
//! `OSSAccessKeyId` and `Signature`, and `file` last. All else is an address with a signature of
//! its path and query, HMAC-SHA256 in hexadecimal, at its end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use crate::clock::iso;

/// The path prefix of this plugin's HTTP handlers on the server's own names.
pub const PREFIX: &str = "/hosting/";
/// Where forms are posted to.
pub const UPLOAD_PATH: &str = "/hosting/upload";
/// How long forms and downloads are allowed, in milliseconds.
pub const VALID: u64 = 3600 * 1000;
/// What a form names as `OSSAccessKeyId`; only the signature counts.
pub const ACCESS_KEY: &str = "mpcloud";

fn mac(secret: &[u8], purpose: &str, text: &str) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(purpose.as_bytes());
    mac.update(b"\n");
    mac.update(text.as_bytes());
    Ok(mac)
}

fn refused() -> Error {
    Error::new(codes::SIGNATURE, "the signature is not valid, or has expired")
}

/// What a form must have.
#[derive(Clone, Debug)]
pub struct Form {
    /// The field `policy`.
    pub policy: String,
    /// The field `Signature`.
    pub signature: String,
    /// Until when, in milliseconds since 1970.
    pub expires: u64,
}

/// What a form may do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Policy {
    /// Ours beside the vendor's `expiration`, so that no time need be parsed.
    expires: u64,
    /// The space.
    pub space: String,
    /// The file's path, which the form has as `key`.
    pub key: String,
    /// The most bytes.
    pub most: u64,
}

/// A form that allows the upload of a file of at most `most` bytes.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn form(secret: &[u8], space: &str, key: &str, most: u64, now: u64) -> Result<Form> {
    let expires = now + VALID;
    let policy = json!({
        "expiration": iso(expires),
        "conditions": [["content-length-range", 0, most], ["eq", "$key", key]],
        "expires": expires,
        "space": space,
        "key": key,
        "most": most,
    });
    let policy = BASE64.encode(policy.to_string());
    let signature = BASE64.encode(mac(secret, "form", &policy)?.finalize().into_bytes());
    Ok(Form { policy, signature, expires })
}

/// What a form may do, if its policy is ours, has not expired, and is for its key.
///
/// # Errors
/// `SignatureNotMatch`.
pub fn verify_form(secret: &[u8], key: &str, policy: &str, signature: &str, now: u64) -> Result<Policy> {
    let signature = BASE64.decode(signature.trim()).map_err(|_| refused())?;
    mac(secret, "form", policy)?.verify_slice(&signature).map_err(|_| refused())?;
    let policy: Policy = BASE64.decode(policy).ok().and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(refused)?;
    if policy.key != key || now > policy.expires { Err(refused()) } else { Ok(policy) }
}

/// An address that is valid until a time; `query` comes before what is added to it.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn sign(secret: &[u8], method: &str, path: &str, query: &str, expires: u64) -> Result<String> {
    let and = if query.is_empty() { "" } else { "&" };
    let signed = format!("{path}?{query}{and}expires={expires}");
    let signature = hex::encode(mac(secret, method, &signed)?.finalize().into_bytes());
    Ok(format!("{signed}&signature={signature}"))
}

/// Checks an address.
///
/// # Errors
/// `SignatureNotMatch`.
pub fn verify(secret: &[u8], method: &str, uri: &str, now: u64) -> Result<()> {
    let (signed, signature) = uri.rsplit_once("&signature=").ok_or_else(refused)?;
    let signature = hex::decode(signature).map_err(|_| refused())?;
    mac(secret, method, signed)?.verify_slice(&signature).map_err(|_| refused())?;
    let expires = signed.rsplit_once("expires=").and_then(|(_, expires)| expires.parse::<u64>().ok()).ok_or_else(refused)?;
    if now > expires { Err(refused()) } else { Ok(()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_for_one_file_and_a_short_time() {
        let form = form(b"secret", "s", "a.html", 5, 1000).unwrap();
        let policy = verify_form(b"secret", "a.html", &form.policy, &form.signature, 1000 + VALID).unwrap();
        assert_eq!((policy.space.as_str(), policy.most), ("s", 5));
        for (secret, key, signature, now) in [
            (&b"other"[..], "a.html", form.signature.as_str(), 1000),
            (b"secret", "b.html", &form.signature, 1000),
            (b"secret", "a.html", "%", 1000),
            (b"secret", "a.html", &form.signature, 1001 + VALID),
        ] {
            assert_eq!(verify_form(secret, key, &form.policy, signature, now).unwrap_err().code(), codes::SIGNATURE);
        }
    }

    #[test]
    fn an_address_is_for_one_thing_and_a_short_time() {
        for query in ["", "size=5"] {
            let url = sign(b"secret", "PUT", "/hosting/x", query, 2000).unwrap();
            verify(b"secret", "PUT", &url, 2000).unwrap();
            for (secret, method, url, now) in [
                (&b"other"[..], "PUT", url.clone(), 1000),
                (b"secret", "GET", url.clone(), 1000),
                (b"secret", "PUT", url.replace("/x", "/y"), 1000),
                (b"secret", "PUT", url.replace("expires=2", "expires=9"), 1000),
                (b"secret", "PUT", url.clone(), 2001),
                (b"secret", "PUT", "/hosting/x".to_owned(), 1000),
                (b"secret", "PUT", "/hosting/x?expires=2000&signature=".to_owned(), 1000),
            ] {
                assert_eq!(verify(secret, method, &url, now).unwrap_err().code(), codes::SIGNATURE, "{url}");
            }
        }
    }
}
