//! Who may upload which file, for a short time.
//!
//! A form that is posted has the fields `key`, `policy`, `OSSAccessKeyId` and `Signature`, as the
//! vendor's object storage takes it. The policy is Base64 of JSON: beside the vendor's `expiration`
//! and `conditions` it says what was granted. The signature is HMAC-SHA256 of the policy's text, in
//! Base64. A `PUT` carries both in its query.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sdk_plugin::{Error, Result, codes};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;

use crate::clock;
use crate::name;

/// How long an upload may be begun, in milliseconds.
pub const VALID: u64 = 3600 * 1000;
/// What a form names as `OSSAccessKeyId`; only the signature counts.
pub const ACCESS_KEY: &str = "mpcloud";

/// What was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Until when, in milliseconds since 1970.
    pub expires: u64,
    /// The space.
    pub space: String,
    /// The file's path.
    pub path: String,
    /// Whose file it will be, when there is none yet.
    pub owner: String,
    /// Whose file may be replaced; anybody's, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The largest file, in bytes.
    pub most: u64,
    /// Whether only those with a signed URL may download the file; as the file was that is replaced,
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Whether whoever uploads is trusted with types of files.
    #[serde(default)]
    pub trusted: bool,
    /// What the name that the file had ends in.
    pub extension: String,
    /// The type that was declared; empty for none.
    #[serde(default)]
    pub content_type: String,
    /// Tells this upload from others of the same file.
    pub upload: String,
}

/// A grant as it is handed out.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The field `policy`.
    pub policy: String,
    /// The field `Signature`.
    pub signature: String,
}

fn mac(secret: &[u8], policy: &str) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(b"upload\n");
    mac.update(policy.as_bytes());
    Ok(mac)
}

fn refused() -> Error {
    Error::new(codes::SIGNATURE, "the policy and its signature are not valid, or have expired")
}

impl Grant {
    /// The field `key`: the path as it stands in URLs.
    pub fn key(&self) -> String {
        name::escape(&self.path)
    }

    /// Signs it.
    ///
    /// # Errors
    /// Never for a secret of a usable length.
    pub fn sign(&self, secret: &[u8]) -> Result<Signed> {
        let mut policy = serde_json::to_value(self).map_err(Error::internal)?;
        policy["expiration"] = clock::text(self.expires).into();
        policy["conditions"] = json!([["content-length-range", 0, self.most], ["eq", "$key", self.key()]]);
        let policy = STANDARD.encode(policy.to_string());
        let signature = STANDARD.encode(mac(secret, &policy)?.finalize().into_bytes());
        Ok(Signed { policy, signature })
    }

    /// Signs it for a query.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn query(&self, secret: &[u8]) -> Result<String> {
        let policy = URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).map_err(Error::internal)?);
        let signature = hex::encode(mac(secret, &policy)?.finalize().into_bytes());
        Ok(format!("policy={policy}&signature={signature}"))
    }

    fn check(self, now: u64) -> Result<Self> {
        if now > self.expires { Err(refused()) } else { Ok(self) }
    }
}

/// What a form's policy grants.
///
/// # Errors
/// `SignatureNotMatch`.
pub fn verify_form(secret: &[u8], key: &str, policy: &str, signature: &str, now: u64) -> Result<Grant> {
    let signature = STANDARD.decode(signature.trim()).map_err(|_| refused())?;
    mac(secret, policy)?.verify_slice(&signature).map_err(|_| refused())?;
    let grant: Grant = STANDARD.decode(policy).ok().and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(refused)?;
    if grant.key() != key {
        return Err(Error::new(codes::SIGNATURE, "the field `key` is not the one that was signed"));
    }
    grant.check(now)
}

/// What a query grants.
///
/// # Errors
/// `SignatureNotMatch`.
pub fn verify_query(secret: &[u8], query: &str, now: u64) -> Result<Grant> {
    let value = |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value);
    let policy = value("policy").ok_or_else(refused)?;
    let signature = value("signature").and_then(|text| hex::decode(text).ok()).ok_or_else(refused)?;
    mac(secret, policy)?.verify_slice(&signature).map_err(|_| refused())?;
    let grant: Grant = URL_SAFE_NO_PAD.decode(policy).ok().and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(refused)?;
    grant.check(now)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn grant() -> Grant {
        Grant {
            expires: 5000,
            space: "s".to_owned(),
            path: "图,a b.png".to_owned(),
            owner: "u".to_owned(),
            replaces: Some("u".to_owned()),
            most: 7,
            private: None,
            trusted: false,
            extension: "png".to_owned(),
            content_type: String::new(),
            upload: "n".to_owned(),
        }
    }

    #[test]
    fn a_form_is_for_one_key_and_a_short_time() {
        let Signed { policy, signature } = grant().sign(b"secret").unwrap();
        let key = "图%2Ca%20b.png";
        assert_eq!(verify_form(b"secret", key, &policy, &signature, 5000).unwrap(), grant());
        let other = Grant { most: 8, ..grant() }.sign(b"secret").unwrap();
        for (secret, key, policy, signature, now) in [
            (&b"other"[..], key, &*policy, &*signature, 0),
            (b"secret", "图,a b.png", &policy, &signature, 0),
            (b"secret", "", &policy, &signature, 0),
            (b"secret", key, &other.policy, &signature, 0),
            (b"secret", key, &policy, "", 0),
            (b"secret", key, "", "", 0),
            (b"secret", key, &policy, &signature, 5001),
        ] {
            assert_eq!(verify_form(secret, key, policy, signature, now).unwrap_err().code(), codes::SIGNATURE);
        }
        let shown: Value = serde_json::from_slice(&STANDARD.decode(&policy).unwrap()).unwrap();
        assert_eq!(shown["conditions"], json!([["content-length-range", 0, 7], ["eq", "$key", key]]));
        assert_eq!(shown["expiration"], "1970-01-01T00:00:05Z");
    }

    #[test]
    fn a_query_is_no_form_and_cannot_be_changed() {
        let query = grant().query(b"secret").unwrap();
        assert_eq!(verify_query(b"secret", &query, 5000).unwrap(), grant());
        for (secret, query, now) in [
            (&b"other"[..], query.as_str(), 0),
            (b"secret", &query.replace("policy=e", "policy=f"), 0),
            (b"secret", "", 0),
            (b"secret", &query, 5001),
        ] {
            assert_eq!(verify_query(secret, query, now).unwrap_err().code(), codes::SIGNATURE);
        }
    }
}
