//! What WeChat encrypts with a user's session key, such as a phone number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_plugin::contract::cloudcall::codes::INVALID_PARAM;
use sdk_plugin::{Error, Result};
use serde_json::Value;

/// Opens `encryptedData` (AES-128-CBC, PKCS #7; key, vector and data in Base64), and checks that it
/// was made for an app.
///
/// # Errors
/// `INVALID_PARAM`, always the same: the session may be another, or the data was changed, or made
/// for another app.
pub fn open(session_key: &str, iv: &str, data: &str, app_id: &str) -> Result<Value> {
    let opened = || {
        let block = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
        let plain = aes_cbc::decrypt(&block(session_key)?, &block(iv)?, &STANDARD.decode(data).ok()?)?;
        let value: Value = serde_json::from_slice(&plain).ok()?;
        (value["watermark"]["appid"] == app_id).then_some(value)
    };
    opened().ok_or_else(|| Error::new(INVALID_PARAM, "encryptedData does not open: the user may have signed in again since"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// A session key in Base64.
    pub const SESSION: &str = "tiihtNczf5v6AKRyjwEUhQ==";
    /// A vector in Base64.
    pub const IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";

    /// What WeChat would make of a text.
    pub fn sealed(text: &str) -> String {
        let block = |text: &str| STANDARD.decode(text).unwrap().try_into().unwrap();
        STANDARD.encode(aes_cbc::encrypt(&block(SESSION), &block(IV), text.as_bytes()))
    }

    /// Data with a phone number for an app.
    pub fn phone(app_id: &str) -> String {
        json!({"phoneNumber": "13580006666", "countryCode": "86", "watermark": {"appid": app_id, "timestamp": 1_477_314_187}}).to_string()
    }

    /// The example in WeChat's documentation, for `SESSION` and `IV`.
    const EXAMPLE: &str = concat!(
        "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYS",
        "tslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIB",
        "zD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHq",
        "Z9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG",
        "20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==",
    );

    #[test]
    fn the_example_of_wechat_opens() {
        let opened = open(SESSION, IV, EXAMPLE, "wx4f4bc4dec97d474b").unwrap();
        assert_eq!((&opened["nickName"], &opened["unionId"]), (&json!("Band"), &json!("ocMvos6NjeKLIBqg5Mr9QjxrP1FA")));
        assert!(open(SESSION, IV, EXAMPLE, "wx4f4bc4dec97d474c").is_err());
    }

    #[test]
    fn data_opens_for_its_app_only() {
        let data = sealed(&phone("wx1"));
        assert_eq!(open(SESSION, IV, &data, "wx1").unwrap()["phoneNumber"], "13580006666");
        let other_key = STANDARD.encode([7; 16]);
        let unmarked = sealed("{\"phoneNumber\":\"1\"}");
        let no_json = sealed("no JSON");
        let mut errors = Vec::new();
        for (key, iv, data, app) in [
            (SESSION, IV, data.as_str(), "wx2"),
            (other_key.as_str(), IV, &data, "wx1"),
            (SESSION, other_key.as_str(), &data, "wx1"),
            (SESSION, IV, &unmarked, "wx1"),
            (SESSION, IV, &no_json, "wx1"),
            (SESSION, IV, "", "wx1"),
            (SESSION, IV, "AAAA", "wx1"),
            ("AAAA", IV, &data, "wx1"),
            (SESSION, "AAAA", &data, "wx1"),
        ] {
            errors.push(open(key, iv, data, app).unwrap_err().to_string());
        }
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    }
}
