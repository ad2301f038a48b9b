//! Certificates, in the mode where they stand in for keys.

use std::time::SystemTime;

use md5::{Digest as _, Md5};
use num_bigint::BigUint;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::BasicConstraints;

use super::keys::{PublicKey, der};

const END: &str = "-----END CERTIFICATE-----";
/// What the object identifiers of RSA's signature algorithms begin with.
const RSA: &str = "1.2.840.113549.1.1";

/// What is needed of a certificate.
pub struct Known {
    /// Its serial number as Alipay counts: MD5 over the issuer and the number.
    pub serial: String,
    /// Its key; none when it is not RSA.
    pub key: Option<PublicKey>,
}

/// Reads the first certificate of PEM text; none when there is none that can be read.
pub fn read(pem: &str) -> Option<Known> {
    let certificate = first(blocks(pem).next()?)?;
    let key = &certificate.tbs_certificate.subject_public_key_info.subject_public_key;
    Some(Known { serial: serial(&certificate)?, key: key.as_bytes().and_then(PublicKey::pkcs1) })
}

/// The serial numbers of a bundle of roots: of those that are signed with RSA, joined with `_`.
/// What cannot be read is skipped, since Alipay's own bundle has such. None when nothing is left.
pub fn root_serial(pem: &str) -> Option<String> {
    let certificates = blocks(pem).filter_map(first);
    let rsa = certificates.filter(|certificate| certificate.signature_algorithm.oid.to_string().starts_with(RSA));
    let serials: Vec<String> = rsa.filter_map(|certificate| serial(&certificate)).collect();
    (!serials.is_empty()).then(|| serials.join("_"))
}

/// Reads a certificate that follows one that is trusted: of the same name, valid now, and vouched for
/// by a bundle of roots, directly or through the certificates that come with it. None otherwise.
pub fn successor(pem: &str, of: &str, roots: &str, now: SystemTime) -> Option<Known> {
    let mut chain = blocks(pem).take(MAX_CHAIN).map(first);
    let leaf = chain.next()??;
    // Authorities give certificates to merchants too, and none of those may stand in for Alipay's.
    if leaf.tbs_certificate.subject != first(blocks(of).next()?)?.tbs_certificate.subject {
        return None;
    }
    let between: Vec<Certificate> = chain.flatten().collect();
    let roots: Vec<Certificate> = blocks(roots).filter_map(first).collect();
    let mut current = &leaf;
    for _ in 0..MAX_CHAIN {
        if !valid(current, now) {
            return None;
        }
        if roots.iter().any(|root| valid(root, now) && issued(root, current)) {
            return read(pem);
        }
        current = between.iter().find(|issuer| issued(issuer, current))?;
    }
    None
}

/// The longest chain from a certificate to a root.
const MAX_CHAIN: usize = 5;

fn valid(certificate: &Certificate, now: SystemTime) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    (validity.not_before.to_system_time()..=validity.not_after.to_system_time()).contains(&now)
}

/// Whether an authority's certificate is that of who signed another one, with RSA and SHA-256.
fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    let authority = issuer.tbs_certificate.get::<BasicConstraints>().ok().flatten().is_some_and(|(_, constraints)| constraints.ca);
    let key = issuer.tbs_certificate.subject_public_key_info.subject_public_key.as_bytes().and_then(PublicKey::pkcs1);
    let (Some(key), Ok(signed), Some(signature)) = (key, certificate.tbs_certificate.to_der(), certificate.signature.as_bytes()) else {
        return false;
    };
    authority && issuer.tbs_certificate.subject == certificate.tbs_certificate.issuer && key.verifies_bytes(&signed, signature)
}

fn blocks(pem: &str) -> impl Iterator<Item = &str> {
    pem.split_inclusive(END).filter_map(|block| block.find("-----BEGIN CERTIFICATE-----").and_then(|start| block.get(start..)))
}

fn first(block: &str) -> Option<Certificate> {
    Certificate::from_der(&der(block)?).ok()
}

