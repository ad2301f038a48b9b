//! Who signed a management request, and whether they did.
//!
//! Two schemes: ACS3-HMAC-SHA256, whose fields are headers, and RPC 1.0 (HMAC-SHA1), whose fields
//! are parameters. Either way a request is good for one use, within 15 minutes of its timestamp.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use sdk_plugin::contract::management::MISSING_PARAMETER;
use sdk_plugin::{Error, Result};
use subtle::ConstantTimeEq as _;

use super::access_keys::AccessKeys;
use super::canonical::{self, ACS3, Acs3};
use super::nonces::Nonces;
use super::parameters::Parameters;
use super::{ManagementRequest, VERSION, codes, timestamp};

/// How far a timestamp may be off, in milliseconds, either way.
pub const MAX_SKEW_MS: i64 = 15 * 60 * 1000;

/// How much of what the server signed is shown to a caller whose signature differs, in characters.
const SHOWN: usize = 8192;

/// Parameters of the RPC scheme itself, which no action sees.
const COMMON: [&str; 10] = [
    "AccessKeyId",
    "Action",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

/// A request whose signature is good.
#[derive(Debug)]
pub struct Verified {
    /// The action it asks for.
    pub action: String,
    /// Its parameters, without those of the scheme.
    pub parameters: Parameters,
}

/// What a request claims before it has been checked.
struct Claim {
    action: String,
    version: String,
    parameters: Parameters,
    key_id: String,
    timestamp: String,
    nonce: String,
    signature: Vec<u8>,
    string_to_sign: String,
    sign: fn(&str, &str) -> Vec<u8>,
    /// What is shown to a caller whose signature differs.
    explanation: String,
}

/// Checks a request. `now_ms` is the time in milliseconds since 1970.
///
/// # Errors
/// A code of [`codes`], or `MissingParameter` and `InvalidParameter`.
pub async fn authenticate(keys: &AccessKeys, nonces: &Nonces, request: &ManagementRequest, now_ms: i64) -> Result<Verified> {
    let claim = match request.headers.get(header::AUTHORIZATION) {
        Some(authorization) => Claim::acs3(request, &String::from_utf8_lossy(authorization.as_bytes()))?,
        None => Claim::rpc(request)?,
    };
    if claim.version != VERSION {
        return Err(Error::new(
            codes::INVALID_VERSION,
            format!("the version `{}` is not served here; the version is {VERSION}", claim.version),
        ));
    }
    let Some(key) = keys.find(&claim.key_id) else {
        return Err(Error::new(codes::UNKNOWN_KEY, format!("the access key `{}` does not exist", claim.key_id)));
    };
    let Some(time) = timestamp::parse(&claim.timestamp) else {
        let message = format!("the timestamp `{}` has not the form YYYY-MM-DDThh:mm:ssZ", claim.timestamp);
        return Err(Error::new(codes::TIMESTAMP_FORMAT, message));
    };
    if time.abs_diff(now_ms) > MAX_SKEW_MS.unsigned_abs() {
        let message = format!("the timestamp {} is more than 15 minutes off; it is {} here", claim.timestamp, timestamp::format(now_ms));
        return Err(Error::new(codes::TIMESTAMP_EXPIRED, message));
    }
    let signature = (claim.sign)(&key.secret, &claim.string_to_sign);
    if signature.is_empty() || !bool::from(signature.ct_eq(&claim.signature)) {
        let shown: String = claim.explanation.chars().take(SHOWN).collect();
        let message = format!("the specified signature does not match the one computed here; {shown}");
        return Err(Error::new(codes::SIGNATURE, message));
    }
    if !nonces.use_once(&key.id, &claim.nonce).await {
        return Err(Error::new(codes::NONCE_USED, "the signature nonce was used before"));
    }
    Ok(Verified { action: claim.action, parameters: claim.parameters })
}

impl Claim {
    fn acs3(request: &ManagementRequest, authorization: &str) -> Result<Self> {
        let authorization = Acs3Authorization::parse(authorization)?;
        refuse_token(field(&request.headers, "x-acs-security-token").as_deref())?;
        let headers = &request.headers;
        let unsigned = headers
            .keys()
            .map(header::HeaderName::as_str)
            .find(|name| (*name == "host" || name.starts_with("x-acs-")) && !authorization.signed_headers.contains(name));
        if let Some(name) = unsigned {
            return Err(Error::new(codes::SIGNATURE, format!("the header {name} must be among SignedHeaders")));
        }
        let body_hash = required(headers, "x-acs-content-sha256")?;
        if !bool::from(canonical::body_hash(&request.body).as_bytes().ct_eq(body_hash.to_ascii_lowercase().as_bytes())) {
            return Err(Error::new(codes::SIGNATURE, "x-acs-content-sha256 is not the SHA-256 of the request body"));
        }
        let query = canonical::pairs(&request.query)?;
        let canonical_request = Acs3 {
            method: request.method.as_str(),
            path: &request.path,
            query: &query,
            headers,
            signed_headers: &authorization.signed_headers,
            body_hash: &body_hash,
        }
        .canonical_request();
        let string_to_sign = canonical::acs3_string_to_sign(&canonical_request);
        let mut parameters: Parameters =
            query.into_iter().filter(|(name, _)| name != "Format" && !COMMON.contains(&name.as_str())).collect();
        add_body(&mut parameters, request)?;
        Ok(Self {
            action: required(headers, "x-acs-action")?,
            version: required(headers, "x-acs-version")?,
            parameters,
            key_id: authorization.credential.to_owned(),
            timestamp: required(headers, "x-acs-date")?,
            nonce: required(headers, "x-acs-signature-nonce")?,
            signature: hex::decode(authorization.signature).unwrap_or_default(),
            explanation: format!("server string to sign is [{string_to_sign}], server canonical request is [{canonical_request}]"),
            string_to_sign,
            sign: canonical::acs3_signature,
        })
    }

    fn rpc(request: &ManagementRequest) -> Result<Self> {
        let query = canonical::pairs(&request.query)?;
        let body = canonical::pairs(body_text(request)?)?;
        let all: BTreeMap<String, String> = query.iter().chain(&body).cloned().collect();
        let get = |name: &str| all.get(name).filter(|text| !text.is_empty()).cloned();
        let require = |name: &str| get(name).ok_or_else(|| super::parameters::missing(name));
        let Some(key_id) = get("AccessKeyId") else {
            return Err(Error::new(codes::UNSIGNED, "the request is not signed: it has neither an Authorization header nor AccessKeyId"));
        };
        refuse_token(get("SecurityToken").as_deref())?;
        if get("SignatureMethod").is_some_and(|method| method != "HMAC-SHA1")
            || get("SignatureVersion").is_some_and(|version| version != "1.0")
        {
            return Err(Error::new(
                codes::SIGNATURE_METHOD,
                "the signature method must be HMAC-SHA1 with version 1.0, or ACS3-HMAC-SHA256",
            ));
        }
        let string_to_sign = canonical::rpc_string_to_sign(request.method.as_str(), &all);
        let signature = STANDARD.decode(require("Signature")?).unwrap_or_default();
        // The SDK adds `Format=json` to the query; in the body it is a parameter of the action.
        let parameters = query.into_iter().filter(|(name, _)| name != "Format").chain(body);
        Ok(Self {
            action: require("Action")?,
            version: require("Version")?,
            timestamp: require("Timestamp")?,
            nonce: require("SignatureNonce")?,
            parameters: parameters.filter(|(name, _)| !COMMON.contains(&name.as_str())).collect(),
            key_id,
            signature,
            explanation: format!("server string to sign is:{string_to_sign}"),
            string_to_sign,
            sign: canonical::rpc_signature,
        })
    }
}

fn refuse_token(token: Option<&str>) -> Result<()> {
    match token {
        None | Some("") => Ok(()),
        Some(_) => Err(Error::new(
            codes::SECURITY_TOKEN,
            "temporary credentials are not issued here; sign with an access key and without a security token",
        )),
    }
}

fn add_body(parameters: &mut Parameters, request: &ManagementRequest) -> Result<()> {
    let json = request.headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if json && !request.body.is_empty() {
        return parameters.add_json(&request.body);
    }
    parameters.extend(canonical::pairs(body_text(request)?)?);
    Ok(())
}

fn body_text(request: &ManagementRequest) -> Result<&str> {
    std::str::from_utf8(&request.body).map_err(|_| super::parameters::invalid("Body", "the request body is not UTF-8"))
}

fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).filter(|text| !text.is_empty())
}

fn required(headers: &HeaderMap, name: &str) -> Result<String> {
    field(headers, name).ok_or_else(|| Error::new(MISSING_PARAMETER, format!("the header {name} is missing")))
}

/// The parts of `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=…`.
struct Acs3Authorization<'a> {
    credential: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Acs3Authorization<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let (scheme, fields) = text.trim().split_once(' ').unwrap_or((text, ""));
        if scheme != ACS3 {
            return Err(Error::new(codes::SIGNATURE_METHOD, format!("the signature method `{scheme}` is not known; use {ACS3}")));
        }
        let part = |name: &str| {
            let found = fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
            found.ok_or_else(|| Error::new(codes::SIGNATURE, format!("the Authorization header has no {name}")))
        };
        Ok(Self {
            credential: part("Credential")?,
            signed_headers: part("SignedHeaders")?.split(';').filter(|name| !name.is_empty()).collect(),
            signature: part("Signature")?,
        })
    }
}
