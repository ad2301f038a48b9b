//! Addresses that allow one upload or download of a package for a short time.

use hmac::{Hmac, Mac};
use sdk_plugin::{Error, Result, codes};
use sha2::Sha256;

/// The path prefix of this plugin's HTTP handlers.
pub const PREFIX: &str = "/functions/";
/// How long an address is valid, in milliseconds.
pub const VALID: u64 = 10 * 60 * 1000;

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `PUT` a package.
    Upload,
    /// `GET` a package.
    Download,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Download => "download",
        }
    }
}

/// What an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub action: Action,
    pub space: String,
    pub deployment: String,
}

fn mac(secret: &[u8], named: &Named, expires: u64) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(format!("{}\n{}\n{}\n{expires}", named.action.name(), named.space, named.deployment).as_bytes());
    Ok(mac)
}

/// Path and query of an address that is valid until [`VALID`] after `now`.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn sign(secret: &[u8], named: &Named, now: u64) -> Result<String> {
    let expires = now + VALID;
    let signature = hex::encode(mac(secret, named, expires)?.finalize().into_bytes());
    Ok(format!("{PREFIX}{}/{}/{}?expires={expires}&signature={signature}", named.action.name(), named.space, named.deployment))
}

/// What a path and query name, if the signature is ours and has not expired.
///
/// # Errors
/// `SignatureNotMatch`.
pub fn verify(secret: &[u8], path: &str, query: &str, now: u64) -> Result<Named> {
    let refuse = || Error::new(codes::SIGNATURE, "the address is not valid, or has expired");
    let mut segments = path.strip_prefix(PREFIX).ok_or_else(refuse)?.split('/');
    let action = match segments.next() {
        Some("upload") => Action::Upload,
        Some("download") => Action::Download,
        _ => return Err(refuse()),
    };
    let (Some(space), Some(deployment), None) = (segments.next(), segments.next(), segments.next()) else { return Err(refuse()) };
    let value = |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value);
    let expires: u64 = value("expires").and_then(|text| text.parse().ok()).ok_or_else(refuse)?;
    let signature = value("signature").and_then(|text| hex::decode(text).ok()).ok_or_else(refuse)?;
    let named = Named { action, space: space.to_owned(), deployment: deployment.to_owned() };
    mac(secret, &named, expires)?.verify_slice(&signature).map_err(|_| refuse())?;
    if now > expires {
        return Err(refuse());
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_for_one_thing_and_a_short_time() {
        let named = Named { action: Action::Upload, space: "s".to_owned(), deployment: "d".to_owned() };
        let url = sign(b"secret", &named, 1000).expect("signs");
        let (path, query) = url.split_once('?').expect("has a query");
        assert_eq!(verify(b"secret", path, query, 1000 + VALID).expect("is valid"), named);
        let refused = |secret: &[u8], path: &str, query: &str, now| {
            assert_eq!(verify(secret, path, query, now).expect_err("must be refused").code(), codes::SIGNATURE, "{path}?{query}");
        };
        refused(b"secret", path, query, 1001 + VALID);
        refused(b"other", path, query, 1000);
        refused(b"secret", &path.replace("upload", "download"), query, 1000);
        refused(b"secret", &path.replace("/d", "/e"), query, 1000);
        refused(b"secret", path, &query.replace("expires=6", "expires=9"), 1000);
        refused(b"secret", path, "", 1000);
        refused(b"secret", path, "expires=601000", 1000);
        refused(b"secret", &format!("{path}/x"), query, 1000);
        refused(b"secret", "/functions/", query, 1000);
    }
}
