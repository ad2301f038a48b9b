//! Pages of mpcloud's own, for when a site has none.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use sdk_plugin::{Body, Error, HttpResponse, codes};

/// A page with one sentence.
pub fn plain(status: StatusCode, sentence: &str) -> HttpResponse {
    page(status, &format!("<p>{sentence}</p>"))
}

fn page(status: StatusCode, body: &str) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or_default();
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{0} {title}</title>\n<h1>{0} {title}</h1>\n{body}\n</html>\n",
        status.as_u16()
    );
    HttpResponse::new(status, Body::full(html))
        .with_header(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with_header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
}

/// The site has nothing at this path, and no error document.
pub fn nothing_here() -> HttpResponse {
    plain(StatusCode::NOT_FOUND, "The site has nothing at this address.")
}

/// There is no site.
pub fn no_site(space: &str) -> HttpResponse {
    // A space id is plain; what is not is no space.
    let plain_id = space.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let id = if plain_id && !space.is_empty() { space } else { "ID" };
    page(
        StatusCode::NOT_FOUND,
        &format!(
            "<p>There is no website at this address.</p>\n<p>If it is to be yours, open it and deploy a folder:</p>\n\
             <pre>mpcloud hosting enable --space {id}\nmpcloud hosting deploy DIR --space {id}</pre>"
        ),
    )
}

/// The site could not be served. The cause is in the log.
pub fn failed(error: &Error, request_id: &str) -> HttpResponse {
    tracing::error!(request_id, ?error, "a site could not be served");
    let passes = error.is_retryable() || matches!(error.code(), codes::UNAVAILABLE | codes::TIMEOUT | codes::THROTTLED_CONCURRENCY);
    if passes {
        plain(StatusCode::SERVICE_UNAVAILABLE, "The site cannot be served now. Try again later.")
    } else {
        plain(StatusCode::INTERNAL_SERVER_ERROR, "The site cannot be served. Its administrator finds the cause in the server's log.")
    }
}
