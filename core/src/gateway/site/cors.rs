//! Cross-origin requests to a domain (Fetch standard), from the origins that it names.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

use super::super::respond::{ResponseBody, full};

/// How long a preflight's answer may be kept, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// The answer to a preflight request, where a domain names origins.
pub fn preflight<B>(request: &Request<B>, origins: &[String]) -> Option<Response<ResponseBody>> {
    let headers = request.headers();
    let asks = request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || origins.is_empty() {
        return None;
    }
    let mut response = full(StatusCode::NO_CONTENT, "text/plain", "");
    let out = response.headers_mut();
    out.remove(header::CONTENT_TYPE);
    if allowed(headers.get(header::ORIGIN), origins).is_some() {
        out.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        out.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if let Some(wanted) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            out.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        out.append(header::VARY, HeaderValue::from_static("access-control-request-headers"));
    }
    Some(response)
}

/// Lets scripts of a domain's origins read a response.
pub fn allow(headers: &mut HeaderMap, origin: Option<&HeaderValue>, origins: &[String]) {
    if origins.is_empty() {
        return;
    }
    // Caches must not show one origin what another was answered.
    if !origins.iter().any(|known| known == "*") {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(value) = allowed(origin, origins) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANY);
    }
}

fn allowed(origin: Option<&HeaderValue>, origins: &[String]) -> Option<HeaderValue> {
    let origin = origin?;
    if origins.iter().any(|known| known == "*") {
        return Some(ANY);
    }
    origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sent(method: Method, origin: &str) -> Request<()> {
        let request = Request::builder().method(method).header("origin", origin);
        request.header("access-control-request-method", "PUT").header("access-control-request-headers", "x-a").body(()).unwrap()
    }

    fn lists(of: &[&str]) -> Vec<String> {
        of.iter().map(|origin| (*origin).to_owned()).collect()
    }

    #[test]
    fn only_named_origins_are_allowed() {
        let origins = lists(&["https://a.example", "http://b.example:8080"]);
        for (origin, known) in [("https://a.example", true), ("http://b.example:8080", true), ("http://a.example", false), ("null", false)]
        {
            let mut headers = HeaderMap::new();
            allow(&mut headers, Some(&HeaderValue::from_static(origin)), &origins);
            assert_eq!(headers.get("access-control-allow-origin").is_some(), known, "{origin}");
            assert_eq!(headers["vary"], "origin");
            let preflight = preflight(&sent(Method::OPTIONS, origin), &origins).unwrap();
            assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
            assert_eq!(preflight.headers().get("access-control-allow-headers").is_some_and(|list| list == "x-a"), known, "{origin}");
        }
    }

    #[test]
    fn a_star_is_every_origin_and_none_changes_nothing() {
        let mut headers = HeaderMap::new();
        allow(&mut headers, Some(&HeaderValue::from_static("https://x.example")), &lists(&["*"]));
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert!(!headers.contains_key("vary"));
        let mut headers = HeaderMap::new();
        allow(&mut headers, Some(&HeaderValue::from_static("https://x.example")), &[]);
        assert!(headers.is_empty());
        assert!(preflight(&sent(Method::OPTIONS, "https://x.example"), &[]).is_none());
        assert!(preflight(&sent(Method::GET, "https://x.example"), &lists(&["*"])).is_none());
    }
}
