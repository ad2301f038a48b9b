//! Who may upload a file for an import, and download the result of an export, for a short time.
//!
//! An upload is a form as the vendor's object storage takes it: the fields `key`, `policy`,
//! `OSSAccessKeyId` and `Signature`, and `file` last. The policy, Base64 of JSON, says which key
//! may be written until when; the signature is HMAC-SHA256 of the policy's text, in Base64.
//! A download is an address with a signature in its query.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::calendar::seconds;
use crate::record::FileType;

/// The path prefix of this plugin's HTTP handlers.
pub const PREFIX: &str = "/db/";
/// Where forms are posted to.
pub const UPLOAD_PATH: &str = "/db/import";
/// What addresses of downloads begin with.
const DOWNLOAD_PATH: &str = "/db/export/";
/// How long either is allowed, in milliseconds.
pub const VALID: u64 = 3600 * 1000;
/// What a form names as `OSSAccessKeyId`; only the signature counts.
pub const ACCESS_KEY: &str = "mpcloud";

/// Names a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its space.
    pub space: String,
    /// Its id.
    pub task: String,
}

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
    /// The field `key`.
    pub key: String,
    /// The field `policy`.
    pub policy: String,
    /// The field `Signature`.
    pub signature: String,
    /// Until when, in milliseconds since 1970.
    pub expires: u64,
}

#[derive(Deserialize)]
struct Policy {
    /// Ours beside the vendor's `expiration`, so that no time need be parsed.
    expires: u64,
    key: String,
    space: String,
    task: String,
}

/// A form that allows the upload of a file of at most `most` bytes until [`VALID`] after `now`.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn form(secret: &[u8], named: &Named, file_type: FileType, most: u64, now: u64) -> Result<Form> {
    let expires = now + VALID;
    let key = format!("db/import/{}/{}.{}", named.space, named.task, file_type.extension());
    let policy: Value = json!({
        "expiration": seconds(expires),
        "conditions": [["content-length-range", 0, most], ["eq", "$key", key]],
        "expires": expires,
        "key": key,
        "space": named.space,
        "task": named.task,
    });
    let policy = BASE64.encode(policy.to_string());
    let signature = BASE64.encode(mac(secret, "import", &policy)?.finalize().into_bytes());
    Ok(Form { key, policy, signature, expires })
}

/// The task that a form uploads a file for.
///
/// # Errors
/// `SignatureNotMatch`.
pub fn verify_form(secret: &[u8], key: &str, policy: &str, signature: &str, now: u64) -> Result<Named> {
    let signature = BASE64.decode(signature.trim()).map_err(|_| refused())?;
    mac(secret, "import", policy)?.verify_slice(&signature).map_err(|_| refused())?;
    let policy: Policy = BASE64.decode(policy).ok().and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(refused)?;
    if policy.key != key || now > policy.expires {
        return Err(refused());
    }
    Ok(Named { space: policy.space, task: policy.task })
}

/// Path and query of a download that is allowed until [`VALID`] after `now`.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn download(secret: &[u8], named: &Named, now: u64) -> Result<String> {
    let expires = now + VALID;
    let path = format!("{DOWNLOAD_PATH}{}/{}", named.space, named.task);
    let signature = hex::encode(mac(secret, "export", &format!("{path}\n{expires}"))?.finalize().into_bytes());
    Ok(format!("{path}?expires={expires}&signature={signature}"))
}

/// The task whose result a path and query name.
///
/// # Errors
/// `SignatureNotMatch`.
pub fn verify_download(secret: &[u8], path: &str, query: &str, now: u64) -> Result<Named> {
    let value = |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value);
    let expires: u64 = value("expires").and_then(|text| text.parse().ok()).ok_or_else(refused)?;
    let signature = value("signature").and_then(|text| hex::decode(text).ok()).ok_or_else(refused)?;
    mac(secret, "export", &format!("{path}\n{expires}"))?.verify_slice(&signature).map_err(|_| refused())?;
    let (space, task) = path.strip_prefix(DOWNLOAD_PATH).and_then(|rest| rest.split_once('/')).ok_or_else(refused)?;
    if now > expires {
        return Err(refused());
    }
    Ok(Named { space: space.to_owned(), task: task.to_owned() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn named() -> Named {
        Named { space: "s".to_owned(), task: "t".to_owned() }
    }

    #[test]
    fn a_form_is_for_one_key_and_a_short_time() {
        let form = form(b"secret", &named(), FileType::Csv, 5, 1000).unwrap();
        let verify = |secret: &[u8], key: &str, policy: &str, signature: &str, now| verify_form(secret, key, policy, signature, now);
        assert_eq!(verify(b"secret", &form.key, &form.policy, &form.signature, 1000 + VALID).unwrap(), named());
        let other = super::form(b"secret", &Named { task: "u".to_owned(), ..named() }, FileType::Csv, 5, 1000).unwrap();
        for (secret, key, policy, signature, now) in [
            (&b"other"[..], &form.key, &form.policy, &form.signature, 1000),
            (b"secret", &other.key, &form.policy, &form.signature, 1000),
            (b"secret", &other.key, &other.policy, &form.signature, 1000),
            (b"secret", &form.key, &form.policy, &"%".to_owned(), 1000),
            (b"secret", &form.key, &form.policy, &form.signature, 1001 + VALID),
        ] {
            assert_eq!(verify(secret, key, policy, signature, now).unwrap_err().code(), codes::SIGNATURE);
        }
        let shown: Value = serde_json::from_slice(&BASE64.decode(&form.policy).unwrap()).unwrap();
        assert_eq!(shown["conditions"], json!([["content-length-range", 0, 5], ["eq", "$key", "db/import/s/t.csv"]]));
        assert_eq!(shown["expiration"], "1970-01-01T01:00:01Z");
    }

    #[test]
    fn an_address_is_for_one_result_and_a_short_time() {
        let url = download(b"secret", &named(), 1000).unwrap();
        let (path, query) = url.split_once('?').unwrap();
        assert_eq!(verify_download(b"secret", path, query, 1000 + VALID).unwrap(), named());
        for (secret, path, query, now) in [
            (&b"other"[..], path, query, 1000),
            (b"secret", "/db/export/s/u", query, 1000),
            (b"secret", path, "", 1000),
            (b"secret", path, "expires=9999999999999", 1000),
            (b"secret", path, &query.replace("expires=3601000", "expires=9601000"), 1000),
            (b"secret", path, query, 1001 + VALID),
        ] {
            assert_eq!(verify_download(secret, path, query, now).unwrap_err().code(), codes::SIGNATURE, "{path}?{query}");
        }
    }
}
