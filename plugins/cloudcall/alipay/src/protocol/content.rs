//! Encrypted content: AES-128 in CBC mode with PKCS#7, an initialization vector of zeros, in Base64.
//!
//! The vector is Alipay's choice. It tells whether two texts begin alike, and nothing protects the
//! text from changes but the signature around it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const VECTOR: [u8; 16] = [0; 16];

/// The key of an app's content.
#[derive(Clone)]
pub struct ContentKey([u8; 16]);

impl ContentKey {
    /// Reads a key of 128 bits in Base64; none for anything else.
    pub fn read(text: &str) -> Option<Self> {
        STANDARD.decode(text.trim()).ok()?.try_into().ok().map(Self)
    }

    /// Encrypts text.
    pub fn encrypt(&self, text: &str) -> String {
        STANDARD.encode(aes_cbc::encrypt(&self.0, &VECTOR, text.as_bytes()))
    }

    /// Decrypts text; none when it was not made by [`ContentKey::encrypt`] with this key.
    pub fn decrypt(&self, text: &str) -> Option<String> {
        let plain = aes_cbc::decrypt(&self.0, &VECTOR, &STANDARD.decode(text).ok()?)?;
        String::from_utf8(plain).ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_value_and_back() {
        let key = ContentKey::read("aa4BtZ4tspm2wnXLb1ThQA==").unwrap();
        assert_eq!(key.encrypt("test1234567"), "ILpoMowjIQjfYMR847rnFQ==");
        assert_eq!(key.decrypt("ILpoMowjIQjfYMR847rnFQ==").unwrap(), "test1234567");
        for text in ["", "中文 {}", "0123456789abcdef"] {
            assert_eq!(key.decrypt(&key.encrypt(text)).unwrap(), text);
        }
        for text in ["", "x", "AAAA", "ILpoMowjIQjfYMR847rnFA=="] {
            assert!(key.decrypt(text).is_none(), "{text}");
        }
        assert!(ContentKey::read("AAAA").is_none());
    }
}
