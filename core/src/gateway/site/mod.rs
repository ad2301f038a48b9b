//! Sites: the hosts of spaces, which plugins answer whatever the path is.

mod cors;
mod location;
mod redirect;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use sdk_plugin::contract::domains::{Domain, HOSTING, Redirect};
use sdk_plugin::{Error, Result, codes};

use super::Gateway;
use super::connections::Arrived;
use super::respond::{ResponseBody, full};
use super::routes::{Answer, Asked, hand_over};
use super::wire::log_failure;
use crate::domains::Known;
use crate::domains::hsts;

/// A host of a space.
pub enum Site {
    /// The default domain of a space's website.
    Default {
        /// The space, which need not exist.
        space: String,
    },
    /// A domain of its own.
    Custom(Arc<Known>),
}

impl Site {
    /// The space.
    pub fn space(&self) -> &str {
        match self {
            Self::Default { space } => space,
            Self::Custom(known) => &known.bound.space,
        }
    }

    fn service(&self) -> &str {
        match self {
            Self::Default { .. } => HOSTING,
            Self::Custom(known) => &known.bound.domain.service,
        }
    }

    fn known(&self) -> Option<&Known> {
        match self {
            Self::Default { .. } => None,
            Self::Custom(known) => Some(known),
        }
    }
}

/// The site of a host, if it is one of a space.
///
/// # Errors
/// `ServiceUnavailable` when the database cannot be asked.
pub async fn find(gateway: &Gateway, host: &str) -> Result<Option<Site>> {
    if let Some(space) = gateway.domains.names().space(host) {
        return Ok(Some(Site::Default { space: space.to_owned() }));
    }
    Ok(gateway.domains.get(host).await?.map(Site::Custom))
}

/// Whether a request came over a connection that was made for another space than its host's: the
/// client took it for a connection to both, because one certificate names both.
///
/// # Errors
/// `ServiceUnavailable` when the database cannot be asked.
pub async fn is_misdirected(gateway: &Gateway, arrived: &Arrived, host: &str, site: Option<&Site>) -> Result<bool> {
    let Some(name) = arrived.name.as_deref().filter(|name| *name != host) else { return Ok(false) };
    let made_for = find(gateway, name).await?;
    Ok(made_for.is_some_and(|made_for| site.is_none_or(|site| site.space() != made_for.space())))
}

/// A response of plain text.
pub fn text(status: StatusCode, text: impl Into<String>) -> Response<ResponseBody> {
    full(status, "text/plain; charset=utf-8", format!("{}\n", text.into()))
}

/// Answers a request for a site.
pub async fn answer(gateway: &Arc<Gateway>, site: &Site, asked: Asked) -> Answer {
    const SURFACE: &str = "site";
    let Some(known) = site.known() else {
        return Answer::of(SURFACE, plugin(gateway, site, asked).await);
    };
    let domain = &known.bound.domain;
    let (origin, secure) = (asked.request.headers().get(header::ORIGIN).cloned(), asked.secure);
    let mut response = match before_plugin(gateway, domain, &asked).await {
        Some(response) => response,
        None => plugin(gateway, site, asked).await,
    };
    cors::allow(response.headers_mut(), origin.as_ref(), &domain.cors);
    if secure {
        demand_https(response.headers_mut(), known);
    }
    Answer::of(SURFACE, response)
}

/// What is answered without asking the plugin.
async fn before_plugin(gateway: &Gateway, domain: &Domain, asked: &Asked) -> Option<Response<ResponseBody>> {
    match cors::preflight(&asked.request, &domain.cors) {
        Some(response) => Some(response),
        None => redirect::other_scheme(gateway, domain, asked).await,
    }
}

/// RFC 6797. A domain that sends its visitors to HTTP cannot mean it.
fn demand_https(headers: &mut HeaderMap, known: &Known) {
    let domain = &known.bound.domain;
    if let (Some(seconds), true) = (domain.hsts, domain.redirect != Redirect::Http)
        && let Ok(value) = HeaderValue::from_str(&hsts::header(seconds, known.hsts_reach))
    {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
}

async fn plugin(gateway: &Arc<Gateway>, site: &Site, asked: Asked) -> Response<ResponseBody> {
    let path = asked.request.uri().path().to_owned();
    if !path.starts_with('/') || asked.request.method() == Method::CONNECT {
        return text(StatusCode::BAD_REQUEST, "the request is for no path");
    }
    let Some(slot) = gateway.router.well_known(&path).or_else(|| gateway.router.site(site.service())) else {
        return text(StatusCode::SERVICE_UNAVAILABLE, format!("no plugin answers the service `{}`", site.service()));
    };
    let id = asked.id.clone();
    match hand_over(gateway, &slot, asked, site.space()).await {
        Ok(response) => response,
        Err(error) => {
            log_failure(&error, &id, &path, site.space());
            failure(&error)
        }
    }
}

/// What visitors are told of an error.
fn failure(error: &Error) -> Response<ResponseBody> {
    match error.code() {
        codes::NOT_FOUND => text(StatusCode::NOT_FOUND, "not found"),
        codes::INTERNAL => text(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        codes::UNAVAILABLE | codes::THROTTLED_CONCURRENCY | codes::TIMEOUT => text(StatusCode::SERVICE_UNAVAILABLE, "try again later"),
        _ => text(StatusCode::BAD_REQUEST, error.message()),
    }
}
