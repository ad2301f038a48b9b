//! Whether a chain and a key can serve a host.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::ring::default_provider;
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore, SignatureAlgorithm};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use sdk_plugin::contract::domains::{Certificate, INVALID_CERTIFICATE, Upload};
use sdk_plugin::{Error, Result};
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Validity;

/// The longest chain with key as PEM, in bytes.
const MAX_PEM: usize = 64 << 10;
/// The most certificates of a chain.
const MAX_CHAIN: usize = 10;
/// The longest name for people, and origin, in characters.
const MAX_TEXT: usize = 128;

/// A chain and key that belong together.
pub struct Pair {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

fn refuse(why: impl Into<String>) -> Error {
    Error::new(INVALID_CERTIFICATE, why)
}

/// Reads a chain and its key.
///
/// # Errors
/// [`INVALID_CERTIFICATE`] for what is not PEM, or holds no certificate or key.
pub fn read(chain: &str, key: &str) -> Result<Pair> {
    if chain.len() + key.len() > MAX_PEM {
        return Err(refuse(format!("chain and key must not have more than {MAX_PEM} bytes")));
    }
    let certificates = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<std::result::Result<Vec<_>, _>>();
    let chain = certificates.map_err(|e| refuse(format!("the chain is not PEM: {e}")))?;
    if chain.is_empty() || chain.len() > MAX_CHAIN {
        return Err(refuse(format!("the chain must have 1 to {MAX_CHAIN} certificates, as PEM")));
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| refuse("the key must be a private key as PEM: PKCS#8, PKCS#1 or SEC1, and not encrypted"))?;
    Ok(Pair { chain, key })
}

/// Makes what handshakes are answered with.
///
/// # Errors
/// [`INVALID_CERTIFICATE`] for a key of a kind that TLS clients do not all take.
pub fn certified(pair: Pair) -> Result<CertifiedKey> {
    const KINDS: &str = "the key must be RSA of 2048 to 4096 bits, or ECDSA over P-256 or P-384";
    let key = rustls::crypto::ring::sign::any_supported_type(&pair.key).map_err(|_| refuse(KINDS))?;
    match key.algorithm() {
        SignatureAlgorithm::RSA | SignatureAlgorithm::ECDSA => Ok(CertifiedKey::new(pair.chain, key)),
        _ => Err(refuse(KINDS)),
    }
}

/// Checks that a chain is in order, belongs to its key, is valid now and names the host; says what
/// there is to know of it.
///
/// # Errors
/// [`INVALID_CERTIFICATE`] with what is wrong.
pub fn examine(upload: &Upload, now: SystemTime) -> Result<(Certificate, Pair)> {
    if [&upload.name, &upload.origin].iter().any(|text| text.chars().count() > MAX_TEXT || text.chars().any(char::is_control)) {
        return Err(refuse(format!("name and origin must have at most {MAX_TEXT} characters, none of them a control character")));
    }
    let pair = read(&upload.chain, &upload.key)?;
    let parsed = pair.chain.iter().map(|der| x509_cert::Certificate::from_der(der));
    let parsed = parsed.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| refuse(format!("a certificate cannot be read: {e}")))?;
    let (Some(leaf), Some(leaf_der)) = (parsed.first(), pair.chain.first()) else { return Err(refuse("the chain is empty")) };
    for links in parsed.windows(2) {
        if let [lower, upper] = links
            && lower.tbs_certificate.issuer != upper.tbs_certificate.subject
        {
            let (issuer, subject) = (&lower.tbs_certificate.issuer, &upper.tbs_certificate.subject);
            return Err(refuse(format!("the chain is out of order: `{issuer}` should follow, and `{subject}` does")));
        }
    }
    let (not_before, not_after) = validity(&leaf.tbs_certificate.validity);
    let now_ms = millis(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    if now_ms > not_after {
        return Err(refuse(format!("the certificate expired at {}", utc(not_after))));
    }
    if now_ms < not_before {
        return Err(refuse(format!("the certificate is not valid before {}", utc(not_before))));
    }
    let certified = certified(Pair { chain: pair.chain.clone(), key: pair.key.clone_key() })?;
    certified.keys_match().map_err(|e| match e {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => refuse("the key is not the one of the first certificate"),
        e => refuse(format!("the first certificate cannot be used: {e}")),
    })?;
    let end = ParsedCertificate::try_from(leaf_der).map_err(|e| refuse(format!("the first certificate cannot be used: {e}")))?;
    let names = names(leaf)?;
    let named = if upload.host.starts_with("*.") { names.contains(&upload.host) } else { covers(&end, &upload.host) };
    if !named {
        return Err(refuse(format!("the certificate does not name `{}`, but {}", upload.host, names.join(", "))));
    }
    verify_links(&end, &pair.chain, now)?;
    let certificate = Certificate {
        host: upload.host.clone(),
        name: upload.name.clone(),
        origin: upload.origin.clone(),
        names,
        issuer: leaf.tbs_certificate.issuer.to_string(),
        not_before,
        not_after,
        fingerprint: hex::encode(Sha256::digest(leaf_der)),
    };
    Ok((certificate, pair))
}

/// Whether a certificate is for a host, by a wildcard too.
pub fn covers(end: &ParsedCertificate<'_>, host: &str) -> bool {
    ServerName::try_from(host).is_ok_and(|name| verify_server_name(end, &name).is_ok())
}

/// Checks that each certificate has signed the one before it. Who signed the last one is for
/// clients to know.
fn verify_links(end: &ParsedCertificate<'_>, chain: &[CertificateDer<'static>], now: SystemTime) -> Result<()> {
    let Some((last, [_, between @ ..])) = chain.split_last() else { return Ok(()) };
    let broken = |e: rustls::Error| refuse(format!("the chain does not hold together: {e}"));
    let mut roots = RootCertStore::empty();
    roots.add(last.clone()).map_err(broken)?;
    let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    let algorithms = default_provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(end, &roots, between, now, algorithms).map_err(broken)
}

fn names(leaf: &x509_cert::Certificate) -> Result<Vec<String>> {
    let extension = leaf.tbs_certificate.get::<SubjectAltName>().map_err(|e| refuse(format!("its names cannot be read: {e}")))?;
    let Some((_, SubjectAltName(names))) = extension else {
        return Err(refuse("the certificate names no host: it needs the extension subjectAltName"));
    };
    let names = names.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        GeneralName::IpAddress(octets) => match *octets.as_bytes() {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            ref octets => <[u8; 16]>::try_from(octets).ok().map(|octets| std::net::Ipv6Addr::from(octets).to_string()),
        },
        _ => None,
    });
    Ok(names.collect())
}

fn validity(validity: &Validity) -> (i64, i64) {
    (millis(validity.not_before.to_unix_duration()), millis(validity.not_after.to_unix_duration()))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn utc(at: i64) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or_default());
    humantime::format_rfc3339_seconds(at).to_string()
}
