//! What the fuzz target does with its bytes. `fuzz/` runs it with libFuzzer, `main.rs` beside this
//! file with mutated seeds in every test run.
//!
//! The parts under test are taken in as files, so that `fuzz/` has to build nothing else.

use http::{HeaderMap, HeaderValue, Uri, Version, header};

#[path = "../../src/domains/host.rs"]
pub mod host;
#[path = "../../src/gateway/site/location.rs"]
pub mod location;
#[path = "../../src/domains/names.rs"]
pub mod names;

/// A request has one host in one form, or is refused; a host is the server's own, a space's, or
/// nobody's; and a redirect leads to the same path of the host that was asked for.
///
/// The lines of an input are the version (`0`, `1` or `2`), the target, and a Host header each.
pub fn request(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let version = match lines.next() {
        Some("0") => Version::HTTP_10,
        Some("2") => Version::HTTP_2,
        _ => Version::HTTP_11,
    };
    let Ok(uri) = lines.next().unwrap_or_default().parse::<Uri>() else { return };
    let mut headers = HeaderMap::new();
    for value in lines.filter_map(|line| HeaderValue::from_bytes(line.as_bytes()).ok()) {
        headers.append(header::HOST, value);
    }
    let Ok(asked) = host::of_request(version, &uri, &headers) else { return };
    assert!(headers.len() <= 1, "one host");
    assert!(asked.is_empty() == (version == Version::HTTP_10 && headers.is_empty() && uri.authority().is_none()), "{asked}");
    assert!(asked.len() <= 253 && asked.is_ascii() && !asked.ends_with('.') && !asked.contains(['/', '@', ' ', '?', '#']), "{asked}");
    assert_eq!(asked, asked.to_ascii_lowercase());
    assert!(asked.is_empty() || host::of_authority(&asked).as_deref() == Some(&*asked), "{asked}");

    for base in ["localhost", "example.com"] {
        let names = names::Names::new("https://cloud.example.com:8443", base);
        let space = names.space(&asked);
        if let Some(space) = space {
            assert_eq!(asked, format!("{space}.{base}"));
            assert!(!space.is_empty() && !space.contains('.') && !names.is_own(&asked));
        }
        if names.check(&asked).is_ok() {
            assert!(space.is_none() && !names.is_own(&asked) && !host::is_address(&asked), "{asked}");
            redirected(&asked, &uri);
        }
    }
}

fn redirected(asked: &str, uri: &Uri) {
    // Others are refused before: they have no path.
    if !uri.path().starts_with('/') {
        return;
    }
    for (scheme, port) in [("http", 80), ("https", 443), ("https", 8443)] {
        let location = location::at(scheme, asked, port, uri);
        HeaderValue::from_str(&location).expect("it can be sent");
        let target: Uri = location.parse().expect("it is a URL");
        assert_eq!((target.scheme_str(), target.host()), (Some(scheme), Some(asked)), "{location}");
        assert_eq!(target.port_u16().unwrap_or(if scheme == "http" { 80 } else { 443 }), port);
        assert_eq!((target.path(), target.query()), (uri.path(), uri.query()));
    }
}
