//! An app with its merchant, as an administrator has added it.

use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result, codes};

use crate::keys::{PrivateKey, PublicKey};

/// What an app's settings are called.
pub mod settings {
    /// The app's secret with WeChat, for logins.
    pub const APP_SECRET: &str = "appSecret";
    /// The merchant's number.
    pub const MERCHANT: &str = "mchId";
    /// The APIv3 key.
    pub const API_V3_KEY: &str = "apiV3Key";
    /// The merchant's private key.
    pub const KEY: &str = "merchantKey";
    /// The serial number of the merchant's certificate.
    pub const SERIAL: &str = "merchantSerial";
    /// WeChat Pay's public key.
    pub const PUBLIC_KEY: &str = "publicKey";
    /// The id of that.
    pub const PUBLIC_KEY_ID: &str = "publicKeyId";
}

/// What the ids of public keys begin with.
pub const PUBLIC_KEY_PREFIX: &str = "PUB_KEY_ID_";

/// A merchant and its keys.
pub struct Merchant {
    /// The app's id.
    pub app_id: String,
    /// The merchant's number.
    pub id: String,
    /// The private key.
    pub key: PrivateKey,
    /// The serial number of the certificate for it.
    pub serial: String,
    /// The APIv3 key, 32 bytes.
    pub api_v3_key: String,
    /// The platform's public key with its id, where it signs with that.
    pub public: Option<(String, PublicKey)>,
}

impl Merchant {
    /// The merchant of an app.
    ///
    /// # Errors
    /// `InvalidConfiguration` naming the setting that is absent or cannot be used, never its value.
    pub fn of(app: &App) -> Result<Self> {
        let get = |name: &str| setting(app, name).map(str::to_owned);
        let key = PrivateKey::read(setting(app, settings::KEY)?).ok_or_else(|| unusable(settings::KEY))?;
        let api_v3_key = get(settings::API_V3_KEY)?;
        if api_v3_key.len() != 32 {
            return Err(unusable(settings::API_V3_KEY));
        }
        let (id, serial) = (get(settings::MERCHANT)?, get(settings::SERIAL)?);
        for (name, value) in [(settings::MERCHANT, &id), (settings::SERIAL, &serial)] {
            if !value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(unusable(name));
            }
        }
        let public = match (app.setting(settings::PUBLIC_KEY_ID), app.setting(settings::PUBLIC_KEY)) {
            (None, None) => None,
            (Some(id), Some(key)) => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                if !id.starts_with(PUBLIC_KEY_PREFIX) || !id.bytes().all(plain) {
                    return Err(unusable(settings::PUBLIC_KEY_ID));
                }
                Some((id.to_owned(), PublicKey::read(key).ok_or_else(|| unusable(settings::PUBLIC_KEY))?))
            }
            (None, Some(_)) => return Err(absent(settings::PUBLIC_KEY_ID)),
            (Some(_), None) => return Err(absent(settings::PUBLIC_KEY)),
        };
        Ok(Self { app_id: app.app_id.clone(), id, key, serial, api_v3_key, public })
    }
}

/// A setting that an app must have.
///
/// # Errors
/// `InvalidConfiguration` when it has not.
pub fn setting<'a>(app: &'a App, name: &str) -> Result<&'a str> {
    app.setting(name).ok_or_else(|| absent(name))
}

fn absent(name: &str) -> Error {
    Error::new(codes::CONFIG, format!("the WeChat app has no setting {name}"))
}

fn unusable(name: &str) -> Error {
    Error::new(codes::CONFIG, format!("the setting {name} of the WeChat app cannot be used"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{app, app_with_public_key};

    #[test]
    fn a_setting_that_is_missing_or_wrong_is_named_and_not_shown() {
        assert!(Merchant::of(&app()).unwrap().public.is_none());
        assert!(Merchant::of(&app_with_public_key()).unwrap().public.is_some());
        for (name, value) in [
            (settings::MERCHANT, ""),
            (settings::MERCHANT, "19\"00"),
            (settings::SERIAL, "\r\n"),
            (settings::API_V3_KEY, "too short to be it"),
            (settings::KEY, "too short to be it"),
            (settings::PUBLIC_KEY, "too short to be it"),
            (settings::PUBLIC_KEY, ""),
            (settings::PUBLIC_KEY_ID, ""),
            (settings::PUBLIC_KEY_ID, "5157F09EFDC096DE"),
        ] {
            let mut app = app_with_public_key();
            app.settings.insert(name.into(), value.into());
            let error = Merchant::of(&app).err().unwrap();
            assert_eq!(error.code(), codes::CONFIG);
            assert!(error.message().contains(name), "{error}");
            assert!(value.is_empty() || !format!("{error:?}").contains(value));
        }
    }
}
