//! Range requests (RFC 9110, 14). Several ranges at once are answered with the whole.

use std::time::Duration;

use http::header::{IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue};

use super::conditions::date;
use crate::clock::system_time;

/// What of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    All,
    /// So many bytes from one on; at least one.
    Part {
        /// The first byte.
        first: u64,
        /// How many.
        length: u64,
    },
    /// What it does not have.
    Nothing,
}

/// What a request wants at a time of what has this entity tag, time and size.
pub fn wanted(asked: &HeaderMap, etag: &HeaderValue, modified: u64, size: u64, now: u64) -> Wanted {
    let Some(range) = asked.get(RANGE).and_then(|value| value.to_str().ok()) else { return Wanted::All };
    if asked.contains_key(IF_RANGE) {
        let modified = system_time(modified);
        // A date tells contents apart only once its second has passed (section 13.1.5).
        let is_strong = modified + Duration::from_secs(1) <= system_time(now);
        let same = asked.get(IF_RANGE) == Some(etag) || (is_strong && date(asked, IF_RANGE).is_some_and(|date| date == modified));
        if !same {
            return Wanted::All;
        }
    }
    parse(range, size).unwrap_or(Wanted::All)
}

/// Reads a range; none for one that counts as absent.
fn parse(range: &str, size: u64) -> Option<Wanted> {
    let (unit, spec) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return None;
    }
    let (first, last) = spec.trim().split_once('-')?;
    if first.is_empty() {
        let suffix = number(last)?.min(size);
        return Some(if suffix == 0 { Wanted::Nothing } else { Wanted::Part { first: size - suffix, length: suffix } });
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    if first >= size {
        return Some(Wanted::Nothing);
    }
    Some(Wanted::Part { first, length: last.min(size - 1) - first + 1 })
}

/// A number of digits alone; one that is too large counts as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges_are_answered() {
        let part = |first, length| Wanted::Part { first, length };
        for (range, size, expected) in [
            ("bytes=0-0", 10, part(0, 1)),
            ("bytes=2-", 10, part(2, 8)),
            ("Bytes=2-100", 10, part(2, 8)),
            ("bytes=-3", 10, part(7, 3)),
            ("bytes=-30", 10, part(0, 10)),
            ("bytes=9-9", 10, part(9, 1)),
            ("bytes=0-99999999999999999999999", 10, part(0, 10)),
            ("bytes=10-", 10, Wanted::Nothing),
            ("bytes=-0", 10, Wanted::Nothing),
            ("bytes=0-", 0, Wanted::Nothing),
            ("bytes=-1", 0, Wanted::Nothing),
            ("bytes=5-4", 10, Wanted::All),
            ("bytes=0-1,3-4", 10, Wanted::All),
            ("bytes=a-b", 10, Wanted::All),
            ("bytes=+1-2", 10, Wanted::All),
            ("bytes=-", 10, Wanted::All),
            ("lines=0-1", 10, Wanted::All),
            ("bytes", 10, Wanted::All),
        ] {
            let asked = HeaderMap::from_iter([(RANGE, HeaderValue::from_static(range))]);
            assert_eq!(wanted(&asked, &HeaderValue::from_static("\"a\""), 0, size, 0), expected, "{range}");
        }
    }

    #[test]
    fn a_range_of_something_older_is_the_whole() {
        let time = 784_111_777_900;
        for (condition, partial) in [
            ("\"a\"", true),
            ("\"b\"", false),
            ("W/\"a\"", false),
            ("Sun, 06 Nov 1994 08:49:37 GMT", true),
            ("Sun, 06 Nov 1994 08:49:38 GMT", false),
            ("nonsense", false),
        ] {
            let headers = [(RANGE, HeaderValue::from_static("bytes=0-1")), (IF_RANGE, HeaderValue::from_static(condition))];
            let found = wanted(&HeaderMap::from_iter(headers), &HeaderValue::from_static("\"a\""), time, 10, time + 100);
            assert_eq!(found != Wanted::All, partial, "{condition}");
        }
        let headers = [("bytes=0-1", RANGE), ("Sun, 06 Nov 1994 08:49:37 GMT", IF_RANGE)];
        let asked: HeaderMap = headers.map(|(value, name)| (name, HeaderValue::from_static(value))).into_iter().collect();
        assert_eq!(wanted(&asked, &HeaderValue::from_static("\"a\""), time, 10, time + 99), Wanted::All);
    }
}
