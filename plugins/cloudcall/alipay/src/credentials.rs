//! An app's settings, read.

use sdk_plugin::contract::cloudcall::Setting;
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result, codes};

use crate::protocol::certificate;
use crate::protocol::content::ContentKey;
use crate::protocol::keys::{PrivateKey, PublicKey};

/// What an app signs, encrypts and checks with.
pub struct Credentials {
    /// The app's id.
    pub app_id: String,
    /// The app's private key.
    pub private: PrivateKey,
    /// Alipay's public key.
    pub public: PublicKey,
    /// In certificate mode, the serial numbers.
    pub certificates: Option<Serials>,
    /// The key of encrypted content, when content is encrypted.
    pub content: Option<ContentKey>,
}

/// Certificates and their serial numbers.
pub struct Serials {
    /// The app's.
    pub app: String,
    /// Those of Alipay's authorities.
    pub roots: String,
    /// Alipay's.
    pub alipay: String,
    /// Alipay's certificate itself.
    pub certificate: String,
    /// The certificates of its authorities.
    pub bundle: String,
}

impl Credentials {
    /// Reads an app's settings.
    ///
    /// # Errors
    /// `InvalidConfiguration` with the setting that is missing or cannot be read, and never its value.
    pub fn of(app: &App) -> Result<Self> {
        let private = read(app, "privateKey", "no RSA key of 2048 to 4096 bits", PrivateKey::read)?;
        let (public, certificates) = match app.setting("signMode").unwrap_or("key") {
            "key" => (read(app, "publicKey", "no RSA key of at least 2048 bits", PublicKey::read)?, None),
            "cert" => {
                let own = read(app, "appCert", "no certificate", certificate::read)?;
                let alipay = read(app, "publicCert", "no certificate", certificate::read)?;
                let roots = read(app, "rootCert", "no bundle with a certificate of RSA", certificate::root_serial)?;
                let public = alipay.key.ok_or_else(|| wrong("publicCert", "no certificate of an RSA key"))?;
                let text = |name: &str| app.setting(name).unwrap_or_default().to_owned();
                let (certificate, bundle) = (text("publicCert"), text("rootCert"));
                (public, Some(Serials { app: own.serial, roots, alipay: alipay.serial, certificate, bundle }))
            }
            _ => return Err(Error::new(codes::CONFIG, "Alipay: the setting signMode is neither `key` nor `cert`")),
        };
        let content = match app.setting("aesKey") {
            None => None,
            Some(_) => Some(read(app, "aesKey", "no Base64 of 16 bytes", ContentKey::read)?),
        };
        Ok(Self { app_id: app.app_id.clone(), private, public, certificates, content })
    }
}

fn read<T>(app: &App, name: &str, otherwise: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    let missing = || Error::new(codes::CONFIG, format!("Alipay: the app has no setting {name}"));
    read(app.setting(name).ok_or_else(missing)?).ok_or_else(|| wrong(name, otherwise))
}

fn wrong(name: &str, otherwise: &str) -> Error {
    Error::new(codes::CONFIG, format!("Alipay: the setting {name} is {otherwise}"))
}

/// The settings of an app.
pub fn settings() -> Vec<Setting> {
    SETTINGS.iter().map(|&(name, secret, about)| Setting { name: name.into(), about: about.into(), secret }).collect()
}

const SETTINGS: [(&str, bool, &str); 10] = [
    ("privateKey", true, "The app's RSA private key of 2048 to 4096 bits, PKCS#1 or PKCS#8, as PEM or its bare Base64."),
    ("publicKey", false, "Alipay's public key, not the app's: open platform, development settings, signing of interfaces."),
    ("signMode", false, "`key` (default) for public keys, `cert` for certificates, which APIs that pay somebody need."),
    ("appCert", false, "The app's certificate (appCertPublicKey_….crt), for `cert`."),
    ("publicCert", false, "Alipay's certificate (alipayCertPublicKey_RSA2.crt), for `cert`."),
    ("rootCert", false, "Alipay's root certificates (alipayRootCert.crt), for `cert`."),
    ("aesKey", true, "The AES key for encrypted content, when the app has one."),
    ("appAuthToken", true, "The merchant's authorization, when the app acts for a merchant."),
    ("sellerId", false, "The merchant's id, 2088…: notifications for others are refused."),
    ("tradeCreate", false, "`legacy` (default), or `jsapi` for apps whose payments have the product JSAPI_PAY."),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{app, keys, with};

    #[test]
    fn what_is_missing_is_named_and_no_value_is_shown() {
        assert!(Credentials::of(&app()).is_ok());
        for (name, value) in [
            ("privateKey", ""),
            ("privateKey", "SECRET"),
            ("publicKey", ""),
            ("publicKey", "SECRET"),
            ("aesKey", "SECRET"),
            ("signMode", "SECRET"),
        ] {
            let error = Credentials::of(&with(app(), name, value)).err().unwrap();
            assert_eq!(error.code(), codes::CONFIG);
            assert!(error.message().contains(name) && !format!("{error:?}").contains("SECRET"), "{error:?}");
        }
    }

    #[test]
    fn certificates_are_needed_in_their_mode_only() {
        let certified = || {
            let files =
                [("signMode", "cert"), ("appCert", keys::APP_CERTIFICATE), ("publicCert", keys::ALIPAY_CERTIFICATE), ("publicKey", "")];
            files.into_iter().fold(with(app(), "rootCert", keys::ROOTS), |app, (name, value)| with(app, name, value))
        };
        let read = Credentials::of(&certified()).unwrap();
        assert_eq!(read.public, PublicKey::read(keys::ALIPAY_PUBLIC).unwrap(), "the key comes from the certificate");
        assert!(read.certificates.is_some());
        for name in ["appCert", "publicCert", "rootCert"] {
            for value in ["", keys::APP_PUBLIC] {
                assert!(Credentials::of(&with(certified(), name, value)).err().unwrap().message().contains(name));
            }
        }
    }

    #[test]
    fn secrets_are_marked() {
        let secret: Vec<String> = settings().into_iter().filter(|setting| setting.secret).map(|setting| setting.name).collect();
        assert_eq!(secret, ["privateKey", "aesKey", "appAuthToken"]);
    }
}
