//! What an upload says of its file, beside the bytes: it is checked, as downloads repeat it.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use sdk_plugin::{Error, Result, codes};

use crate::grant::Grant;
use crate::record::Headers;

/// The longest value of a header, in bytes.
const MAX_VALUE: usize = 1024;
/// How large all of a file's own fields may be together, in bytes: the vendor's bound.
const MAX_META: usize = 8 * 1024;
/// What fields of one's own begin with.
pub const META: &str = "x-oss-meta-";

/// What an upload says of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// The declared type; empty for none.
    pub content_type: String,
    /// What downloads say.
    pub headers: Headers,
    /// Fields of one's own, without their prefix.
    pub meta: BTreeMap<String, String>,
}

fn refuse(name: &str, why: &str) -> Error {
    Error::new(codes::PARAM_INVALID, format!("{name} {why}"))
}

fn value(name: &str, text: &str) -> Result<()> {
    if text.len() > MAX_VALUE {
        return Err(refuse(name, "is longer than 1,024 bytes"));
    }
    HeaderValue::from_bytes(text.as_bytes()).map(drop).map_err(|_| refuse(name, "cannot be a header"))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// A list of directives such as `max-age=60, public` (RFC 9111, section 5.2).
fn is_cache_control(text: &str) -> bool {
    text.split(',').all(|directive| {
        let (name, argument) = directive.trim().split_once('=').map_or((directive.trim(), None), |(name, argument)| (name, Some(argument)));
        let quoted = |text: &str| text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
        is_token(name) && argument.is_none_or(|argument| is_token(argument) || quoted(argument))
    })
}

impl Described {
    /// Takes a field of a form; those that are not known are left out.
    pub fn field(&mut self, name: &str, text: String) {
        let text_or_none = |text: String| Some(text).filter(|text| !text.is_empty());
        match name {
            "content-type" => self.content_type = text,
            "cache-control" => self.headers.cache_control = text_or_none(text),
            "content-disposition" => self.headers.content_disposition = text_or_none(text),
            "content-encoding" => self.headers.content_encoding = text_or_none(text),
            "expires" => self.headers.expires = text_or_none(text),
            name => {
                if let Some(meta) = name.strip_prefix(META) {
                    self.meta.insert(meta.to_owned(), text);
                }
            }
        }
    }

    /// What the headers of a `PUT` say.
    ///
    /// # Errors
    /// As [`checked`](Self::checked).
    pub fn of_headers(headers: &HeaderMap, grant: &Grant) -> Result<Self> {
        let mut described = Self::default();
        for (name, value) in headers {
            described.field(name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
        if !grant.content_type.is_empty() {
            described.content_type.clone_from(&grant.content_type);
        }
        described.checked()
    }

    /// Itself, if downloads can repeat it.
    ///
    /// # Errors
    /// `ParamInvalid`, with what is wrong.
    pub fn checked(mut self) -> Result<Self> {
        // A type that is none is not worth a refusal: the name says it as well.
        let Headers { cache_control, content_disposition, content_encoding, expires } = &mut self.headers;
        if let Some(text) = cache_control {
            value("Cache-Control", text)?;
            if !is_cache_control(text) {
                return Err(refuse("Cache-Control", "is not a list of directives"));
            }
        }
        if let Some(text) = content_disposition {
            value("Content-Disposition", text)?;
            if !is_token(text.split(';').next().unwrap_or_default().trim()) {
                return Err(refuse("Content-Disposition", "begins neither with `attachment` nor with `inline`"));
            }
        }
        if let Some(text) = content_encoding {
            value("Content-Encoding", text)?;
            let known = |coding: &str| matches!(coding, "gzip" | "x-gzip" | "deflate" | "compress" | "br" | "zstd" | "identity" | "utf-8");
            if !text.split(',').all(|coding| known(coding.trim().to_ascii_lowercase().as_str())) {
                return Err(refuse("Content-Encoding", "is no list of gzip, deflate, compress, br, zstd and identity"));
            }
        }
        // The vendor's own examples have `utf-8` there, which is no coding and would break downloads.
        let coded =
            |text: &String| !text.split(',').any(|coding| matches!(coding.trim().to_ascii_lowercase().as_str(), "utf-8" | "identity"));
        if !content_encoding.as_ref().is_none_or(coded) {
            *content_encoding = None;
        }
        if let Some(text) = expires {
            value("Expires", text)?;
            if httpdate::parse_http_date(text).is_err() {
                return Err(refuse("Expires", "is not an HTTP date such as `Wed, 21 Oct 2026 07:28:00 GMT`"));
            }
        }
        for (name, text) in &self.meta {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            if name.is_empty() || !name.bytes().all(plain) || HeaderName::from_bytes(format!("{META}{name}").as_bytes()).is_err() {
                return Err(refuse(&format!("{META}{name}"), "must be letters, digits, - and _"));
            }
            value(&format!("{META}{name}"), text)?;
        }
        if self.meta.iter().map(|(name, text)| name.len() + text.len()).sum::<usize>() > MAX_META {
            return Err(refuse("the file's own fields", "are larger than 8 KB together"));
        }
        Ok(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(name: &str, text: &str) -> Result<Described> {
        let mut described = Described::default();
        described.field(name, text.to_owned());
        described.checked()
    }

    #[test]
    fn what_downloads_repeat_is_checked() {
        for (name, good) in [
            ("cache-control", "max-age=2592000"),
            ("cache-control", "public, max-age=60, private=\"x\", no-transform"),
            ("content-disposition", "attachment; filename=\"图.png\""),
            ("content-encoding", "gzip, br"),
            ("expires", "Wed, 21 Oct 2026 07:28:00 GMT"),
            ("x-oss-meta-Author_1", "小明"),
            ("x-oss-meta-a", ""),
            ("content-type", "\r\nnonsense"),
            ("anything", "\r\n"),
        ] {
            with(&name.to_ascii_lowercase(), good).unwrap();
        }
        for (name, bad) in [
            ("cache-control", "max-age=60\r\nSet-Cookie: a=b"),
            ("cache-control", "a b"),
            ("cache-control", "max-age=60, "),
            ("content-disposition", "x\ny"),
            ("content-disposition", "; filename=x"),
            ("content-encoding", "gzip, nothing"),
            ("expires", "tomorrow"),
            ("expires", "2026-01-01T00:00:00.000Z"),
            ("x-oss-meta-", "x"),
            ("x-oss-meta-a.b", "x"),
            ("x-oss-meta-$a", "x"),
            ("x-oss-meta-a", "x\0"),
            ("x-oss-meta-a", &"x".repeat(1025)),
        ] {
            assert_eq!(with(name, bad).unwrap_err().code(), codes::PARAM_INVALID, "{name}: {bad}");
        }
        assert_eq!(with("content-encoding", "utf-8").unwrap().headers.content_encoding, None);
        let mut many = Described::default();
        for n in 0..9 {
            many.field(&format!("{META}{n}"), "x".repeat(1000));
        }
        assert!(many.checked().is_err());
    }
}
