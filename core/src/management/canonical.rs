//! How a management request becomes the text that is signed, for both signature schemes and both
//! sides: the server checks with the functions that the command line signs with.
//!
//! The rules are the vendor's: percent-encoding of RFC 3986 in upper case, parameters sorted by
//! their names' bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use http::HeaderMap;
use sdk_plugin::{Error, Result};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The name of the newer scheme, as it stands in the `Authorization` header.
pub const ACS3: &str = "ACS3-HMAC-SHA256";

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Encodes pairs as `application/x-www-form-urlencoded`.
pub fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// Reads `application/x-www-form-urlencoded` text, in the order that it has.
///
/// # Errors
/// `InvalidParameter` when it is not UTF-8 or a percent sign stands for nothing.
pub fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String> {
    let malformed = || Error::new(sdk_plugin::contract::management::INVALID_PARAMETER, "the parameters are not URL-encoded UTF-8");
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).ok_or_else(malformed);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).map_err(|_| malformed())?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).map_err(|_| malformed())
}

/// The SHA-256 of a body, in lower-case hexadecimal.
pub fn body_hash(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// What an ACS3 signature covers.
pub struct Acs3<'a> {
    /// The request method.
    pub method: &'a str,
    /// The path as it is sent.
    pub path: &'a str,
    /// The query's parameters.
    pub query: &'a [(String, String)],
    /// All headers; those that are not signed may be among them.
    pub headers: &'a HeaderMap,
    /// The names of the signed headers, in lower case and sorted.
    pub signed_headers: &'a [&'a str],
    /// The value of `x-acs-content-sha256`.
    pub body_hash: &'a str,
}

impl Acs3<'_> {
    /// The canonical request: what is hashed into the string to sign.
    pub fn canonical_request(&self) -> String {
        let mut query: Vec<(String, String)> = self.query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
        query.sort_unstable();
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = String::new();
        for name in self.signed_headers {
            let mut values: Vec<String> =
                self.headers.get_all(*name).iter().map(|v| String::from_utf8_lossy(v.as_bytes()).trim().to_owned()).collect();
            values.sort_unstable();
            let _ = writeln!(headers, "{name}:{}", values.join(","));
        }
        format!("{}\n{}\n{}\n{headers}\n{}\n{}", self.method, self.path, query.join("&"), self.signed_headers.join(";"), self.body_hash)
    }
}

/// The string to sign of an ACS3 canonical request.
pub fn acs3_string_to_sign(canonical_request: &str) -> String {
    format!("{ACS3}\n{}", body_hash(canonical_request.as_bytes()))
}

/// The ACS3 signature; it travels in lower-case hexadecimal.
pub fn acs3_signature(secret: &str, string_to_sign: &str) -> Vec<u8> {
    // HMAC takes keys of any length, so this cannot fail; an empty signature would match nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return Vec::new() };
    mac.update(string_to_sign.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The string to sign of the RPC scheme: the parameters are those of query and body together,
/// without `Signature`.
pub fn rpc_string_to_sign(method: &str, parameters: &BTreeMap<String, String>) -> String {
    let canonical = form(parameters.iter().filter(|(name, _)| *name != "Signature").map(|(name, value)| (name.as_str(), value.as_str())));
    format!("{method}&%2F&{}", encode(&canonical))
}

/// The RPC signature; it travels in base64.
pub fn rpc_signature(secret: &str, string_to_sign: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(format!("{secret}&").as_bytes()) else { return Vec::new() };
    mac.update(string_to_sign.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn encoding_is_that_of_rfc_3986() {
        assert_eq!(encode("aZ09-_.~ +*/=&%\u{5c0f}"), "aZ09-_.~%20%2B%2A%2F%3D%26%25%E5%B0%8F");
    }

    #[test]
    fn a_form_reads_back_as_it_was_written() {
        let written = [("Name", "a b+c&d=e%"), ("小", ""), ("x", "\n")];
        let read = pairs(&form(written)).unwrap();
        let read: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(read, written);
        assert_eq!(pairs("a=b+c&&d").unwrap(), [("a".to_owned(), "b c".to_owned()), ("d".to_owned(), String::new())]);
    }

    #[test]
    fn what_is_not_url_encoded_is_refused() {
        for bad in ["a=%", "a=%4", "a=%zz", "%ff=1", "a=%+1"] {
            assert_eq!(pairs(bad).unwrap_err().code(), "InvalidParameter", "{bad}");
        }
    }

    #[test]
    fn the_query_is_sorted_and_headers_are_trimmed_and_joined() {
        let mut headers = HeaderMap::new();
        headers.append("x-acs-b", " two ".parse().unwrap());
        headers.append("x-acs-b", "one".parse().unwrap());
        headers.append("host", "h".parse().unwrap());
        let query = [("b".to_owned(), "2".to_owned()), ("a".to_owned(), " ".to_owned())];
        let acs3 =
            Acs3 { method: "POST", path: "/", query: &query, headers: &headers, signed_headers: &["host", "x-acs-b"], body_hash: "HASH" };
        assert_eq!(acs3.canonical_request(), "POST\n/\na=%20&b=2\nhost:h\nx-acs-b:one,two\n\nhost;x-acs-b\nHASH");
    }

    #[test]
    fn rpc_signs_sorted_parameters_without_the_signature() {
        let parameters: BTreeMap<String, String> =
            [("Timestamp", "2016-02-23T12:46:24Z"), ("Action", "DescribeRegions"), ("Signature", "x")]
                .into_iter()
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect();
        assert_eq!(rpc_string_to_sign("GET", &parameters), "GET&%2F&Action%3DDescribeRegions%26Timestamp%3D2016-02-23T12%253A46%253A24Z");
    }
}
