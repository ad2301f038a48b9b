//! A space's two secrets: text for the client SDK's HMAC, an RSA key for the server SDK.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use num_bigint::BigUint;
use rand::RngCore;
use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// The public half of a server secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    modulus: String,
    exponent: String,
}

/// A fresh client secret: 32 random bytes in base64. The SDK uses it as text, undecoded.
pub fn client_secret() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    STANDARD.encode(bytes)
}

/// A fresh 2,048-bit RSA key: the private one as a PKCS#8 PEM text, and its public half.
/// Takes a good part of a second, so it must not run on a reactor thread.
///
/// # Errors
/// `InternalError` when the generator fails.
pub fn server_secret() -> Result<(String, PublicKey)> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(Error::internal)?;
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).map_err(Error::internal)?;
    let encoded = STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in encoded.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok((pem, PublicKey::from_pkcs1(pair.public_key().as_ref())?))
}

impl PublicKey {
    /// Reads the PKCS#1 form (RFC 8017, appendix A.1.1) that the generator gives: a sequence of
    /// the modulus, 2,048 bits, and the exponent 65,537. All keys made here have this one layout.
    fn from_pkcs1(der: &[u8]) -> Result<Self> {
        const BEFORE: [u8; 9] = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
        const AFTER: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];
        let modulus = der.strip_prefix(&BEFORE).and_then(|rest| rest.strip_suffix(&AFTER)).filter(|modulus| modulus.len() == 256);
        let modulus = modulus.ok_or_else(|| Error::internal("the generator gave a key of another form"))?;
        Ok(Self { modulus: hex::encode(modulus), exponent: "010001".to_owned() })
    }
}

/// Checks the client SDK's signature: HMAC-MD5 in hexadecimal digits, in constant time.
pub fn verify_client(secret: &str, signed: &[u8], signature: &str) -> bool {
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(signed);
    match hex::decode(signature) {
        Ok(given) => mac.finalize().into_bytes().as_slice().ct_eq(&given).into(),
        Err(_) => false,
    }
}

/// A public key that is ready for use.
#[derive(Clone, Debug)]
pub struct Verifier {
    modulus: BigUint,
    exponent: BigUint,
    length: usize,
}

/// What stands before the digest in a signature with MD5 (RFC 8017, section 9.2, note 1).
const MD5_DIGEST_INFO: [u8; 18] =
    [0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04, 0x10];

impl Verifier {
    /// Prepares a key.
    ///
    /// # Errors
    /// `InternalError` when the record holds no RSA key.
    pub fn new(key: &PublicKey) -> Result<Self> {
        let modulus = hex::decode(&key.modulus).map_err(Error::internal)?;
        let exponent = hex::decode(&key.exponent).map_err(Error::internal)?;
        if modulus.len() < 128 || exponent.is_empty() {
            return Err(Error::internal("the space's public key is not an RSA key"));
        }
        Ok(Self { length: modulus.len(), modulus: BigUint::from_bytes_be(&modulus), exponent: BigUint::from_bytes_be(&exponent) })
    }

    /// Checks the server SDK's signature: RSASSA-PKCS1-v1_5 over MD5 in hexadecimal digits (RFC
    /// 8017, section 8.2.2). TLS libraries no longer offer MD5, so the public operation is done
    /// here: the expected encoding is built and compared whole, which leaves nothing to parse.
    pub fn verify_server(&self, signed: &[u8], signature: &str) -> bool {
        let Ok(given) = hex::decode(signature) else { return false };
        if given.len() != self.length {
            return false;
        }
        let given = BigUint::from_bytes_be(&given);
        if given >= self.modulus {
            return false;
        }
        let opened = given.modpow(&self.exponent, &self.modulus);
        let digest = Md5::digest(signed);
        let mut expected = vec![0xff; self.length - MD5_DIGEST_INFO.len() - digest.len()];
        if let [first, second, .., last] = expected.as_mut_slice() {
            (*first, *second, *last) = (0, 1, 0);
        }
        expected.extend_from_slice(&MD5_DIGEST_INFO);
        expected.extend_from_slice(&digest);
        opened == BigUint::from_bytes_be(&expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_vector_of_the_client_sdk() {
        let signed = "method=serverless.function.runtime.invoke&params={\"functionTarget\":\"hello\",\"functionArgs\":{\"name\":\"小明\",\"n\":1}}&spaceId=11111111-2222-3333-4444-555555555555&timestamp=1700000000000&token=tok-123";
        assert!(verify_client("test-client-secret", signed.as_bytes(), "82c28fd7449418ce7093293d278eac41"));
        assert!(!verify_client("test-client-secret", signed.as_bytes(), "82c28fd7449418ce7093293d278eac42"));
        assert!(!verify_client("test-client-secret", signed.as_bytes(), "82c28fd7"));
        assert!(!verify_client("test-client-secret", signed.as_bytes(), "not hex"));
    }

    /// Signs as the server SDK does, with Node.js, whose OpenSSL still has MD5.
    fn node_sign(pem: &str, text: &str) -> String {
        let script = "const [pem, text] = JSON.parse(require('fs').readFileSync(0)); process.stdout.write(require('crypto').createSign('RSA-MD5').update(text).sign(pem, 'hex'))";
        let mut node = std::process::Command::new("node")
            .args(["-e", script])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("node runs");
        serde_json::to_writer(node.stdin.take().expect("stdin"), &[pem, text]).expect("written");
        String::from_utf8(node.wait_with_output().expect("output").stdout).expect("hex")
    }

    #[test]
    fn nodes_rsa_md5_is_accepted_and_nothing_else() {
        let (pem, public) = server_secret().expect("generated");
        let verifier = Verifier::new(&public).expect("a key");
        let signature = node_sign(&pem, "method=m&spaceId=s");
        assert_eq!(signature.len(), 512);
        assert!(verifier.verify_server(b"method=m&spaceId=s", &signature));
        assert!(!verifier.verify_server(b"method=m&spaceId=t", &signature));
        assert!(!verifier.verify_server(b"method=m&spaceId=s", &signature[2..]));
        assert!(!verifier.verify_server(b"method=m&spaceId=s", &"f".repeat(512)));
        let (_, other) = server_secret().expect("generated");
        assert!(!Verifier::new(&other).expect("a key").verify_server(b"method=m&spaceId=s", &signature));
    }
}
