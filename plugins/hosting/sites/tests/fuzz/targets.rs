//! What the fuzz target does with its bytes. `fuzz/` runs it with libFuzzer, `main.rs` beside this
//! file with mutated seeds in every test run. The parts under test are taken in as files.

use http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue};

#[path = "../../src/clock.rs"]
pub mod clock;
#[path = "../../src/serve/conditions.rs"]
pub mod conditions;
#[path = "../../src/serve/encoding.rs"]
pub mod encoding;
#[path = "../../src/path.rs"]
pub mod path;
#[path = "../../src/serve/range.rs"]
pub mod range;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[("site", site)];

/// A request for a site. Its lines are: path, `Range`, `If-None-Match`, `Accept-Encoding`, size.
pub fn site(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    paths(line());
    let (asked_range, tags, accepted, size) = (line(), line(), line(), line());
    let size = size.parse().unwrap_or(10);
    ranges(asked_range, tags, size);
    conditions_of(tags);
    encodings(accepted);
}

fn is_safe(path: &str) -> bool {
    let segments = path.strip_suffix('/').unwrap_or(path);
    let named = segments.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    named && path.len() <= 1023 && !path.chars().any(|c| c == '\\' || c == '\0' || c == '\n')
}

fn paths(text: &str) {
    if let Some(decoded) = path::decode(text) {
        assert!(decoded.is_empty() || is_safe(&decoded), "{decoded:?}");
        let encoded = path::encode(&decoded);
        assert!(encoded.starts_with('/') && !encoded.starts_with("//") && encoded.is_ascii(), "{encoded:?}");
        assert_eq!(path::decode(&encoded).as_deref(), Some(&*decoded));
    }
    if let Ok(checked) = path::check(text) {
        assert!(is_safe(checked), "{checked:?}");
        assert_eq!(path::decode(&path::encode(checked)).as_deref(), Some(checked));
    }
}

fn headers<const N: usize>(pairs: [(HeaderName, &str); N]) -> HeaderMap {
    pairs.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::from_str(text).ok()?))).collect()
}

fn ranges(asked: &str, condition: &str, size: u64) {
    let tag = HeaderValue::from_static("\"a\"");
    for asked in [headers([(RANGE, asked)]), headers([(RANGE, asked), (IF_RANGE, condition)])] {
        if let range::Wanted::Part { first, length } = range::wanted(&asked, &tag, 0, size, 1_000_000) {
            assert!(length > 0 && first.checked_add(length).is_some_and(|end| end <= size), "{first} {length} of {size}");
        }
    }
}

fn conditions_of(tags: &str) {
    let known = ["\"a-br\"", "\"a\""].map(HeaderValue::from_static);
    if let conditions::Verdict::Answer(status, tag) = conditions::check(&headers([(IF_NONE_MATCH, tags)]), known.clone().into_iter(), 0) {
        assert_eq!(status.as_u16(), 304);
        let named = tags.contains('*') || tag.to_str().is_ok_and(|tag| tags.contains(tag));
        assert!(known.contains(&tag) && named, "{tags:?} {tag:?}");
    }
}

fn encodings(text: &str) {
    let Ok(value) = HeaderValue::from_str(text) else { return };
    let accepted = encoding::Accepted::read(Some(&value));
    for preferred in accepted.preferred() {
        assert!(accepted.allows(preferred) && preferred != encoding::Encoding::Identity, "{text:?}");
    }
    if !text.contains('0') {
        assert!(accepted.allows(encoding::Encoding::Identity) || text.contains('q') || text.contains('Q'), "{text:?}");
    }
}
