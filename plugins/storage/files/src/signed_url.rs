//! Addresses that allow the download of a private file for some time.

use hmac::{Hmac, Mac};
use sdk_plugin::{Error, Result, codes};
use sha2::Sha256;

fn mac(secret: &[u8], space: &str, path: &str, object: &str, expires: u64) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    // The path comes last, as it may contain anything.
    mac.update(format!("download\n{expires}\n{space}\n{object}\n{path}").as_bytes());
    Ok(mac)
}

/// The query of an address that is valid until a time, in seconds since 1970, and opens only the
/// contents that the file has now.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn query(secret: &[u8], space: &str, path: &str, object: &str, expires: u64) -> Result<String> {
    let signature = hex::encode(mac(secret, space, path, object, expires)?.finalize().into_bytes());
    Ok(format!("expires={expires}&signature={signature}"))
}

/// Whether a query allows a download now, in seconds since 1970; none when it does not try to.
///
/// # Errors
/// `SignatureNotMatch` when the signature is not ours or has expired.
pub fn verify(secret: &[u8], space: &str, path: &str, object: &str, query: &str, now: u64) -> Result<bool> {
    let value = |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value);
    let Some(signature) = value("signature") else { return Ok(false) };
    let refuse = || Error::new(codes::SIGNATURE, "the address is not valid, or has expired");
    let expires: u64 = value("expires").and_then(|text| text.parse().ok()).ok_or_else(refuse)?;
    let signature = hex::decode(signature).map_err(|_| refuse())?;
    mac(secret, space, path, object, expires)?.verify_slice(&signature).map_err(|_| refuse())?;
    if now > expires { Err(refuse()) } else { Ok(true) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_for_one_file_and_some_time() {
        let query = query(b"secret", "s", "a.png", "o", 100).unwrap();
        assert!(verify(b"secret", "s", "a.png", "o", &query, 100).unwrap());
        assert!(verify(b"secret", "s", "a.png", "o", &format!("x=1&{query}"), 100).unwrap());
        assert!(!verify(b"secret", "s", "a.png", "o", "x=1", 100).unwrap());
        let replaced = verify(b"secret", "s", "a.png", "p", &query, 0);
        assert_eq!(replaced.unwrap_err().code(), codes::SIGNATURE, "other contents");
        for (secret, space, path, query, now) in [
            (&b"other"[..], "s", "a.png", query.as_str(), 0),
            (b"secret", "t", "a.png", &query, 0),
            (b"secret", "s", "b.png", &query, 0),
            (b"secret", "s", "a.png", &query, 101),
            (b"secret", "s", "a.png", &query.replace("expires=1", "expires=2"), 0),
            (b"secret", "s", "a.png", "signature=00", 0),
            (b"secret", "s", "a.png", "signature=zz&expires=1", 0),
        ] {
            assert_eq!(verify(secret, space, path, "o", query, now).unwrap_err().code(), codes::SIGNATURE, "{query}");
        }
    }
}
