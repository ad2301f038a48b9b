//! Which room of the server a request is for.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use sdk_plugin::{Body, Caller, CallerKind, Error, HttpRequest, Result, codes};

use super::arriving::{self, Arriving};
use super::connections::Arrived;
use super::forwarded::Forwarded;
use super::respond::{REQUEST_ID, ResponseBody, from_plugin, full, json};
use super::wire::{self, Surface};
use super::{Gateway, body, cors, request_id, site};
use crate::domains::host;
use crate::host::Slot;
use crate::management::{ManagementRequest, handle, refuse};

/// An answer, and how it ended for metrics and the log.
pub struct Answer {
    surface: &'static str,
    code: String,
    response: Response<ResponseBody>,
}

/// A request, and what is known of it.
pub struct Asked {
    /// The request.
    pub request: Request<Arriving>,
    /// Its id.
    pub id: String,
    /// The address that it comes from.
    pub ip: String,
    /// The host that it is for.
    pub host: String,
    /// Whether it came over TLS, to the server or to a trusted proxy.
    pub secure: bool,
    /// Whether a trusted proxy has said so.
    pub proxied: bool,
}

impl Answer {
    /// An answer that ended with the response's status.
    pub fn of(surface: &'static str, response: Response<ResponseBody>) -> Self {
        Self { surface, code: response.status().as_str().to_owned(), response }
    }
}

