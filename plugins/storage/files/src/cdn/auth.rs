//! Signatures in addresses, in the three forms of the vendor's CDN. All are MD5 over the path, a
//! time and a key; who has the key makes addresses without asking the server.
//!
//! | type | address |
//! | --- | --- |
//! | A | `/PATH?auth_key=TIME-RANDOM-USER-HASH`, over `/PATH-TIME-RANDOM-USER-KEY`, time in seconds |
//! | B | `/TIME/HASH/PATH`, over `KEYTIME/PATH`, time as `YYYYMMDDHHMM` of China's clocks |
//! | C | `/HASH/TIME/PATH`, over `KEY/PATHTIME`, time in seconds as hexadecimal |
//!
//! `/PATH` is the path below the domain that `DescribeCdnDomain` names; for type A the whole path
//! of the address is taken as well, as programs that sign often do.

use md5::{Digest, Md5};
use sdk_plugin::{Error, Result, codes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::fields::Fields;
use crate::clock;
use crate::name;
use crate::service::PREFIX;

/// How long an address is valid when nobody says otherwise, in seconds: the vendor's default.
const DEFAULT_DELTA: u64 = 1800;
/// The longest, in seconds: a year.
const MAX_DELTA: u64 = 366 * 24 * 3600;
/// China has no other time, and is so many seconds before UTC.
const CHINA: u64 = 8 * 3600;

/// How addresses are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    #[default]
    Off,
    A,
    B,
    C,
}

/// Signatures in addresses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Auth {
    kind: Type,
    key: String,
    /// How long after its time an address is valid, in seconds.
    delta: u64,
}

impl Default for Auth {
    fn default() -> Self {
        Self { kind: Type::Off, key: String::new(), delta: DEFAULT_DELTA }
    }
}

fn hash(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.to_ascii_lowercase().as_bytes()).into()
}

/// A time as `YYYYMMDDHHMM` of China's clocks.
fn minutes(seconds: u64) -> String {
    clock::text(seconds.saturating_add(CHINA) * 1000).chars().filter(char::is_ascii_digit).take(12).collect()
}

/// The time that twelve digits stand for, in seconds since 1970.
fn of_minutes(digits: &str) -> Option<u64> {
    if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range);
    let text = format!("{}-{}-{}T{}:{}:00Z", part(0..4)?, part(4..6)?, part(6..8)?, part(8..10)?, part(10..12)?);
    let time = humantime::parse_rfc3339(&text).ok()?;
    time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs().checked_sub(CHINA)
}

