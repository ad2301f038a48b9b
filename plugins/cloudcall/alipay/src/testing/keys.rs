//! Keys and certificates that `tests/keys/make.sh` made for tests alone.

/// The app's private key, PKCS#8.
pub const APP: &str = include_str!("../../tests/keys/app.pem");
/// The same, PKCS#1.
pub const APP_PKCS1: &str = include_str!("../../tests/keys/app.pkcs1.pem");
/// The app's public key.
pub const APP_PUBLIC: &str = include_str!("../../tests/keys/app.public.pem");
/// The app's certificate.
pub const APP_CERTIFICATE: &str = include_str!("../../tests/keys/app.crt");
/// Alipay's private key.
pub const ALIPAY: &str = include_str!("../../tests/keys/alipay.pem");
/// Alipay's public key.
pub const ALIPAY_PUBLIC: &str = include_str!("../../tests/keys/alipay.public.pem");
/// Alipay's certificate.
pub const ALIPAY_CERTIFICATE: &str = include_str!("../../tests/keys/alipay.crt");
/// The private key of Alipay's second certificate.
pub const ALIPAY_SECOND: &str = include_str!("../../tests/keys/alipay2.pem");
/// Alipay's second certificate, from the same authority and of the same name.
pub const ALIPAY_SECOND_CERTIFICATE: &str = include_str!("../../tests/keys/alipay2.crt");
/// A certificate of the same name and key that nobody vouches for.
pub const IMPOSTOR_CERTIFICATE: &str = include_str!("../../tests/keys/impostor.crt");
/// Four root certificates: of SM2, of RSA, one that cannot be read, of RSA.
pub const ROOTS: &str = include_str!("../../tests/keys/roots.crt");
