//! RSA keys, and RSASSA-PKCS1-v1_5 with SHA-256, which Alipay calls RSA2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// The app's private key.
pub struct PrivateKey(KeyPair);

impl PrivateKey {
    /// Reads PKCS#1 or PKCS#8, as PEM or as its bare Base64. None for anything else, and for keys
    /// below 2048 or above 4096 bits.
    pub fn read(text: &str) -> Option<Self> {
        let der = der(text)?;
        KeyPair::from_pkcs8(&der).or_else(|_| KeyPair::from_der(&der)).ok().map(Self)
    }

    /// The signature of text, in Base64. None when the system has no random bytes.
    pub fn sign(&self, text: &str) -> Option<String> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
        Some(STANDARD.encode(signature))
    }
}

/// Alipay's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads X.509's SubjectPublicKeyInfo or PKCS#1, as PEM or as its bare Base64. None for anything
    /// else, and for keys below 2048 bits.
    pub fn read(text: &str) -> Option<Self> {
        let der = der(text)?;
        match SubjectPublicKeyInfoRef::from_der(&der) {
            Ok(info) => Self::pkcs1(info.subject_public_key.as_bytes()?),
            Err(_) => Self::pkcs1(&der),
        }
    }

    /// Reads PKCS#1 in DER.
    pub fn pkcs1(der: &[u8]) -> Option<Self> {
        let mut reader = SliceReader::new(der).ok()?;
        let modulus = reader.sequence(|reader| {
            let modulus = UintRef::decode(reader)?;
            UintRef::decode(reader)?;
            Ok(modulus.as_bytes().len())
        });
        (modulus.ok()? >= 256 && reader.is_finished()).then(|| Self(der.to_vec()))
    }

    /// Whether a signature in Base64 is that of text.
    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| self.verifies_bytes(text.as_bytes(), &signature))
    }

    /// The same of bytes.
    pub fn verifies_bytes(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(bytes, signature).is_ok()
    }
}

/// What a PEM block or bare Base64 holds.
pub fn der(text: &str) -> Option<Vec<u8>> {
    let inside = match text.split_once("-----BEGIN ") {
        None => text,
        Some((_, rest)) => rest.split_once("-----")?.1.split_once("-----END ")?.0,
    };
    let base64: String = inside.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(base64).ok().filter(|der| !der.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::keys;

    fn bare(pem: &str) -> String {
        pem.lines().filter(|line| !line.starts_with("-----")).collect()
    }

    #[test]
    fn keys_are_read_in_all_forms_and_nothing_else_is() {
        let signature = PrivateKey::read(keys::APP).unwrap().sign("a=1").unwrap();
        for form in [keys::APP_PKCS1.to_owned(), bare(keys::APP), bare(keys::APP_PKCS1), keys::APP.replace('\n', "\r\n")] {
            assert_eq!(PrivateKey::read(&form).unwrap().sign("a=1").unwrap(), signature);
        }
        let public = PublicKey::read(keys::APP_PUBLIC).unwrap();
        assert_eq!(PublicKey::read(&bare(keys::APP_PUBLIC)).unwrap(), public);
        assert_eq!(PublicKey::read(&STANDARD.encode(&public.0)).unwrap(), public, "PKCS#1");
        assert!(public.verifies("a=1", &signature));
        assert!(!public.verifies("a=2", &signature));
        assert!(!public.verifies("a=1", &signature.replacen(|c: char| c.is_ascii_lowercase(), "A", 1)));
        assert!(!public.verifies("a=1", "no base64!"));
        assert!(!PublicKey::read(keys::ALIPAY_PUBLIC).unwrap().verifies("a=1", &signature));
        for text in ["", "key", "AAAA", "-----BEGIN X-----", keys::ROOTS, keys::APP_PUBLIC] {
            assert!(PrivateKey::read(text).is_none(), "{text}");
        }
        for text in ["", "key", "AAAA", keys::APP] {
            assert!(PublicKey::read(text).is_none(), "{text}");
        }
    }
}