impl Auth {
    /// Reads `AuthConfig`.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(json: &str) -> Result<Self> {
        let fields = Fields::parse("AuthConfig", json, &["authtype", "authkey", "authdelta"])?;
        let kind = match fields.text("authtype")?.to_ascii_lowercase().as_str() {
            "" | "no_auth" | "none" | "off" => Type::Off,
            "type_a" | "a" => Type::A,
            "type_b" | "b" => Type::B,
            "type_c" | "c" => Type::C,
            _ => return Err(fields.refuse("AuthType", "is none of type_a, type_b, type_c and no_auth")),
        };
        let key = fields.text("authkey")?;
        if (kind != Type::Off || !key.is_empty()) && !((6..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric())) {
            return Err(fields.refuse("AuthKey", "must be 6 to 128 letters and digits"));
        }
        let delta = match fields.text("authdelta")?.as_str() {
            "" => DEFAULT_DELTA,
            text => text
                .parse()
                .ok()
                .filter(|delta| (1..=MAX_DELTA).contains(delta))
                .ok_or_else(|| fields.refuse("AuthDelta", "is in seconds, from 1 to a year"))?,
        };
        Ok(Self { kind, key, delta })
    }

    /// As `DescribeCdnDomain` shows it.
    pub fn show(&self) -> Value {
        let kind = match self.kind {
            Type::Off => "no_auth",
            Type::A => "type_a",
            Type::B => "type_b",
            Type::C => "type_c",
        };
        json!({"configId": "auth", "AuthType": kind, "AuthKey": self.key, "AuthDelta": self.delta})
    }

    /// How long addresses are valid, in seconds; 0 when they need no signature.
    pub fn delta(&self) -> u64 {
        if self.kind == Type::Off { 0 } else { self.delta }
    }

    /// The rest of a file's address behind the space, and its query, signed if that is needed.
    pub fn address(&self, space: &str, path: &str, now: u64) -> (String, String) {
        let path = name::escape_to_ascii(path);
        match self.kind {
            Type::Off => (path, String::new()),
            Type::A => {
                let hash = hash(&format!("{PREFIX}{space}/{path}-{now}-0-0-{}", self.key));
                (path, format!("auth_key={now}-0-0-{hash}"))
            }
            Type::B => {
                let time = minutes(now);
                (format!("{time}/{}/{path}", hash(&format!("{}{time}/{path}", self.key))), String::new())
            }
            Type::C => {
                let time = format!("{now:x}");
                (format!("{}/{time}/{path}", hash(&format!("{}/{path}{time}", self.key))), String::new())
            }
        }
    }

    /// The path of an address without its signature, if that is valid.
    ///
    /// # Errors
    /// `SignatureNotMatch`.
    pub fn verify(&self, space: &str, path: &str, query: &str, now: u64) -> Result<String> {
        let refuse = || Error::new(codes::SIGNATURE, "the address needs a signature that is valid now");
        let current = |time: u64| now <= time.saturating_add(self.delta);
        match self.kind {
            Type::Off => Ok(path.to_owned()),
            Type::A => {
                let value = query.split('&').find_map(|pair| pair.strip_prefix("auth_key=")).ok_or_else(refuse)?;
                let (signed, given) = value.rsplit_once('-').ok_or_else(refuse)?;
                let time = signed.split('-').next().and_then(|time| time.parse().ok()).ok_or_else(refuse)?;
                let fits = |path: &str| same(&hash(&format!("{path}-{signed}-{}", self.key)), given);
                let genuine = signed.split('-').count() == 3 && (fits(&format!("{PREFIX}{space}/{path}")) || fits(&format!("/{path}")));
                if genuine && current(time) { Ok(path.to_owned()) } else { Err(refuse()) }
            }
            Type::B => {
                let mut parts = path.splitn(3, '/');
                let (Some(digits), Some(given), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return Err(refuse()) };
                let time = of_minutes(digits).ok_or_else(refuse)?;
                let genuine = same(&hash(&format!("{}{digits}/{rest}", self.key)), given);
                if genuine && current(time) { Ok(rest.to_owned()) } else { Err(refuse()) }
            }
            Type::C => {
                let mut parts = path.splitn(3, '/');
                let (Some(given), Some(digits), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return Err(refuse()) };
                let time = u64::from_str_radix(digits, 16).map_err(|_| refuse())?;
                let genuine = same(&hash(&format!("{}/{rest}{digits}", self.key)), given);
                if genuine && current(time) { Ok(rest.to_owned()) } else { Err(refuse()) }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_examples_are_signed_alike() {
        // From the documentation of the vendor's CDN, types A and C.
        assert_eq!(hash("/video/standard/1K.html-1444435200-0-0-aliyuncdnexp1234"), "80cd3862d699b7118eed99103f2a3a4f");
        let c = Auth::parse(r#"{"AuthType":"type_c","AuthKey":"aliyuncdnexp1234"}"#).unwrap();
        let hashed = hash("aliyuncdnexp1234/test.flv55CE8100");
        assert_eq!(c.verify("s", &format!("{hashed}/55CE8100/test.flv"), "", 0x55CE_8100).unwrap(), "test.flv");
        assert_eq!(minutes(1_439_549_100), "201508141845");
        assert_eq!(of_minutes("201508141845"), Some(1_439_549_100));
        for bad in ["20150814184", "201513141845", "201508141860", "2015081418é"] {
            assert_eq!(of_minutes(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_are_valid_for_one_path_and_some_time() {
        for kind in ["type_a", "type_b", "type_c"] {
            let auth = Auth::parse(&format!(r#"{{"AuthType":"{kind}","AuthKey":"secret1","AuthDelta":60}}"#)).unwrap();
            let now = 1_700_000_040;
            let (path, query) = auth.address("s", "图/a b.png", now);
            let expected = "%E5%9B%BE/a%20b.png";
            assert_eq!(auth.verify("s", &path, &query, now + 20).unwrap(), expected, "{kind}");
            assert_eq!(auth.verify("s", &path, &query, now + 61).unwrap_err().code(), codes::SIGNATURE, "{kind} expires");
            assert!(auth.verify("s", &path.replace("a%20b", "c"), &query, now).is_err(), "{kind} is for one path");
            assert!(auth.verify("s", expected, "", now).is_err(), "{kind} is needed");
            let other = Auth { key: "secret2".to_owned(), ..auth.clone() };
            assert!(other.verify("s", &path, &query, now).is_err(), "{kind} needs the key");
        }
        let relative = Auth::parse(r#"{"AuthType":"type_a","AuthKey":"secret1"}"#).unwrap();
        let hashed = hash("/a.png-100-r-u-secret1");
        assert!(relative.verify("s", "a.png", &format!("auth_key=100-r-u-{hashed}"), 100).is_ok());
        assert!(Auth::default().verify("s", "a", "", 0).is_ok());
        for bad in [
            r#"{"AuthType":"type_d"}"#,
            r#"{"AuthType":"type_a"}"#,
            r#"{"AuthType":"type_a","AuthKey":"short"}"#,
            r#"{"AuthType":"type_a","AuthKey":"secret1","AuthDelta":"-1"}"#,
        ] {
            assert!(Auth::parse(bad).is_err(), "{bad}");
        }
    }
}
