//! Redirects of a domain between HTTP and HTTPS.

use http::{HeaderValue, Response, StatusCode, header};
use sdk_plugin::contract::domains::{Domain, Redirect};

use super::super::Gateway;
use super::super::respond::ResponseBody;
use super::super::routes::Asked;
use super::{location, text};

/// Certificate authorities ask here over HTTP, before there is a certificate or when it has expired.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// The redirect of a request that came by the scheme that the domain does not want.
pub async fn other_scheme(gateway: &Gateway, domain: &Domain, asked: &Asked) -> Option<Response<ResponseBody>> {
    let uri = asked.request.uri();
    if uri.path().starts_with(CHALLENGES) {
        return None;
    }
    let target = match (domain.redirect, asked.secure) {
        // A proxy that ends TLS has the certificates, where the server ends none itself.
        (Redirect::Https, false) if asked.proxied && gateway.ports.https.is_none() => {
            location::at("https", &domain.host, gateway.ports.proxied_https, uri)
        }
        (Redirect::Https, false) => {
            let port = gateway.ports.https?;
            match gateway.certificates.key(&domain.host).await {
                Ok(key) => key?,
                Err(error) => {
                    tracing::warn!(host = domain.host, ?error, "not known whether there is a certificate to redirect to");
                    return None;
                }
            };
            location::at("https", &domain.host, port, uri)
        }
        (Redirect::Http, true) => location::at("http", &domain.host, gateway.ports.http?, uri),
        _ => return None,
    };
    let mut response = text(StatusCode::PERMANENT_REDIRECT, format!("moved to {target}"));
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&target).ok()?);
    // It lasts for as long as the domain's setting does, which a browser would not ask for again.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}
