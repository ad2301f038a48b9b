//! Private keys as they are stored: encrypted with a key that belongs to the data folder.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sdk_plugin::{Error, Result, codes};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What encrypts private keys: AES-256-GCM under a secret of the master key.
pub struct Seal {
    key: LessSafeKey,
    /// Tells keys apart, so that it can be said that it is another one.
    id: String,
}

/// An encrypted text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// The id of the key.
    key_id: String,
    /// Nonce, text and tag, in Base64.
    text: String,
}

impl Seal {
    /// Encrypts with a secret.
    ///
    /// # Errors
    /// None that are known.
    pub fn new(secret: &[u8; 32]) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, secret).map_err(|_| Error::internal("AES-256 refused a key of 32 bytes"))?;
        let id = Sha256::new().chain_update("mpcloud certificates key id").chain_update(secret).finalize();
        Ok(Self { key: LessSafeKey::new(key), id: hex::encode(&id[..8]) })
    }

    /// Encrypts a text that belongs to a name.
    ///
    /// # Errors
    /// `InternalError` when it is too long.
    pub fn seal(&self, name: &str, text: &[u8]) -> Result<Sealed> {
        // Random nonces are safe for some 2^32 texts under one key (NIST SP 800-38D, 8.3).
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut bytes = text.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut bytes)
            .map_err(|_| Error::internal("a private key cannot be encrypted"))?;
        Ok(Sealed { key_id: self.id.clone(), text: STANDARD.encode([&nonce[..], &bytes].concat()) })
    }

    /// Decrypts a text of a name.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it was encrypted with another master key, or was changed.
    pub fn open(&self, name: &str, sealed: &Sealed) -> Result<Vec<u8>> {
        let cannot = |why: &str| Error::new(codes::CONFIG, format!("the private key of `{name}` cannot be decrypted: {why}"));
        if sealed.key_id != self.id {
            return Err(cannot(
                "it was encrypted with another master key; give this node the master.key of the others, or the one of the backup",
            ));
        }
        let changed = || cannot("its record was changed");
        let bytes = STANDARD.decode(&sealed.text).map_err(|_| changed())?;
        let (nonce, text) = bytes.split_first_chunk().ok_or_else(changed)?;
        let mut text = text.to_vec();
        let opened = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(name), &mut text);
        let length = opened.map_err(|_| changed())?.len();
        text.truncate(length);
        Ok(text)
    }

    /// The id of the key.
    pub fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_only_under_its_own_name_and_master_key() {
        let seal = Seal::new(&[1; 32]).unwrap();
        let sealed = seal.seal("a.com", b"secret").unwrap();
        assert_eq!(seal.open("a.com", &sealed).unwrap(), b"secret");
        assert_ne!(sealed.text, seal.seal("a.com", b"secret").unwrap().text);
        assert!(!sealed.text.contains("secret"));
        assert!(seal.open("b.com", &sealed).unwrap_err().message().contains("changed"));
        let other = Seal::new(&[2; 32]).unwrap().open("a.com", &sealed).unwrap_err();
        assert_eq!(other.code(), codes::CONFIG);
        assert!(other.message().contains("another master key"), "{other}");
        for text in ["", "AAAA", "no base64"] {
            assert!(seal.open("a.com", &Sealed { text: text.into(), ..sealed.clone() }).is_err());
        }
    }
}
