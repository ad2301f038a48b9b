//! What WeChat Pay encrypts with a merchant's APIv3 key: notifications and certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::Deserialize;

/// The only algorithm there is.
pub const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// An encrypted part of a message.
#[derive(Clone, Debug, Deserialize)]
pub struct Resource {
    /// [`ALGORITHM`].
    pub algorithm: String,
    /// Base64; the last 16 bytes are the tag.
    pub ciphertext: String,
    /// What the tag covers besides.
    #[serde(default)]
    pub associated_data: Option<String>,
    /// 12 bytes.
    pub nonce: String,
    /// What is inside, such as `transaction`.
    #[serde(default)]
    pub original_type: Option<String>,
}

impl Resource {
    /// What is inside; none when the key, of 32 bytes, is another, or anything was changed.
    pub fn open(&self, key: &str) -> Option<Vec<u8>> {
        if self.algorithm != ALGORITHM {
            return None;
        }
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).ok()?);
        let nonce = Nonce::try_assume_unique_for_key(self.nonce.as_bytes()).ok()?;
        let mut bytes = STANDARD.decode(&self.ciphertext).ok()?;
        let aad = Aad::from(self.associated_data.as_deref().unwrap_or_default().as_bytes());
        let length = key.open_in_place(nonce, aad, &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{API_V3_KEY, seal};

    fn sealed(aad: Option<&str>) -> Resource {
        let ciphertext = seal(API_V3_KEY, "0123456789ab", aad.unwrap_or_default(), b"{\"a\":1}");
        let aad = aad.map(str::to_owned);
        Resource { algorithm: ALGORITHM.into(), ciphertext, associated_data: aad, nonce: "0123456789ab".into(), original_type: None }
    }

    #[test]
    fn it_opens_with_or_without_associated_data() {
        for aad in [None, Some(""), Some("transaction")] {
            assert_eq!(sealed(aad).open(API_V3_KEY).unwrap(), b"{\"a\":1}");
        }
    }

    #[test]
    fn nothing_may_be_changed() {
        let genuine = sealed(Some("transaction"));
        assert!(genuine.open("another key of thirty two bytes!").is_none());
        assert!(genuine.open("short").is_none());
        let aad = Resource { associated_data: Some("refund".into()), ..genuine.clone() };
        let nonce = Resource { nonce: "0123456789ac".into(), ..genuine.clone() };
        let long = Resource { nonce: "0123456789abc".into(), ..genuine.clone() };
        let algorithm = Resource { algorithm: "AES".into(), ..genuine.clone() };
        let mut bytes = STANDARD.decode(&genuine.ciphertext).unwrap();
        let cut = Resource { ciphertext: STANDARD.encode(&bytes[..bytes.len() - 1]), ..genuine.clone() };
        *bytes.last_mut().unwrap() ^= 1;
        let tag = Resource { ciphertext: STANDARD.encode(&bytes), ..genuine.clone() };
        let none = Resource { ciphertext: String::new(), ..genuine };
        for changed in [aad, nonce, long, algorithm, cut, tag, none] {
            assert!(changed.open(API_V3_KEY).is_none(), "{changed:?}");
        }
    }
}
