//! What the fuzz targets do with their bytes. `fuzz/` runs them with libFuzzer, `main.rs` beside
//! this file with mutated seeds in every test run.
//!
//! The parts under test are taken in as files, so that neither has to build an engine.

use std::io::{Cursor, Write};

use base64::Engine as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

#[path = "../../src/trigger/http/address.rs"]
pub mod address;
#[path = "../../src/trigger/cron/mod.rs"]
pub mod cron;
#[path = "../../src/package/mod.rs"]
pub mod package;
#[path = "../../src/trigger/http/path.rs"]
pub mod path;
#[path = "../../src/trigger/http/request.rs"]
pub mod request;
#[path = "../../src/trigger/http/response.rs"]
pub mod response;

/// What the reader of packages knows of the plugin's table in the TOML file.
pub mod config {
    pub struct Config {
        pub max_unpacked_bytes: u64,
        pub max_package_files: usize,
    }
}

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[("cron", cron_text), ("trigger", trigger), ("package", package_zip)];

/// A text is refused, or it is due again and again, an hour apart at least.
pub fn cron_text(data: &[u8]) {
    const HOUR: u64 = 3_600_000;
    let Ok(text) = std::str::from_utf8(data) else { return };
    let schedule = match cron::Schedule::parse(text) {
        Ok(schedule) => schedule,
        Err(error) => {
            assert!(error.message().starts_with("TimingTriggerConfig: ") && error.message().len() < 400, "{error}");
            return;
        }
    };
    assert!(text.starts_with("cron:") && !text.contains("  ") && !text.ends_with(' '));
    for zone in [chrono_tz::Tz::UTC, chrono_tz::Tz::Asia__Shanghai, chrono_tz::Tz::Europe__Berlin, chrono_tz::Tz::Australia__Lord_Howe] {
        // Before changes of clocks in 2026, and before a leap day that does not come.
        for start in [1_774_700_000_000, 1_792_800_000_000, 4_107_000_000_000] {
            let mut last = start;
            for round in 0..4 {
                let next = schedule.next(last, zone).expect("it is due within nine years");
                assert!(next > last, "{text}: {next} after {last}");
                if round > 0 && zone == chrono_tz::Tz::UTC {
                    assert!((next - last).is_multiple_of(HOUR), "{text}: {next} after {last}");
                }
                assert_eq!(schedule.next(next - 1, zone), Some(next), "{text}");
                last = next;
            }
        }
    }
}

/// A request finds its function and nothing else, loses nothing on the way to `ctx.args`, and
/// whatever a function returns is a response that can be sent, or an error.
///
/// The lines of an input are host, address and method, then headers up to an empty line; the rest
/// is the body, and what the function returns.
pub fn trigger(data: &[u8]) {
    let (head, body) = data.windows(2).position(|pair| pair == b"\n\n").map_or((data, &b""[..]), |at| (&data[..at], &data[at + 2..]));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let (host, uri) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let method = lines.next().and_then(|line| line.parse().ok()).unwrap_or(Method::GET);
    let headers: HeaderMap = lines
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?)))
        .collect();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));

    if path::check(path).is_ok() {
        let address = format!("/trigger/space{path}");
        let found = address::locate("localhost", &address, None).expect("a path that a function may have is found");
        assert_eq!((found.space, found.path), ("space", path));
        assert!(path.len() <= 128 && !path.ends_with('/') && path.split('/').all(|segment| segment != ".."));
    }
    if let Some(found) = address::locate(host, path, Some("fn.example.com")) {
        assert!(found.path.starts_with("/http") && path.ends_with(found.path));
        assert!(found.space.len() <= 64 && found.space.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    }

    if request::check(&method, &headers, Some(body.len() as u64)).is_ok() {
        assert!(request::METHODS.contains(&method) && headers.get_all("content-type").iter().count() <= 1);
    }
    let args = request::args(path, &method, &headers, query, body);
    let text = args["body"].as_str().expect("a text");
    let back = if args["isBase64Encoded"] == true {
        base64::engine::general_purpose::STANDARD.decode(text).expect("Base64")
    } else {
        text.as_bytes().to_vec()
    };
    assert_eq!(back, body);
    assert_eq!(args["headers"].as_object().expect("an object").len(), headers.keys_len());

    let Ok(returned) = std::str::from_utf8(body) else { return };
    match response::of(returned) {
        Ok(response) => {
            assert!((200..600).contains(&response.status.as_u16()) && response.body.len() <= request::MAX_BODY);
            for name in ["transfer-encoding", "connection", "content-length", "content-disposition", "request-id"] {
                assert!(!response.headers.contains_key(name), "{name}");
            }
        }
        Err(error) => assert!([response::INVALID, response::TOO_LARGE].contains(&error.code()), "{error}"),
    }
}

/// A zip is refused, or it is a package within its limits whose main module is there.
///
/// An input that begins with `#` is text: a zip is made of its lines, which are `NAME=CONTENTS`.
pub fn package_zip(data: &[u8]) {
    const LIMITS: package::Limits = package::Limits { unpacked: 1 << 20, files: 50 };
    let read = |zip: &[u8]| match package::read(zip, LIMITS) {
        Ok(package) => {
            assert!(package.file(package.main()).is_some(), "{}", package.main());
            assert!(package.size() as u64 <= LIMITS.unpacked + 50 * 1024);
            true
        }
        Err(error) => {
            assert!(error.code().starts_with("InvalidPackage."), "{error}");
            false
        }
    };
    read(data);
    let Some(text) = data.strip_prefix(b"#").and_then(|text| std::str::from_utf8(text).ok()) else { return };
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut names = Vec::new();
    for (name, contents) in text.lines().filter_map(|line| line.split_once('=')).take(60) {
        if writer.start_file(name, zip::write::SimpleFileOptions::default()).is_ok() {
            names.push(name);
            writer.write_all(contents.as_bytes()).expect("written to memory");
        }
    }
    let Ok(zip) = writer.finish() else { return };
    let good = read(zip.get_ref());
    let leaves = |name: &&str| name.starts_with('/') || name.contains('\\') || name.split('/').any(|segment| segment == "..");
    assert!(!(good && names.iter().any(leaves)), "{names:?}");
}
