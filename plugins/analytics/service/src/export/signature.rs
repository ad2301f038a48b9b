//! Addresses of files that may be downloaded for a short time: the path names application and file,
//! and the query has when it ends and an HMAC-SHA256 of both.

use hmac::{Hmac, Mac};
use sdk_plugin::{Error, Result, codes};
use sha2::Sha256;

/// The path prefix of this plugin's HTTP handlers.
pub const PREFIX: &str = "/analytics/";
/// What addresses begin with.
const DOWNLOAD: &str = "/analytics/export/";
/// How long they are good, in milliseconds.
pub const VALID: i64 = 3600 * 1000;

/// Names a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The application.
    pub app: String,
    /// The file's name.
    pub name: String,
}

fn mac(secret: &[u8], path: &str, expires: i64) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(format!("export\n{path}\n{expires}").as_bytes());
    Ok(mac)
}

/// Path and query of a download that is allowed until an hour after `now`.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn download(secret: &[u8], named: &Named, now: i64) -> Result<String> {
    let expires = now + VALID;
    let path = format!("{DOWNLOAD}{}/{}", named.app, named.name);
    let signature = hex::encode(mac(secret, &path, expires)?.finalize().into_bytes());
    Ok(format!("{path}?expires={expires}&signature={signature}"))
}

/// The file that path and query name.
///
/// # Errors
/// `SignatureNotMatch`.
pub fn verify(secret: &[u8], path: &str, query: &str, now: i64) -> Result<Named> {
    let refused = || Error::new(codes::SIGNATURE, "the signature is not valid, or has expired: list the files again");
    let value = |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value);
    let expires: i64 = value("expires").and_then(|text| text.parse().ok()).ok_or_else(refused)?;
    let signature = value("signature").and_then(|text| hex::decode(text).ok()).ok_or_else(refused)?;
    mac(secret, path, expires)?.verify_slice(&signature).map_err(|_| refused())?;
    let (app, name) = path.strip_prefix(DOWNLOAD).and_then(|rest| rest.split_once('/')).ok_or_else(refused)?;
    if now > expires {
        return Err(refused());
    }
    Ok(Named { app: app.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_for_one_file_and_a_short_time() {
        let named = Named { app: "a".to_owned(), name: "2026-11-26-x.parquet".to_owned() };
        let url = download(b"secret", &named, 1000).unwrap();
        let (path, query) = url.split_once('?').unwrap();
        assert_eq!(verify(b"secret", path, query, 1000 + VALID).unwrap(), named);
        for (secret, path, query, now) in [
            (&b"other"[..], path, query, 1000),
            (b"secret", "/analytics/export/a/other", query, 1000),
            (b"secret", path, "", 1000),
            (b"secret", path, "expires=9999999999999", 1000),
            (b"secret", path, &query.replace("expires=3601000", "expires=9601000"), 1000),
            (b"secret", path, query, 1001 + VALID),
        ] {
            assert_eq!(verify(secret, path, query, now).unwrap_err().code(), codes::SIGNATURE, "{path}?{query}");
        }
    }
}
