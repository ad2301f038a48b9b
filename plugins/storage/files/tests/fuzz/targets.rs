//! What the fuzz targets do with their bytes. `fuzz/` runs them with libFuzzer, `main.rs` beside
//! this file with mutated seeds in every test run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use multer::Multipart;

#[path = "../../src/upload/boundary.rs"]
pub mod boundary;
#[path = "../../src/download/conditions.rs"]
pub mod conditions;
#[path = "../../src/download/range.rs"]
pub mod range;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[("ranges", ranges), ("form", form)];

const MODIFIED: Duration = Duration::from_secs(1_445_412_480);

/// Headers that lines of `name: value` stand for.
fn headers(lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(50) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

/// The first line is the size of a file, the others are headers: whatever they ask for is within
/// the file, and the conditions are those of RFC 9110, section 13.2.2.
pub fn ranges(data: &[u8]) {
    let split = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let size: u64 = std::str::from_utf8(&data[..split]).ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let headers = headers(data.get(split + 1..).unwrap_or_default());
    match range::wanted(&headers, size) {
        range::Wanted::Part { first, length } => {
            assert!(length > 0 && first < size && length <= size - first, "{first}, {length} of {size}");
            assert_eq!(headers.get_all("range").iter().count(), 1);
        }
        range::Wanted::Whole => {}
        range::Wanted::Unsatisfiable => assert!(headers.contains_key("range")),
    }
    let file = conditions::Validators { etag: "e", modified: UNIX_EPOCH + MODIFIED };
    let outcome = conditions::evaluate(&headers, file);
    let has = |name: &str| headers.contains_key(name);
    match outcome {
        conditions::Outcome::Failed => assert!(has("if-match") || has("if-unmodified-since")),
        conditions::Outcome::NotModified => assert!(has("if-none-match") || has("if-modified-since")),
        conditions::Outcome::Perform => assert!(!headers.get_all("if-none-match").iter().any(|value| value == "*" || value == "\"e\"")),
    }
    let now: SystemTime = UNIX_EPOCH + MODIFIED + Duration::from_secs(9);
    if conditions::range_applies(&headers, file, now) && has("if-range") {
        let value = headers["if-range"].as_bytes();
        assert!(value.starts_with(b"\"") || httpdate::parse_http_date(&String::from_utf8_lossy(value)).is_ok());
    }
}

/// The first byte says how large pieces are, the rest is a form: nothing of it is lost while its
/// boundary is looked for, and its fields are no longer than it is.
pub fn form(data: &[u8]) {
    let Some((size, body)) = data.split_first() else { return };
    let pieces = || -> Vec<sdk_plugin::Result<Bytes>> {
        body.chunks(usize::from(*size).max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect()
    };
    let read = || boundary::read(stream::iter(pieces())).now_or_never().expect("all is there").expect("nothing failed");
    let (found, whole) = read();
    let whole: Vec<u8> = whole.map(|piece| piece.expect("nothing failed").to_vec()).concat().now_or_never().expect("all is there");
    assert_eq!(whole, body);
    let Some(found) = found else { return };
    assert!((1..=70).contains(&found.len()) && body.windows(found.len()).any(|part| part == found.as_bytes()));
    let (_, stream) = read();
    let mut form = Multipart::new(stream, found);
    let mut sum = 0;
    let fields = async {
        while let Ok(Some(field)) = form.next_field().await {
            match field.bytes().await {
                Ok(bytes) => sum += bytes.len(),
                Err(_) => break,
            }
        }
    };
    fields.now_or_never().expect("all is there");
    assert!(sum <= body.len());
}
