//! What was asked and answered is sealed in the database: it has names, card numbers and
//! authorizations in it, which no backup and no reader of records should have.

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

    /// Seals a value for a record, outside of which it cannot be opened.
    ///
    /// # Errors
    /// `InternalError` when the system has no random bytes.
    pub fn close(&self, record: &str, value: &impl Serialize) -> Result<String> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| Error::internal("no random bytes"))?;
        let mut sealed = serde_json::to_vec(value).map_err(Error::internal)?;
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(record.as_bytes()), &mut sealed)
            .map_err(|_| Error::internal("a value cannot be sealed"))?;
        Ok(STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens what was sealed for a record.
    ///
    /// # Errors
    /// `InternalError` when it was sealed with another key or for another record, or was changed.
    pub fn open<T: DeserializeOwned>(&self, record: &str, sealed: &str) -> Result<T> {
        let broken = || Error::internal("a sealed value cannot be opened").with_context("record", record);
        let bytes = STANDARD.decode(sealed).map_err(|_| broken())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut sealed = sealed.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(record.as_bytes()), &mut sealed).map_err(|_| broken())?;
        serde_json::from_slice(opened).map_err(Error::internal)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_own_record_only() {
        let seal = Seal::new(&[1; 32]).unwrap();
        let sealed = seal.close("a", &"6222020200112233").unwrap();
        assert!(!sealed.contains("6222"));
        assert_eq!(seal.open::<String>("a", &sealed).unwrap(), "6222020200112233");
        assert!(seal.open::<String>("b", &sealed).is_err());
        assert!(Seal::new(&[2; 32]).unwrap().open::<String>("a", &sealed).is_err());
        assert!(seal.open::<String>("a", "AA==").is_err());
        assert!(Seal::new(&[1; 31]).is_err());
    }
}