/// Answers a request, whatever it is.
pub async fn answer(gateway: Arc<Gateway>, request: Request<Incoming>, arrived: Arc<Arrived>) -> Response<ResponseBody> {
    let began = Instant::now();
    let (request, rest) = arriving::watch(request);
    let id = request_id();
    let forwarded = if gateway.server.trust_forwarded_for { Forwarded::of(request.headers()) } else { Forwarded::default() };
    let ip = forwarded.ip.map_or_else(|| arrived.ip.clone(), |ip| ip.to_string());
    let (secure, proxied) = (forwarded.secure.unwrap_or(arrived.secure), forwarded.secure.is_some());
    let line = gateway.log_requests.then(|| (request.method().clone(), request.uri().path().to_owned()));
    let host = host::of_request(request.version(), request.uri(), request.headers());
    let asked = |host| Asked { request, id: id.clone(), ip, host, secure, proxied };
    let Answer { surface, code, mut response } = match host {
        Ok(host) => by_host(&gateway, asked(host), &arrived).await,
        Err(why) => Answer::of("other", site::text(StatusCode::BAD_REQUEST, why)),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if !rest.finish().await {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let took = began.elapsed();
    gateway.metrics.request(surface, &code, took);
    if let Some((method, path)) = line {
        tracing::info!(request_id = id, %method, path, surface, code, took_us = took.as_micros(), "request");
    }
    response
}

/// The hosts of spaces go to their sites, all others to the server itself.
async fn by_host(gateway: &Arc<Gateway>, asked: Asked, arrived: &Arrived) -> Answer {
    let found = async {
        let site = site::find(gateway, &asked.host).await?;
        let misdirected = site::is_misdirected(gateway, arrived, &asked.host, site.as_ref()).await?;
        Ok::<_, Error>((site, misdirected))
    };
    match found.await {
        Ok((_, true)) => {
            let why = "this connection was made for another host; make a new one";
            Answer::of("other", site::text(StatusCode::MISDIRECTED_REQUEST, why))
        }
        Ok((Some(site), _)) => site::answer(gateway, &site, asked).await,
        Ok((None, _)) => by_path(gateway, asked).await,
        Err(error) => {
            wire::log_failure(&error, &asked.id, asked.request.uri().path(), "");
            Answer::of("other", site::text(StatusCode::SERVICE_UNAVAILABLE, "try again later"))
        }
    }
}

async fn by_path(gateway: &Arc<Gateway>, asked: Asked) -> Answer {
    let Asked { request, id, .. } = &asked;
    // Endpoint and path are joined blindly by the SDKs, so that `//client` arrives as well.
    let path = format!("/{}", request.uri().path().trim_start_matches('/'));
    let surface = match path.as_str() {
        "/client" => Some(Surface::Client),
        "/server" => Some(Surface::Server),
        _ => None,
    };
    match (request.method(), path.as_str(), surface) {
        (&Method::POST, _, Some(surface)) => {
            let Asked { request, id, ip, .. } = asked;
            let (response, code) = wire::answer(gateway, surface, request, &id, ip).await;
            Answer { surface: surface.name(), code, response }
        }
        (&Method::OPTIONS, _, Some(_)) => Answer::of("client", cors::preflight(request.headers())),
        (_, _, Some(surface)) => {
            let error = Error::new(codes::INVALID_METHOD, "only POST is answered here");
            Answer { surface: surface.name(), code: error.code().into(), response: wire::refuse(request.headers(), &error, id).await }
        }
        (&Method::GET, "/healthz", _) => Answer::of("other", full(StatusCode::OK, "text/plain", "ok\n")),
        (&Method::GET, "/readyz", _) => Answer::of("other", ready(gateway).await),
        (&Method::GET, "/metrics", _) => Answer::of(
            "other",
            full(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", gateway.metrics.encode()),
        ),
        (_, "/", _) if is_management(request) => management(gateway, asked).await,
        _ => plugin(gateway, &path, asked).await,
    }
}

fn is_management(request: &Request<Arriving>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == Method::POST || query.split('&').any(|pair| pair.starts_with("Action="))
}

async fn ready(gateway: &Gateway) -> Response<ResponseBody> {
    match gateway.host.ready().await {
        Ok(()) => full(StatusCode::OK, "text/plain", "ready\n"),
        Err(error) => {
            tracing::warn!(?error, "not ready");
            full(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{}\n", error.message()))
        }
    }
}

async fn management(gateway: &Arc<Gateway>, asked: Asked) -> Answer {
    let Asked { request, id, ip, .. } = asked;
    let (mut parts, incoming) = request.into_parts();
    // HTTP/2 has `:authority` instead (RFC 9113, section 8.3.1), and signatures cover `host`.
    if let (false, Some(authority)) = (parts.headers.contains_key(header::HOST), parts.uri.authority())
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(header::HOST, host);
    }
    let body = match body::read(incoming, &parts.headers, gateway.limits.body, gateway.limits.body_timeout).await {
        Ok(body) => body,
        Err(error) => {
            let reply = refuse(&error, &id, &parts.headers);
            return Answer::of("management", json(reply.status, &parts.headers, reply.body).await);
        }
    };
    let reply = handle(
        &gateway.management,
        ManagementRequest {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
            body,
            ip,
            request_id: id,
        },
    )
    .await;
    Answer::of("management", json(reply.status, &parts.headers, reply.body).await)
}

async fn plugin(gateway: &Arc<Gateway>, path: &str, asked: Asked) -> Answer {
    let (id, headers) = (asked.id.clone(), asked.request.headers().clone());
    let Some(slot) = gateway.router.http(path) else {
        let error = Error::new(codes::NOT_FOUND, format!("nothing is served at {path}"));
        return Answer::of("other", json(StatusCode::NOT_FOUND, &headers, wire::envelope::failure(&error, &id)).await);
    };
    match hand_over(gateway, &slot, asked, "").await {
        Ok(response) => Answer::of("plugin", response),
        Err(error) => {
            wire::log_failure(&error, &id, path, "");
            let status = match error.code() {
                codes::NOT_FOUND => StatusCode::NOT_FOUND,
                codes::UNAVAILABLE | codes::THROTTLED_CONCURRENCY => StatusCode::SERVICE_UNAVAILABLE,
                codes::INTERNAL => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            let response = json(status, &headers, wire::envelope::failure(&error, &id)).await;
            Answer { surface: "plugin", code: error.code().to_owned(), response }
        }
    }
}

/// Has a plugin answer a request, for a space where its host is one of a space.
///
/// # Errors
/// What the plugin answers.
pub async fn hand_over(gateway: &Gateway, slot: &Slot, asked: Asked, space: &str) -> Result<Response<ResponseBody>> {
    let Asked { request, id, ip, host, secure, .. } = asked;
    let (parts, incoming) = request.into_parts();
    let head = parts.method == Method::HEAD;
    let request = HttpRequest {
        method: parts.method,
        uri: parts.uri.path_and_query().map_or("/", |uri| uri.as_str()).to_owned(),
        host,
        space: space.to_owned(),
        secure,
        caller: Caller { ip, user_agent: text(&parts.headers, header::USER_AGENT), ..Caller::of(CallerKind::Http) },
        headers: parts.headers,
        body: if incoming.is_end_stream() { Body::empty() } else { body::stream(incoming, gateway.limits.body_timeout) },
        request_id: id,
    };
    from_plugin(slot.lease()?.http(request).await?, head).await
}

/// A header as text; empty when it is absent or not text.
pub fn text(headers: &http::HeaderMap, name: impl header::AsHeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
