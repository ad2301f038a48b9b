//! Conditional requests (RFC 9110, 13).

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::clock::system_time;

/// What a request's conditions say.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To answer as if there were none.
    GoOn,
    /// To answer with this status, and the entity tag that was compared.
    Answer(StatusCode, HeaderValue),
}

/// Whether a request has conditions.
pub fn has_any(asked: &HeaderMap) -> bool {
    [IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_MATCH, IF_UNMODIFIED_SINCE].iter().any(|name| asked.contains_key(name))
}

/// Checks the conditions of a request for what has one of these entity tags, the last of which is
/// that of the file as it is, in the order of section 13.2.2.
pub fn check(asked: &HeaderMap, tags: impl Iterator<Item = HeaderValue>, modified: u64) -> Verdict {
    let tags: Vec<HeaderValue> = tags.collect();
    let Some(own) = tags.last().cloned() else { return Verdict::GoOn };
    let failed = |tag: HeaderValue| Verdict::Answer(StatusCode::PRECONDITION_FAILED, tag);
    if asked.contains_key(IF_MATCH) {
        if matching(asked, IF_MATCH, &tags, false).is_none() {
            return failed(own);
        }
    } else if date(asked, IF_UNMODIFIED_SINCE).is_some_and(|date| system_time(modified) > date) {
        return failed(own);
    }
    if asked.contains_key(IF_NONE_MATCH) {
        return match matching(asked, IF_NONE_MATCH, &tags, true) {
            Some(tag) => Verdict::Answer(StatusCode::NOT_MODIFIED, tag),
            None => Verdict::GoOn,
        };
    }
    match date(asked, IF_MODIFIED_SINCE) {
        Some(date) if system_time(modified) <= date => Verdict::Answer(StatusCode::NOT_MODIFIED, own),
        _ => Verdict::GoOn,
    }
}

/// A date of a header; what is none counts as absent.
pub fn date(asked: &HeaderMap, name: HeaderName) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(asked.get(name)?.to_str().ok()?).ok()
}

/// The first of some tags that a header's list has. Our tags are all strong.
fn matching(asked: &HeaderMap, name: HeaderName, tags: &[HeaderValue], weak: bool) -> Option<HeaderValue> {
    for value in asked.get_all(name) {
        let mut rest = value.to_str().unwrap_or_default();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.starts_with('*') {
                return tags.last().cloned();
            }
            let (is_weak, quoted) = match rest.strip_prefix("W/") {
                Some(quoted) => (true, quoted),
                None => (false, rest),
            };
            // Tags may contain commas, but no quotes.
            let Some(end) = quoted.strip_prefix('"').and_then(|inner| inner.find('"')) else { break };
            let (tag, after) = quoted.split_at(end + 2);
            if (weak || !is_weak)
                && let Some(found) = tags.iter().find(|known| known.as_bytes() == tag.as_bytes())
            {
                return Some(found.clone());
            }
            rest = after;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: u64 = 784_111_777_900;
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

    fn verdict(headers: &[(HeaderName, &'static str)]) -> Option<(u16, String)> {
        let asked: HeaderMap = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        let tags = ["\"a-br\"", "\"a\""].map(HeaderValue::from_static);
        match check(&asked, tags.into_iter(), TIME) {
            Verdict::GoOn => None,
            Verdict::Answer(status, tag) => Some((status.as_u16(), tag.to_str().unwrap_or_default().to_owned())),
        }
    }

    #[test]
    fn conditions_are_those_of_the_rfc() {
        let (a, br) = ("\"a\"".to_owned(), "\"a-br\"".to_owned());
        for (headers, expected) in [
            (vec![(IF_NONE_MATCH, "\"a\"")], Some((304, a.clone()))),
            (vec![(IF_NONE_MATCH, "W/\"a\"")], Some((304, a.clone()))),
            (vec![(IF_NONE_MATCH, "\"x,y\" , \"a-br\"")], Some((304, br))),
            (vec![(IF_NONE_MATCH, "*")], Some((304, a.clone()))),
            (vec![(IF_NONE_MATCH, "\"b\"")], None),
            (vec![(IF_NONE_MATCH, "a")], None),
            (vec![(IF_NONE_MATCH, "\"unclosed")], None),
            (vec![(IF_MODIFIED_SINCE, SAME)], Some((304, a.clone()))),
            (vec![(IF_MODIFIED_SINCE, BEFORE)], None),
            (vec![(IF_MODIFIED_SINCE, "yesterday")], None),
            (vec![(IF_NONE_MATCH, "\"b\""), (IF_MODIFIED_SINCE, SAME)], None),
            (vec![(IF_MATCH, "\"a\"")], None),
            (vec![(IF_MATCH, "*")], None),
            (vec![(IF_MATCH, "W/\"a\"")], Some((412, a.clone()))),
            (vec![(IF_MATCH, "\"b\"")], Some((412, a.clone()))),
            (vec![(IF_UNMODIFIED_SINCE, SAME)], None),
            (vec![(IF_UNMODIFIED_SINCE, BEFORE)], Some((412, a.clone()))),
            (vec![(IF_MATCH, "\"a\""), (IF_UNMODIFIED_SINCE, BEFORE)], None),
        ] {
            assert_eq!(verdict(&headers), expected, "{headers:?}");
        }
    }
}
