//! Cross-origin requests to `/client`, from the domains that a space allows.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::respond::{ResponseBody, full};
use crate::identity::spaces::CorsDomain;

/// Answers a preflight request. It names no space, so it only opens the door to ask; whether the
/// reply may be read is said by [`allow`] on the reply itself.
pub fn preflight(headers: &HeaderMap) -> Response<ResponseBody> {
    let mut response = full(StatusCode::NO_CONTENT, "text/plain", "");
    if let Some(origin) = headers.get(header::ORIGIN) {
        let out = response.headers_mut();
        out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        out.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        out.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("content-type, x-serverless-sign, x-serverless-ua, x-basement-token"),
        );
        out.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        out.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

/// Lets a browser read a reply when the space allows its origin.
pub fn allow(response: &mut Response<ResponseBody>, asked: &HeaderMap, domains: &[CorsDomain]) {
    let Some(origin) = asked.get(header::ORIGIN) else { return };
    if origin.to_str().is_ok_and(|origin| domains.iter().any(|entry| matches(&entry.domain, origin))) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("request-id"));
        response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    }
}

fn matches(domain: &str, origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host).to_ascii_lowercase();
    match domain.strip_prefix("*.") {
        _ if domain == "*" => true,
        Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1),
        None => host == domain,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_domain_allows_itself_and_a_star_its_children() {
        assert!(matches("a.com", "https://a.com"));
        assert!(matches("a.com:8080", "http://A.com:8080"));
        assert!(!matches("a.com", "https://a.com.evil.org"));
        assert!(!matches("a.com", "https://eviila.com"));
        assert!(matches("*.a.com", "https://x.a.com"));
        assert!(!matches("*.a.com", "https://xa.com"));
        assert!(!matches("*.a.com", "https://a.com"));
    }
}
