//! Downloads: `GET` and `HEAD` of `/files/SPACE/PATH`.

pub mod conditions;
mod counted;
pub mod range;

use std::sync::Arc;
use std::time::SystemTime;

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Error, HttpRequest, HttpResponse, Result, codes};

use self::conditions::{Outcome, Validators};
use self::range::Wanted;
use crate::cdn::Rules;
use crate::clock::{self, now};
use crate::media;
use crate::name;
use crate::record::File;
use crate::service::{PREFIX, Service};
use crate::signed_url;
use crate::transfer::preflight;
use crate::upload::META;
use crate::usage::Traffic;

/// What documents with scripts may do: nothing, and not in the name of the server's origin.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:";
/// How often a file is looked up anew that is replaced at the moment.
const TRIES: usize = 3;

/// Splits a path into the space and the rest of it.
fn split(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix(PREFIX)?.split_once('/')
}

fn not_found() -> Error {
    Error::new(codes::NOT_FOUND, "there is no such file")
}

/// A file, and whether caches that others share may keep it.
struct Found {
    file: Arc<File>,
    shared: bool,
}

impl<C: Calls> Service<C> {
    /// Answers a download.
    ///
    /// # Errors
    /// `NotFound`, `SignatureNotMatch`, `InvalidParameter.PermissionDenied`, or what the database or
    /// the storage answers.
    pub async fn download(self: &Arc<Self>, request: &HttpRequest) -> Result<HttpResponse> {
        let (space, rest) = split(request.path()).ok_or_else(not_found)?;
        self.check_space(space).await?;
        let rules = self.rules.of(space).await?;
        let path = rules.admit(space, rest, request, now() / 1000)?;
        let path = name::unescape(&path).ok_or_else(not_found)?;
        let id = name::id(space, &path);
        for attempt in 0..TRIES {
            let file = self.library.recent(space, &id).await?.ok_or_else(not_found)?;
            let signed = match signed_url::verify(&self.secret, space, &path, &file.object, request.query(), now() / 1000) {
                // It may have been replaced a moment ago, elsewhere.
                Err(_) if attempt == 0 => {
                    self.library.forget(&id).await;
                    continue;
                }
                signed => signed?,
            };
            let public = self.is_public(&file).await?;
            if !public && !signed {
                return Err(Error::new(codes::PERMISSION_DENIED, "the file needs a signed address"));
            }
            match self.answer(request, &rules, &Found { file, shared: public }).await {
                // It was replaced or deleted after its record was read.
                Err(error) if error.code() == codes::NOT_FOUND => self.library.forget(&id).await,
                answer => return answer,
            }
        }
        Err(not_found())
    }

    async fn answer(self: &Arc<Self>, request: &HttpRequest, rules: &Rules, found: &Found) -> Result<HttpResponse> {
        let file = &*found.file;
        let modified = clock::time(file.modified / 1000 * 1000);
        let validators = Validators { etag: &file.object, modified };
        let mut headers = HeaderMap::new();
        describe(&mut headers, found, modified);
        rules.cors.allow(&request.headers, &mut headers);
        let respond = |status, body, headers| HttpResponse { status, headers, body };
        match conditions::evaluate(&request.headers, validators) {
            Outcome::Perform => {}
            Outcome::NotModified => return Ok(respond(StatusCode::NOT_MODIFIED, Body::empty(), headers)),
            Outcome::Failed => return Ok(respond(StatusCode::PRECONDITION_FAILED, Body::empty(), headers)),
        }
        represent(&mut headers, file);
        let applies = request.method == Method::GET && conditions::range_applies(&request.headers, validators, SystemTime::now());
        let wanted = if applies { range::wanted(&request.headers, file.size) } else { Wanted::Whole };
        let (status, first, length) = match wanted {
            Wanted::Whole => (StatusCode::OK, 0, file.size),
            Wanted::Part { first, length } => (StatusCode::PARTIAL_CONTENT, first, length),
            Wanted::Unsatisfiable => {
                headers.remove(CONTENT_TYPE);
                headers.remove(CONTENT_ENCODING);
                insert(&mut headers, CONTENT_RANGE, &format!("bytes */{}", file.size));
                return Ok(respond(StatusCode::RANGE_NOT_SATISFIABLE, Body::empty(), headers));
            }
        };
        if status == StatusCode::PARTIAL_CONTENT {
            insert(&mut headers, CONTENT_RANGE, &format!("bytes {first}-{}/{}", first + length.saturating_sub(1), file.size));
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        if request.method == Method::HEAD {
            return Ok(respond(status, Body::empty(), headers));
        }
        let body = self.library.objects.get(&file.space, &file.object, first, length).await?;
        self.usage.note(&file.space, Traffic { downloads: 1, ..Traffic::default() });
        Ok(respond(status, counted::counted(body, self.clone(), file.space.clone()), headers))
    }

    /// Answers what a browser asks before a request across origins.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn preflight_of_download(&self, request: &HttpRequest) -> Result<HttpResponse> {
        let (space, _) = split(request.path()).ok_or_else(not_found)?;
        self.check_space(space).await?;
        let rules = self.rules.of(space).await?;
        // A `PUT` has its signature, and needs no rule.
        let put = request.headers.get(http::header::ACCESS_CONTROL_REQUEST_METHOD).is_some_and(|method| method == "PUT");
        if put || rules.cors.allows(&request.headers) {
            return Ok(preflight("GET, HEAD, PUT, OPTIONS"));
        }
        Ok(HttpResponse::new(StatusCode::NO_CONTENT, Body::empty()))
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Values are checked when they are stored.
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

/// What a 304 has as well as a 200 (RFC 9110, section 15.4.5).
fn describe(headers: &mut HeaderMap, found: &Found, modified: SystemTime) {
    let file = &*found.file;
    insert(headers, ETAG, &format!("\"{}\"", file.object));
    insert(headers, LAST_MODIFIED, &httpdate::fmt_http_date(modified));
    let cache_control = match &file.headers.cache_control {
        // Whoever has no signature must not get it from a cache that others share.
        _ if !found.shared => "private, no-cache",
        Some(chosen) => chosen,
        None => "no-cache",
    };
    insert(headers, CACHE_CONTROL, cache_control);
    if let (Some(expires), true) = (&file.headers.expires, found.shared) {
        insert(headers, EXPIRES, expires);
    }
}

/// What is said of the bytes.
fn represent(headers: &mut HeaderMap, file: &File) {
    insert(headers, CONTENT_TYPE, &media::header(&file.content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if media::is_active(&file.content_type) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    }
    if let Some(disposition) = &file.headers.content_disposition {
        insert(headers, CONTENT_DISPOSITION, disposition);
    }
    if let Some(encoding) = &file.headers.content_encoding {
        insert(headers, CONTENT_ENCODING, encoding);
    }
    for (meta, value) in &file.meta {
        if let Ok(name) = HeaderName::from_bytes(format!("{META}{meta}").as_bytes()) {
            insert(headers, name, value);
        }
    }
}
