//! Which pages of other origins may read files.

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ORIGIN, VARY};
use http::{HeaderMap, HeaderValue};
use sdk_plugin::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fields::Fields;

/// A list of origins.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cors {
    /// Whether the list is looked at; otherwise its one entry is what every answer says.
    control: bool,
    origins: Vec<String>,
}

/// Whether a text is `*`, an origin, or a domain with a star in front.
fn is_origin(text: &str) -> bool {
    let host = match text.split_once("://") {
        Some(("http" | "https", host)) => host,
        Some(_) => return false,
        None => text,
    };
    let host = host.strip_prefix("*.").unwrap_or(host);
    text == "*" || (!host.is_empty() && host.len() <= 260 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b)))
}

fn fits(entry: &str, origin: &str) -> bool {
    if entry == "*" || entry.eq_ignore_ascii_case(origin) {
        return true;
    }
    let (scheme, host) = origin.split_once("://").unwrap_or(("", origin));
    let entry = match entry.split_once("://") {
        Some((wanted, _)) if !wanted.eq_ignore_ascii_case(scheme) => return false,
        Some((_, entry)) => entry,
        None => entry,
    };
    let (entry, host) = (entry.to_ascii_lowercase(), host.to_ascii_lowercase());
    match entry.strip_prefix('*') {
        Some(below) => host.len() > below.len() && host.ends_with(below),
        None => entry == host,
    }
}

impl Cors {
    /// Reads `CorsConfig`.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(json: &str) -> Result<Self> {
        let fields = Fields::parse("CorsConfig", json, &["accessorigincontrol", "alloworigin"])?;
        let control = fields.switch("accessorigincontrol", false)?;
        let origins = fields.list("alloworigin", &[',', '\n', ' '], is_origin)?;
        if !control && origins.len() > 1 {
            return Err(fields.refuse("AllowOrigin", "has more than one origin, which needs AccessOriginControl"));
        }
        Ok(Self { control, origins })
    }

    /// As `DescribeCdnDomain` shows it.
    pub fn show(&self) -> Value {
        json!({"ConfigId": "cors", "AccessOriginControl": self.control, "AllowOrigin": self.origins.join(",")})
    }

    /// Whether the origin of a request may read.
    pub fn allows(&self, request: &HeaderMap) -> bool {
        let origin = request.get(ORIGIN).and_then(|value| value.to_str().ok());
        origin.is_some_and(|origin| self.origins.iter().any(|entry| fits(entry, origin)))
    }

    /// Says in an answer who may read it.
    pub fn allow(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        let only = self.origins.first().filter(|entry| self.origins.len() == 1 && (*entry == "*" || !self.control));
        let value = match only {
            // The same for everybody, so that caches need not tell origins apart.
            Some(only) => HeaderValue::from_str(only).ok(),
            None if self.origins.is_empty() => None,
            None => {
                answer.append(VARY, HeaderValue::from_static("origin"));
                request.get(ORIGIN).filter(|_| self.allows(request)).cloned()
            }
        };
        if let Some(value) = value {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, value);
            answer.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("etag, content-length, content-range, content-disposition"),
            );
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn answer(cors: &Cors, origin: &str) -> (Option<String>, bool) {
        let (mut request, mut answer) = (HeaderMap::new(), HeaderMap::new());
        request.insert(ORIGIN, origin.parse().unwrap());
        cors.allow(&request, &mut answer);
        (answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap().to_owned()), answer.contains_key(VARY))
    }

    #[test]
    fn origins_that_are_listed_may_read() {
        let list = Cors::parse(r#"{"AccessOriginControl":true,"AllowOrigin":"https://a.com,*.b.com"}"#).unwrap();
        assert_eq!(answer(&list, "https://a.com"), (Some("https://a.com".to_owned()), true));
        assert_eq!(answer(&list, "http://a.com"), (None, true));
        assert_eq!(answer(&list, "http://x.B.com"), (Some("http://x.B.com".to_owned()), true));
        assert_eq!(answer(&list, "http://b.com"), (None, true));
        assert_eq!(answer(&list, "http://evilb.com"), (None, true));
        assert_eq!(answer(&list, "null"), (None, true));
        let all = Cors::parse(r#"{"AllowOrigin":"*"}"#).unwrap();
        assert_eq!(answer(&all, "https://x"), (Some("*".to_owned()), false));
        let fixed = Cors::parse(r#"{"AccessOriginControl":"off","AllowOrigin":"https://a.com"}"#).unwrap();
        assert_eq!(answer(&fixed, "https://x"), (Some("https://a.com".to_owned()), false));
        assert_eq!(answer(&Cors::default(), "https://x"), (None, false));
        for bad in [
            r#"{"AllowOrigin":"ftp://a"}"#,
            r#"{"AllowOrigin":"https://a/b"}"#,
            r#"{"AllowOrigin":"a.com,b.com"}"#,
            r#"{"AllowOrigin":"https://"}"#,
        ] {
            assert!(Cors::parse(bad).is_err(), "{bad}");
        }
    }
}
