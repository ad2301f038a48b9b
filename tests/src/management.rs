//! A raw client of the management API that signs in both ways, for requests that the official SDK
//! cannot be made to send.

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::wire::{agent, db_params, post};
use crate::{Answer, Space};

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `ACS3-HMAC-SHA256`, in headers.
    Acs3,
    /// RPC 1.0 with HMAC-SHA1, in the query.
    Rpc,
}

/// A client of the management API.
#[derive(Clone)]
pub struct Management {
    agent: ureq::Agent,
    http: String,
    key_id: String,
    key_secret: String,
    scheme: Scheme,
    nonce: Option<String>,
    time: Option<String>,
    forged_body: Option<String>,
}

impl Management {
    /// A client with a key, which signs with [`Scheme::Acs3`].
    pub fn new(http: &str, key_id: &str, key_secret: &str) -> Self {
        Self {
            agent: agent(),
            http: http.to_owned(),
            key_id: key_id.to_owned(),
            key_secret: key_secret.to_owned(),
            scheme: Scheme::Acs3,
            nonce: None,
            time: None,
            forged_body: None,
        }
    }

    /// The same client with another scheme.
    #[must_use]
    pub fn signing_with(&self, scheme: Scheme) -> Self {
        Self { scheme, ..self.clone() }
    }

    /// The same client with one nonce for every request.
    #[must_use]
    pub fn with_nonce(&self, nonce: &str) -> Self {
        Self { nonce: Some(nonce.to_owned()), ..self.clone() }
    }

    /// The same client at another time; see [`utc`].
    #[must_use]
    pub fn at(&self, time: &str) -> Self {
        Self { time: Some(time.to_owned()), ..self.clone() }
    }

    /// The same client with another body than the one it signs.
    #[must_use]
    pub fn with_forged_body(&self, body: &str) -> Self {
        Self { forged_body: Some(body.to_owned()), ..self.clone() }
    }

    /// Runs an action with parameters.
    ///
    /// # Panics
    /// When there is no HTTP reply.
    #[track_caller]
    pub fn act(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        match self.scheme {
            Scheme::Acs3 => self.acs3(action, parameters),
            Scheme::Rpc => self.rpc(action, parameters),
        }
    }

    /// Runs a command of a space's database; gives `AffectedDocs` and the decoded `Result`.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn db(&self, space: &Space, collection: &str, command: &str, params: Value) -> (u64, Value) {
        let body = db_params(collection, command, params).to_string();
        let answer = self.act("RunDBCommand", &[("SpaceId", &space.id), ("Body", &body)]);
        let json = answer.json();
        assert_eq!(answer.status, 200, "{json}");
        let result = json["Result"].as_str().map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into()));
        (json["AffectedDocs"].as_u64().unwrap_or_default(), result.unwrap_or_default())
    }

    fn time(&self) -> String {
        self.time.clone().unwrap_or_else(|| utc(SystemTime::now()))
    }

    fn nonce(&self) -> String {
        self.nonce.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
    }

    fn acs3(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let body = form(parameters);
        let hash = hex::encode(Sha256::digest(&body));
        let host = self.http.trim_start_matches("http://");
        let (time, nonce) = (self.time(), self.nonce());
        let signed = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("host", host),
            ("x-acs-action", action),
            ("x-acs-content-sha256", &hash),
            ("x-acs-date", &time),
            ("x-acs-signature-nonce", &nonce),
            ("x-acs-version", "2019-06-15"),
        ];
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let headers: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("POST\n/\n\n{headers}\n{names}\n{hash}");
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(Sha256::digest(canonical)));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key_secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(to_sign.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let authorization = format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}", self.key_id);
        let mut sent: Vec<(&str, &str)> = signed.into_iter().filter(|(name, _)| *name != "host").collect();
        sent.push(("authorization", &authorization));
        let body = self.forged_body.as_deref().unwrap_or(&body);
        post(&self.agent, &format!("{}/", self.http), &sent, body.as_bytes())
    }

    fn rpc(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let (time, nonce) = (self.time(), self.nonce());
        let mut query = vec![
            ("AccessKeyId", self.key_id.as_str()),
            ("Action", action),
            ("Format", "json"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", &nonce),
            ("SignatureVersion", "1.0"),
            ("Timestamp", &time),
            ("Version", "2019-06-15"),
        ];
        let sorted: BTreeMap<&str, &str> = query.iter().chain(parameters).copied().collect();
        let sorted: Vec<(&str, &str)> = sorted.into_iter().collect();
        let to_sign = format!("POST&%2F&{}", encode(&form(&sorted)));
        let mut mac = Hmac::<Sha1>::new_from_slice(format!("{}&", self.key_secret).as_bytes()).expect("HMAC takes keys of any length");
        mac.update(to_sign.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        query.push(("Signature", &signature));
        let body = self.forged_body.clone().unwrap_or_else(|| form(parameters));
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        post(&self.agent, &format!("{}/?{}", self.http, form(&query)), &headers, body.as_bytes())
    }
}

fn form(parameters: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// Escapes all but the unreserved characters of RFC 3986.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A time as the API wants it: ISO 8601 in UTC, without fractions.
pub fn utc(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
