//! Secrets in the database are sealed, so that neither who can read it nor who has a backup of it
//! has got them.

#![deny(missing_docs)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use sdk_plugin::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

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

    /// Seals a value as [`close`](Self::close) does.
    ///
    /// # Errors
    /// `InternalError` when the system has no random bytes, or the value has no form in JSON.
    pub fn close_json(&self, place: &str, value: &impl Serialize) -> Result<String> {
        self.close(place, &serde_json::to_string(value).map_err(Error::internal)?)
    }

    /// Opens a value as [`open`](Self::open) does.
    ///
    /// # Errors
    /// `InternalError` when it was sealed with another key or for another place, or was changed.
    pub fn open_json<T: DeserializeOwned>(&self, place: &str, sealed: &str) -> Result<T> {
        let text =
            self.open(place, sealed).ok_or_else(|| Error::internal("a sealed value cannot be opened").with_context("place", place))?;
        serde_json::from_str(&text).map_err(Error::internal)
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

    #[test]
    fn values_are_sealed_too() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let sealed = seal.close_json("a", &["6222020200112233"]).unwrap();
        assert_eq!(seal.open_json::<Vec<String>>("a", &sealed).unwrap(), ["6222020200112233"]);
        assert!(seal.open_json::<Vec<String>>("b", &sealed).is_err());
        assert!(seal.open_json::<u64>("a", &sealed).is_err());
    }
}