/// MD5 over the issuer's name, from its end, and the number in decimal.
fn serial(certificate: &Certificate) -> Option<String> {
    let certificate = &certificate.tbs_certificate;
    let mut parts = Vec::new();
    for attribute in certificate.issuer.0.iter().rev().flat_map(|name| name.0.as_slice().iter().rev()) {
        let oid = attribute.oid.to_string();
        let name = NAMES.iter().find(|(known, _)| *known == oid).map_or(oid.as_str(), |(_, name)| name);
        parts.push(format!("{name}={}", std::str::from_utf8(attribute.value.value()).ok()?));
    }
    Some(counted(&parts.join(","), certificate.serial_number.as_bytes()))
}

fn counted(issuer: &str, number: &[u8]) -> String {
    hex::encode(Md5::digest(format!("{issuer}{}", BigUint::from_bytes_be(number))))
}

const NAMES: [(&str, &str); 7] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.11", "OU"),
    ("2.5.4.10", "O"),
    ("2.5.4.6", "C"),
    ("2.5.4.8", "ST"),
    ("2.5.4.7", "L"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::keys;

    #[test]
    fn a_certificate_gives_its_key_and_a_bundle_skips_what_is_not_rsa() {
        let app = read(keys::APP_CERTIFICATE).unwrap();
        assert_eq!(app.key.unwrap(), PublicKey::read(keys::APP_PUBLIC).unwrap());
        assert_eq!(app.serial.len(), 32);
        assert_ne!(app.serial, read(keys::ALIPAY_CERTIFICATE).unwrap().serial);
        let roots = root_serial(keys::ROOTS).unwrap();
        assert_eq!(roots.split('_').map(str::len).collect::<Vec<_>>(), [32, 32], "of four, one is SM2 and one unreadable");
        assert!(root_serial("").is_none() && root_serial("-----BEGIN CERTIFICATE-----\nAAAA").is_none());
        assert!(read(keys::APP_PUBLIC).is_none());
    }

    #[test]
    fn a_successor_has_the_name_and_the_roots_of_the_one_before() {
        let now = SystemTime::now();
        let follows = |pem: &str, roots: &str, now| successor(pem, keys::ALIPAY_CERTIFICATE, roots, now).map(|known| known.serial);
        assert_eq!(
            follows(keys::ALIPAY_SECOND_CERTIFICATE, keys::ROOTS, now),
            read(keys::ALIPAY_SECOND_CERTIFICATE).map(|known| known.serial)
        );
        assert!(follows(keys::IMPOSTOR_CERTIFICATE, keys::ROOTS, now).is_none(), "nobody vouches for it");
        assert!(follows(keys::APP_CERTIFICATE, keys::ROOTS, now).is_none(), "a merchant's");
        assert!(follows(keys::ALIPAY_SECOND_CERTIFICATE, "", now).is_none());
        assert!(follows(keys::ALIPAY_SECOND_CERTIFICATE, keys::ALIPAY_CERTIFICATE, now).is_none(), "no authority");
        assert!(follows(keys::ALIPAY_SECOND_CERTIFICATE, keys::ROOTS, SystemTime::UNIX_EPOCH).is_none(), "not valid then");
    }

    #[test]
    fn alipays_own_authorities_have_the_numbers_that_everybody_sends() {
        let ant = "CN=Ant Financial Certification Authority R1,OU=Certification Authority,O=Ant Financial,C=CN";
        assert_eq!(counted(ant, &[0x1f, 0xcf, 0xa1, 0x8d, 0x6a, 0x48, 0x0d, 0x11]), "687b59193f3f462dd5336e5abf83c5d8");
        let trust = "CN=iTrusChina Class 2 Root CA - G3,OU=China Trust Network,O=iTrusChina,C=CN";
        let number = hex::decode("10c764e9d560384212d9c08fd10e373fdd0fb396").unwrap();
        assert_eq!(counted(trust, &number), "02941eef3187dddf3d3b83462e1dfcf6");
    }
}
