//! What tests stand on: an app, its keys, and a gateway on loopback.

pub mod clients;
pub mod gateway;
pub mod keys;

use sdk_plugin::contract::cloudcall::Request;
use sdk_plugin::contract::platforms::{ALIPAY, App};
use serde_json::Value;

/// The app's id.
pub const APP_ID: &str = "2021000000000001";
/// The key of encrypted content.
pub const AES: &str = "aa4BtZ4tspm2wnXLb1ThQA==";

/// An app with public keys.
pub fn app() -> App {
    let app = App { platform: ALIPAY.into(), app_id: APP_ID.into(), settings: [].into() };
    with(with(app, "privateKey", keys::APP), "publicKey", keys::ALIPAY_PUBLIC)
}

/// An app with certificates.
pub fn certified() -> App {
    let files = [
        ("signMode", "cert"),
        ("publicKey", ""),
        ("appCert", keys::APP_CERTIFICATE),
        ("publicCert", keys::ALIPAY_CERTIFICATE),
        ("rootCert", keys::ROOTS),
    ];
    files.into_iter().fold(app(), |app, (name, value)| with(app, name, value))
}

/// The same with a setting.
pub fn with(mut app: App, name: &str, value: &str) -> App {
    app.settings.insert(name.into(), value.into());
    app
}

/// A call by an app.
pub fn request(app: App, api: &str, arguments: Value) -> Request {
    let arguments = arguments.as_object().unwrap().clone();
    Request {
        app,
        api: api.into(),
        arguments,
        app_auth_token: String::new(),
        notify_url: String::new(),
        user: String::new(),
        user_id: String::new(),
        client: false,
        order: None,
    }
}
