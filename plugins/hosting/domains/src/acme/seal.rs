//! Secrets in the database are sealed, so that who can read it has not got them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use sdk_plugin::{Error, Result};

/// Seals with AES-256-GCM.
pub struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Seal {
    /// A seal with a key of 32 bytes.
    ///
    /// # Errors
    /// `InternalError` when the key has another length.
    pub fn new(key: &[u8]) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::internal("the key of the seal has a wrong length"))?;
        Ok(Self { key: LessSafeKey::new(key), random: SystemRandom::new() })
    }

    /// Seals a secret for a place, outside of which it cannot be opened.
    ///
    /// # Errors
    /// `InternalError` when the system has no random bytes.
    pub fn close(&self, place: &str, secret: &str) -> Result<String> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| Error::internal("no random bytes"))?;
        let mut sealed = secret.as_bytes().to_vec();
        let key = &self.key;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut sealed)
            .map_err(|_| Error::internal("a secret cannot be sealed"))?;
        Ok(STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens what was sealed for a place; none when it was sealed with another key or for another
    /// place, or was changed.
    pub fn open(&self, place: &str, sealed: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_at_its_place_only() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let sealed = seal.close("account", "secret").unwrap();
        assert!(!sealed.contains("secret"));
        assert_ne!(sealed, seal.close("account", "secret").unwrap(), "no two are alike");
        assert_eq!(seal.open("account", &sealed).unwrap(), "secret");
        assert!(seal.open("order", &sealed).is_none());
        assert!(Seal::new(&[8; 32]).unwrap().open("account", &sealed).is_none());
        let mut changed = STANDARD.decode(&sealed).unwrap();
        *changed.last_mut().unwrap() ^= 1;
        assert!(seal.open("account", &STANDARD.encode(changed)).is_none());
        for text in ["", "AAAA", "no base64!"] {
            assert!(seal.open("account", text).is_none(), "{text}");
        }
        assert!(Seal::new(&[7; 16]).is_err());
    }
}
