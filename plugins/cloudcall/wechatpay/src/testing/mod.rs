//! What tests share: an app with keys that nobody else uses, and a gateway.

mod clients;
mod gateway;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sdk_plugin::contract::platforms::{App, WECHAT};

pub use self::clients::{node, python};
pub use self::gateway::{Fault, Gate};

pub const MERCHANT_KEY: &str = include_str!("keys/merchant.key");
pub const MERCHANT_PKCS1: &str = include_str!("keys/merchant.pkcs1.key");
pub const MERCHANT_PUBLIC: &str = include_str!("keys/merchant.pub");
pub const PLATFORM_KEY: &str = include_str!("keys/platform.key");
pub const PLATFORM_PUBLIC: &str = include_str!("keys/platform.pub");
pub const PLATFORM_CERTIFICATE: &str = include_str!("keys/platform.crt");
pub const PLATFORM_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
pub const OTHER_KEY: &str = include_str!("keys/other.key");
pub const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012024";
pub const API_V3_KEY: &str = "an APIv3 key of thirty two bytes";
pub const APP_ID: &str = "wx8888888888888888";
pub const APP_SECRET: &str = "the secret/of+the app";
pub const MERCHANT: &str = "1900000001";
pub const MERCHANT_SERIAL: &str = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C";

/// An app whose merchant trusts platform certificates.
pub fn app() -> App {
    let settings = [
        ("appSecret", APP_SECRET),
        ("mchId", MERCHANT),
        ("apiV3Key", API_V3_KEY),
        ("merchantKey", MERCHANT_KEY),
        ("merchantSerial", MERCHANT_SERIAL),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    App { platform: WECHAT.into(), app_id: APP_ID.into(), settings: settings.into() }
}

/// An app whose merchant trusts the platform's public key.
pub fn app_with_public_key() -> App {
    let mut app = app();
    app.settings.insert("publicKeyId".into(), PUBLIC_KEY_ID.into());
    app.settings.insert("publicKey".into(), PLATFORM_PUBLIC.into());
    app
}

/// Encrypts as the platform does.
pub fn seal(key: &str, nonce: &str, aad: &str, bytes: &[u8]) -> String {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).unwrap());
    let mut bytes = bytes.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).unwrap();
    key.seal_in_place_append_tag(nonce, Aad::from(aad.as_bytes()), &mut bytes).unwrap();
    STANDARD.encode(bytes)
}
