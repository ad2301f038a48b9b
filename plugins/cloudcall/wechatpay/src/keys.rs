//! Keys as merchants and platforms give them out: PEM, or its Base64 alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use x509_cert::Certificate;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// RSA (RFC 8017, A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A merchant's private key: PKCS#8 or PKCS#1, RSA of 2048 bits and more.
pub struct PrivateKey(KeyPair);

impl PrivateKey {
    /// Reads one.
    pub fn read(text: &str) -> Option<Self> {
        let der = bytes(text)?;
        KeyPair::from_pkcs8(&der).or_else(|_| KeyPair::from_der(&der)).ok().map(Self)
    }

    /// The signature of some bytes (RSASSA-PKCS1-v1_5 with SHA-256), in Base64.
    pub fn sign(&self, bytes: &[u8]) -> Option<String> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).ok()?;
        Some(STANDARD.encode(signature))
    }
}

/// A public key of the platform.
#[derive(Clone)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads a `PUBLIC KEY`.
    pub fn read(text: &str) -> Option<Self> {
        Self::of_info(&bytes(text)?)
    }

    fn of_info(der: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::try_from(der).ok().filter(|info| info.algorithm.oid == RSA)?;
        Some(Self(info.subject_public_key.as_bytes()?.to_vec()))
    }

    /// Whether a signature in Base64 is this key's for some bytes.
    pub fn verifies(&self, bytes: &[u8], signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(bytes, &signature).is_ok()
    }
}

/// A certificate of the platform.
#[derive(Clone)]
pub struct PlatformCertificate {
    /// Its serial number in hexadecimal digits, upper case, without zeros in front.
    pub serial: String,
    /// The first and the last second in which it holds, since 1970.
    pub life: (u64, u64),
    /// Its key.
    pub key: PublicKey,
}

impl PlatformCertificate {
    /// Reads a `CERTIFICATE`.
    pub fn read(text: &str) -> Option<Self> {
        let certificate = Certificate::from_der(&bytes(text)?).ok()?.tbs_certificate;
        let validity = certificate.validity;
        Some(Self {
            serial: serial(&hex::encode(certificate.serial_number.as_bytes())),
            life: (validity.not_before.to_unix_duration().as_secs(), validity.not_after.to_unix_duration().as_secs()),
            key: PublicKey::of_info(&certificate.subject_public_key_info.to_der().ok()?)?,
        })
    }
}

/// A serial number in the form in which two are compared.
pub fn serial(text: &str) -> String {
    text.trim_start_matches('0').to_ascii_uppercase()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.flat_map(|line| line.split_ascii_whitespace()).collect::<String>()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{MERCHANT_KEY, MERCHANT_PKCS1, MERCHANT_PUBLIC, PLATFORM_CERTIFICATE, PLATFORM_KEY, PLATFORM_SERIAL};

    #[test]
    fn keys_are_read_in_every_form_and_sign_alike() {
        let bare: String = MERCHANT_KEY.lines().filter(|line| !line.starts_with('-')).collect();
        let windows = MERCHANT_KEY.replace('\n', "\r\n");
        let signatures = [MERCHANT_KEY, MERCHANT_PKCS1, &bare, &windows].map(|text| PrivateKey::read(text).unwrap().sign(b"text").unwrap());
        assert!(signatures.iter().all(|signature| *signature == signatures[0]));
        let public = PublicKey::read(MERCHANT_PUBLIC).unwrap();
        assert!(public.verifies(b"text", &signatures[0]));
        assert!(!public.verifies(b"texT", &signatures[0]));
        assert!(!public.verifies(b"text", "no base64!"));
        assert!(!public.verifies(b"text", ""));
        for text in ["", "-----BEGIN PRIVATE KEY-----", "AAAA", MERCHANT_PUBLIC] {
            assert!(PrivateKey::read(text).is_none());
        }
        for text in ["", "AAAA", MERCHANT_KEY, PLATFORM_CERTIFICATE] {
            assert!(PublicKey::read(text).is_none());
        }
    }

    #[test]
    fn a_certificate_has_its_serial_its_life_and_its_key() {
        let certificate = PlatformCertificate::read(PLATFORM_CERTIFICATE).unwrap();
        assert_eq!(certificate.serial, PLATFORM_SERIAL);
        assert!(certificate.life.0 < certificate.life.1);
        let signature = PrivateKey::read(PLATFORM_KEY).unwrap().sign(b"text").unwrap();
        assert!(certificate.key.verifies(b"text", &signature));
        assert_eq!(serial("005a0f"), "5A0F");
        assert!(PlatformCertificate::read(MERCHANT_PUBLIC).is_none());
    }
}
