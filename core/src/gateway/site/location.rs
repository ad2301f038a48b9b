//! Where a redirect between HTTP and HTTPS leads.

use http::Uri;

/// The same path and query of a host, at another scheme and port.
pub fn at(scheme: &str, host: &str, port: u16, uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match (scheme, port) {
        ("http", 80) | ("https", 443) => format!("{scheme}://{host}{path}"),
        _ => format!("{scheme}://{host}:{port}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_scheme_is_left_out() {
        let uri = Uri::from_static("http://other.example/a%20b?c=d");
        assert_eq!(at("https", "a.example", 443, &uri), "https://a.example/a%20b?c=d");
        assert_eq!(at("https", "a.example", 8443, &uri), "https://a.example:8443/a%20b?c=d");
        assert_eq!(at("http", "a.example", 80, &Uri::from_static("/")), "http://a.example/");
    }
}
