//! Conditional requests, in the order of RFC 9110, section 13.2.2.

use std::time::{Duration, SystemTime};

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderName};

/// What tells the versions of a file apart.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// The strong entity tag, without its quotes.
    pub etag: &'a str,
    /// When the file was modified, in whole seconds. No two versions have the same.
    pub modified: SystemTime,
}

/// What a request's conditions ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The method is to be performed.
    Perform,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// An entity tag as a client sends it.
struct Tag<'a> {
    weak: bool,
    opaque: &'a [u8],
}

/// Takes one entity tag off the front of a text (RFC 9110, section 8.8.3).
fn tag(text: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let (weak, quoted) = match text.strip_prefix(b"W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let inner = quoted.strip_prefix(b"\"")?;
    let end = inner.iter().position(|b| *b == b'"')?;
    let (opaque, rest) = (inner.get(..end)?, inner.get(end + 1..)?);
    let allowed = |b: &u8| matches!(*b, 0x21 | 0x23..=0x7e | 0x80..);
    opaque.iter().all(allowed).then_some((Tag { weak, opaque }, rest))
}

/// Whether a list of entity tags, in any number of lines, is `*` or has one that fits. What is no
/// tag fits nothing.
fn any(headers: &HeaderMap, name: &HeaderName, fits: impl Fn(&Tag<'_>) -> bool) -> bool {
    let space = |b: &u8| matches!(*b, b' ' | b'\t' | b',');
    headers.get_all(name).iter().any(|value| {
        let mut rest = value.as_bytes();
        if rest.trim_ascii() == b"*" {
            return true;
        }
        loop {
            let start = rest.iter().position(|b| !space(b)).unwrap_or(rest.len());
            rest = rest.get(start..).unwrap_or_default();
            match tag(rest) {
                Some((tag, _)) if fits(&tag) => return true,
                Some((_, behind)) => rest = behind,
                None => return false,
            }
        }
    })
}

/// A date, if the header has exactly one and it is one.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let mut all = headers.get_all(name).iter();
    let (first, None) = (all.next()?, all.next()) else { return None };
    httpdate::parse_http_date(first.to_str().ok()?).ok()
}

/// Evaluates the conditions of a `GET` or `HEAD` for a file that exists.
pub fn evaluate(headers: &HeaderMap, file: Validators<'_>) -> Outcome {
    if headers.contains_key(IF_MATCH) {
        if !any(headers, &IF_MATCH, |tag| !tag.weak && tag.opaque == file.etag.as_bytes()) {
            return Outcome::Failed;
        }
    } else if date(headers, &IF_UNMODIFIED_SINCE).is_some_and(|date| file.modified > date) {
        return Outcome::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if any(headers, &IF_NONE_MATCH, |tag| tag.opaque == file.etag.as_bytes()) {
            return Outcome::NotModified;
        }
    } else if date(headers, &IF_MODIFIED_SINCE).is_some_and(|date| file.modified <= date) {
        return Outcome::NotModified;
    }
    Outcome::Perform
}

/// Whether `If-Range`, if there is one, lets a `Range` count (section 13.1.5).
pub fn range_applies(headers: &HeaderMap, file: Validators<'_>, now: SystemTime) -> bool {
    if !headers.contains_key(IF_RANGE) {
        return true;
    }
    let mut all = headers.get_all(IF_RANGE).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return false };
    if let Some((tag, rest)) = tag(value.as_bytes().trim_ascii()) {
        return rest.is_empty() && !tag.weak && tag.opaque == file.etag.as_bytes();
    }
    let date = value.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
    // A date is a strong validator once its second has passed.
    date.is_some_and(|date| date == file.modified && file.modified + Duration::from_secs(1) <= now)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const BEFORE: &str = "Wed, 21 Oct 2015 07:27:59 GMT";
    const SAME: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
    const AFTER: &str = "Wed, 21 Oct 2015 07:28:01 GMT";

    fn file() -> Validators<'static> {
        Validators { etag: "e", modified: UNIX_EPOCH + Duration::from_secs(1_445_412_480) }
    }

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        map
    }

    #[test]
    fn each_condition_alone() {
        use Outcome::{Failed, NotModified, Perform};
        for (name, value, expected) in [
            ("if-match", "*", Perform),
            ("if-match", "\"e\"", Perform),
            ("if-match", "\"x\", \"e\"", Perform),
            ("if-match", ",,\"x\" ,\t\"e\",", Perform),
            ("if-match", "W/\"e\"", Failed),
            ("if-match", "\"x\"", Failed),
            ("if-match", "e", Failed),
            ("if-match", "", Failed),
            ("if-match", "\"a,\\\"e\"", Failed),
            ("if-none-match", "*", NotModified),
            ("if-none-match", "\"e\"", NotModified),
            ("if-none-match", "W/\"e\"", NotModified),
            ("if-none-match", "\"x\",W/\"e\"", NotModified),
            ("if-none-match", "\"x\"", Perform),
            ("if-none-match", "w/\"e\"", Perform),
            ("if-none-match", "\"x, \"e\"", Perform),
            ("if-modified-since", SAME, NotModified),
            ("if-modified-since", AFTER, NotModified),
            ("if-modified-since", BEFORE, Perform),
            ("if-modified-since", "yesterday", Perform),
            ("if-modified-since", "Wednesday, 21-Oct-15 07:28:00 GMT", NotModified),
            ("if-unmodified-since", SAME, Perform),
            ("if-unmodified-since", BEFORE, Failed),
            ("if-unmodified-since", "yesterday", Perform),
        ] {
            assert_eq!(evaluate(&headers(&[(name, value)]), file()), expected, "{name}: {value}");
        }
    }

    #[test]
    fn tags_go_before_dates_and_failures_before_304() {
        use Outcome::{Failed, NotModified, Perform};
        for (lines, expected) in [
            (&[("if-match", "\"e\""), ("if-unmodified-since", BEFORE)][..], Perform),
            (&[("if-match", "\"x\""), ("if-none-match", "\"e\"")], Failed),
            (&[("if-unmodified-since", BEFORE), ("if-none-match", "\"e\"")], Failed),
            (&[("if-none-match", "\"x\""), ("if-modified-since", AFTER)], Perform),
            (&[("if-none-match", "\"e\""), ("if-modified-since", BEFORE)], NotModified),
            (&[("if-none-match", "\"x\""), ("if-none-match", "\"e\"")], NotModified),
            (&[("if-modified-since", SAME), ("if-modified-since", SAME)], Perform),
            (&[("if-match", "\"e\""), ("if-modified-since", SAME)], NotModified),
        ] {
            assert_eq!(evaluate(&headers(lines), file()), expected, "{lines:?}");
        }
    }

    #[test]
    fn ranges_need_a_strong_validator() {
        let later = file().modified + Duration::from_secs(1);
        for (value, expected) in [
            ("\"e\"", true),
            ("W/\"e\"", false),
            ("\"x\"", false),
            ("\"e\", \"e\"", false),
            (SAME, true),
            (AFTER, false),
            (BEFORE, false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(range_applies(&headers(&[("if-range", value)]), file(), later), expected, "{value}");
        }
        assert!(range_applies(&HeaderMap::new(), file(), later));
        assert!(!range_applies(&headers(&[("if-range", SAME)]), file(), file().modified), "the second has not passed");
        assert!(!range_applies(&headers(&[("if-range", "\"e\""), ("if-range", "\"e\"")]), file(), later));
    }
}
