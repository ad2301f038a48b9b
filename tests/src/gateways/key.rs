//! RSA keys: RSASSA-PKCS1-v1_5 with SHA-256, in Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};

/// A pair of keys.
pub(super) struct Key(KeyPair);

impl Key {
    /// Reads a private key: PKCS#8, PEM.
    pub fn read(pem: &str) -> Self {
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(base64).expect("PEM");
        Self(KeyPair::from_pkcs8(&der).expect("an RSA key"))
    }

    /// The signature of some bytes.
    pub fn sign(&self, bytes: &[u8]) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).expect("a signature");
        STANDARD.encode(signature)
    }

    /// Whether a signature is this key's for some bytes.
    pub fn signed(&self, bytes: &[u8], signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0.public().as_ref()).verify(bytes, &signature).is_ok()
    }
}
