//! Parts of a file (RFC 9110, section 14).

use http::HeaderMap;
use http::header::RANGE;

/// More parts than this are not looked at.
const MAX_PARTS: usize = 64;

/// What a request asks for of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: there is no `Range`, it is not understood, or it names parts that lie apart.
    Whole,
    /// One part: its first byte and how many there are.
    Part { first: u64, length: u64 },
    /// 416: there is none of what it names.
    Unsatisfiable,
}

/// A number of any length; what is larger than all files stays that.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// One range of a file: none when it is no range, an empty one when the file has nothing of it.
fn range(text: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = text.split_once('-')?;
    if first.is_empty() {
        let suffix = number(last)?;
        return Some((suffix > 0).then(|| (size - suffix.min(size), size)));
    }
    let first = number(first)?;
    let end = if last.is_empty() { size } else { number(last).filter(|last| *last >= first)?.saturating_add(1).min(size) };
    Some((first < size).then_some((first, end)))
}

/// What a `Range` asks for of a file of some size.
pub fn wanted(headers: &HeaderMap, size: u64) -> Wanted {
    let mut all = headers.get_all(RANGE).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return Wanted::Whole };
    let Some((unit, set)) = value.to_str().ok().and_then(|text| text.split_once('=')) else { return Wanted::Whole };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let (mut parts, mut named) = (Vec::new(), 0);
    for text in set.split(',').map(|text| text.trim_matches([' ', '\t'])).filter(|text| !text.is_empty()) {
        named += 1;
        match range(text, size) {
            Some(part) if named <= MAX_PARTS => parts.extend(part),
            _ => return Wanted::Whole,
        }
    }
    if named == 0 {
        return Wanted::Whole;
    }
    parts.sort_unstable();
    let mut parts = parts.into_iter();
    let Some((first, mut end)) = parts.next() else { return Wanted::Unsatisfiable };
    for (next, behind) in parts {
        if next > end {
            return Wanted::Whole;
        }
        end = end.max(behind);
    }
    // The end of an empty file is all of it, and no part that could be named.
    if size == 0 { Wanted::Whole } else { Wanted::Part { first, length: end - first } }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(value: &str, size: u64) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.append(RANGE, value.parse().unwrap());
        wanted(&headers, size)
    }

    #[test]
    fn ranges_are_those_of_the_rfc() {
        let part = |first, length| Wanted::Part { first, length };
        for (value, size, expected) in [
            ("bytes=0-499", 10_000, part(0, 500)),
            ("bytes=9500-", 10_000, part(9500, 500)),
            ("bytes=-500", 10_000, part(9500, 500)),
            ("bytes=0-0", 10_000, part(0, 1)),
            ("bytes=0-99999", 10_000, part(0, 10_000)),
            ("bytes=-99999", 10_000, part(0, 10_000)),
            ("Bytes=1-2", 10_000, part(1, 2)),
            ("bytes= 1-2 , ", 10_000, part(1, 2)),
            ("bytes=0-99999999999999999999999", 10, part(0, 10)),
            ("bytes=-99999999999999999999999", 10, part(0, 10)),
            ("bytes=0-4,5-9", 100, part(0, 10)),
            ("bytes=5-9,0-6", 100, part(0, 10)),
            ("bytes=0-4,200-", 100, part(0, 5)),
            ("bytes=0-4,6-9", 100, Wanted::Whole),
            ("bytes=10-", 10, Wanted::Unsatisfiable),
            ("bytes=10-,11-", 10, Wanted::Unsatisfiable),
            ("bytes=-0", 10, Wanted::Unsatisfiable),
            ("bytes=0-", 0, Wanted::Unsatisfiable),
            ("bytes=99999999999999999999999-", 10, Wanted::Unsatisfiable),
            ("bytes=-5", 0, Wanted::Whole),
            ("bytes=5-4", 10, Wanted::Whole),
            ("bytes=0-1,5-4", 10, Wanted::Whole),
            ("bytes=", 10, Wanted::Whole),
            ("bytes=-", 10, Wanted::Whole),
            ("bytes=a-b", 10, Wanted::Whole),
            ("bytes=1-+2", 10, Wanted::Whole),
            ("bytes=1 - 2", 10, Wanted::Whole),
            ("bytes 0-1", 10, Wanted::Whole),
            ("items=0-1", 10, Wanted::Whole),
            ("bytes=--1", 10, Wanted::Whole),
        ] {
            assert_eq!(of(value, size), expected, "{value} of {size}");
        }
        assert_eq!(of(&format!("bytes={}", "0-1,".repeat(65)), 10), Wanted::Whole);
        assert_eq!(wanted(&HeaderMap::new(), 10), Wanted::Whole);
    }
}
