//! The texts that WeChat Pay and its merchants sign (API v3, "signature" chapters).

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::keys::PrivateKey;

/// The scheme of `Authorization`, and the value of `Wechatpay-Signature-Type`.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// How far a timestamp may be from our clock, in seconds.
pub const SKEW: u64 = 300;

/// What a merchant signs of a request: its target is the path with the query, its body the exact
/// bytes that are sent.
pub fn request_text(method: &str, target: &str, timestamp: u64, nonce: &str, body: &[u8]) -> Vec<u8> {
    [format!("{method}\n{target}\n{timestamp}\n{nonce}\n").as_bytes(), body, b"\n"].concat()
}

/// What the platform signs of an answer or a notification.
pub fn answer_text(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    [format!("{timestamp}\n{nonce}\n").as_bytes(), body, b"\n"].concat()
}

/// What a merchant signs for `wx.requestPayment`.
pub fn client_text(app_id: &str, timestamp: u64, nonce: &str, package: &str) -> Vec<u8> {
    format!("{app_id}\n{timestamp}\n{nonce}\n{package}\n").into_bytes()
}

/// The field `Authorization` of a request.
pub fn authorization(merchant: &str, serial: &str, timestamp: u64, nonce: &str, signature: &str) -> String {
    format!(
        "{SCHEME} mchid=\"{merchant}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{timestamp}\",serial_no=\"{serial}\""
    )
}

/// 32 random hexadecimal digits.
pub fn nonce() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(hex::encode_upper(bytes))
}

/// The parameters of `wx.requestPayment` for a prepaid order.
pub struct ClientParameters {
    /// Seconds since 1970.
    pub timestamp: u64,
    /// As it was signed.
    pub nonce: String,
    /// As it was signed.
    pub package: String,
    /// The signature, in Base64.
    pub signature: String,
}

impl ClientParameters {
    /// Signs those of an order.
    pub fn sign(key: &PrivateKey, app_id: &str, prepaid: &str, timestamp: u64, nonce: String) -> Option<Self> {
        let package = format!("prepay_id={prepaid}");
        let signature = key.sign(&client_text(app_id, timestamp, &nonce, &package))?;
        Some(Self { timestamp, nonce, package, signature })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_part_ends_in_a_line_feed() {
        assert_eq!(request_text("GET", "/v3/certificates", 1_554_208_460, "5935", b""), b"GET\n/v3/certificates\n1554208460\n5935\n\n");
        assert_eq!(request_text("POST", "/a?b=c", 1, "n", "{\"名\":1}".as_bytes()), "POST\n/a?b=c\n1\nn\n{\"名\":1}\n".as_bytes());
        assert_eq!(answer_text("1", "n", b"{}"), b"1\nn\n{}\n");
        assert_eq!(answer_text("1", "n", b""), b"1\nn\n\n", "of an answer without a body");
        assert_eq!(client_text("wx1", 1, "n", "prepay_id=p"), b"wx1\n1\nn\nprepay_id=p\n");
    }

    #[test]
    fn nonces_differ() {
        let nonce = || super::nonce().unwrap();
        assert_eq!(nonce().len(), 32);
        assert_ne!(nonce(), nonce());
    }

    #[test]
    fn authorization_has_five_parts() {
        let expected = "WECHATPAY2-SHA256-RSA2048 mchid=\"m\",nonce_str=\"n\",signature=\"x\",timestamp=\"1\",serial_no=\"s\"";
        assert_eq!(authorization("m", "s", 1, "n", "x"), expected);
    }
}
