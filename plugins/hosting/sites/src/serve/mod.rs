//! Answers to visitors of sites.

mod cache_control;
mod conditions;
pub mod encoding;
mod page;
mod range;
mod resolve;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, LOCATION, RANGE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, HttpRequest, HttpResponse, Result};

use self::conditions::Verdict;
use self::encoding::{Accepted, Encoding};
use self::range::Wanted;
use self::resolve::Target;
use crate::allowed::allows;
use crate::clock::{now, system_time};
use crate::contents::{Kept, etag};
use crate::current::Live;
use crate::manifest::File;
use crate::path::{decode, encode};
use crate::service::Service;

/// How much of what is in memory is handed over at once, in bytes. A slow reader holds no more.
const CHUNK: usize = 128 * 1024;

/// What of a file is sent, and how.
struct Representation<'a> {
    /// The file that is named, whose type and time count.
    file: &'a File,
    /// The file whose contents are sent.
    source: &'a File,
    encoding: Encoding,
    etag: HeaderValue,
    size: u64,
    kept: Option<Arc<Kept>>,
    /// Whether another request for the same file may be answered in another encoding.
    varies: bool,
}

impl<C: Calls> Service<C> {
    /// Answers a request for a site.
    pub async fn serve(self: &Arc<Self>, request: &HttpRequest) -> HttpResponse {
        let head = request.method == Method::HEAD;
        if !head && request.method != Method::GET {
            let answer = page::plain(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are answered here.");
            return answer.with_header(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        let response = match self.live(&request.space).await {
            Ok(Some(live)) => match self.answer(request, &live).await {
                Ok(mut response) => {
                    // What says `no-store` is kept even less.
                    let kept = response.headers.get(CACHE_CONTROL).is_none_or(|value| value.as_bytes() != b"no-store");
                    if kept && !live.allowed.is_empty() {
                        response.headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control::PRIVATE));
                    }
                    live.counters.sent(if head { 0 } else { response.body.length().unwrap_or(0) });
                    response
                }
                Err(error) => page::failed(&error, &request.request_id),
            },
            Ok(None) => page::no_site(&request.space),
            Err(error) => page::failed(&error, &request.request_id),
        };
        if head { without_body(response) } else { response }
    }

    async fn answer(&self, request: &HttpRequest, live: &Live) -> Result<HttpResponse> {
        if !allows(&live.allowed, &request.caller.ip) {
            return Ok(page::plain(StatusCode::FORBIDDEN, "This site may not be seen from your address."));
        }
        match decode(request.path()).map(|path| resolve::resolve(live, &path)) {
            Some(Target::File(file)) => self.file(request, live, file).await,
            Some(Target::Folder(path)) => Ok(to_folder(&path, request.query())),
            Some(Target::Nothing) => self.nothing(request, live).await,
            None => Ok(page::plain(StatusCode::BAD_REQUEST, "There can be no file with this path.")),
        }
    }

    /// The error document.
    async fn nothing(&self, request: &HttpRequest, live: &Live) -> Result<HttpResponse> {
        let Some(file) = live.manifest.get(&live.error).filter(|file| !file.is_folder()) else {
            return Ok(page::nothing_here());
        };
        if live.error_status == StatusCode::OK {
            return self.file(request, live, file).await;
        }
        let chosen = self.choose(&request.headers, live, file, true).await?;
        let Some(representation) = chosen else { return Ok(page::nothing_here()) };
        let mut headers = describe(&representation);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control::REVALIDATE));
        for name in [ETAG, LAST_MODIFIED, ACCEPT_RANGES] {
            headers.remove(name);
        }
        let body = self.body(live, &representation, 0, representation.size).await?;
        Ok(HttpResponse { status: live.error_status, headers, body })
    }

    async fn file(&self, request: &HttpRequest, live: &Live, file: &File) -> Result<HttpResponse> {
        let asked = &request.headers;
        // A part is one of the file as it is: whoever goes on reading compares entity tags. Only GET
        // has parts (RFC 9110, 14.2), and several headers are none.
        let may_encode = request.method != Method::GET || asked.get_all(RANGE).iter().count() != 1;
        if let Verdict::Answer(status, tag) = self.check(asked, live, file, may_encode) {
            return Ok(unchanged(status, tag, file));
        }
        let Some(representation) = self.choose(asked, live, file, may_encode).await? else {
            return Ok(page::plain(StatusCode::NOT_ACCEPTABLE, "This file is not there in an encoding that you accept."));
        };
        let mut headers = describe(&representation);
        let wanted =
            if may_encode { Wanted::All } else { range::wanted(asked, &representation.etag, file.modified, representation.size, now()) };
        let (status, first, length) = match wanted {
            Wanted::All => (StatusCode::OK, 0, representation.size),
            Wanted::Part { first, length } => {
                let value = format!("bytes {first}-{}/{}", first + length - 1, representation.size);
                insert(&mut headers, CONTENT_RANGE, value);
                (StatusCode::PARTIAL_CONTENT, first, length)
            }
            Wanted::Nothing => {
                let mut response = page::plain(StatusCode::RANGE_NOT_SATISFIABLE, "The file has no such part.");
                insert(&mut response.headers, CONTENT_RANGE, format!("bytes */{}", representation.size));
                return Ok(response);
            }
        };
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let body = if request.method == Method::HEAD { Body::empty() } else { self.body(live, &representation, first, length).await? };
        Ok(HttpResponse { status, headers, body })
    }

    /// What the request's conditions say, for any of the encodings that would be answered.
    fn check(&self, asked: &HeaderMap, live: &Live, file: &File, may_encode: bool) -> Verdict {
        if !conditions::has_any(asked) {
            return Verdict::GoOn;
        }
        let accepted = Accepted::read(asked.get(ACCEPT_ENCODING));
        let encodings = [Encoding::Brotli, Encoding::Gzip, Encoding::Identity].into_iter();
        let tags = encodings.filter(|encoding| *encoding == Encoding::Identity || (may_encode && accepted.allows(*encoding))).flat_map(
            |encoding| {
                let sibling = live.manifest.packed(file, encoding).map(|sibling| etag(&sibling.hash, encoding));
                [sibling, Some(etag(&file.hash, encoding))].into_iter().flatten()
            },
        );
        conditions::check(asked, tags, file.modified)
    }

    /// Chooses how a file is sent; none when there is no encoding that is accepted.
    async fn choose<'a>(&self, asked: &HeaderMap, live: &'a Live, file: &'a File, may_encode: bool) -> Result<Option<Representation<'a>>> {
        let accepted = Accepted::read(asked.get(ACCEPT_ENCODING));
        let compressible = encoding::is_compressible(&file.content_type);
        let mut varies = compressible;
        if may_encode {
            for encoding in accepted.preferred() {
                if let Some(source) = live.manifest.packed(file, encoding) {
                    let kept = if self.contents.keeps(source.size) { Some(self.contents(&live.space, source).await?) } else { None };
                    let (etag, size) = (etag(&source.hash, encoding), source.size);
                    return Ok(Some(Representation { file, source, encoding, etag, size, kept, varies: true }));
                }
                if (compressible || !accepted.allows(Encoding::Identity))
                    && let Some(kept) = self.compressed(&live.space, file, encoding).await?
                {
                    let (etag, size) = (kept.etag.clone(), kept.bytes.len() as u64);
                    return Ok(Some(Representation { file, source: file, encoding, etag, size, kept: Some(kept), varies: true }));
                }
            }
            if !accepted.allows(Encoding::Identity) {
                return Ok(None);
            }
            varies = varies || [Encoding::Brotli, Encoding::Gzip].iter().any(|encoding| live.manifest.packed(file, *encoding).is_some());
        }
        let kept = if self.contents.keeps(file.size) { Some(self.contents(&live.space, file).await?) } else { None };
        let etag = kept.as_ref().map_or_else(|| etag(&file.hash, Encoding::Identity), |kept| kept.etag.clone());
        Ok(Some(Representation { file, source: file, encoding: Encoding::Identity, etag, size: file.size, kept, varies }))
    }

    async fn body(&self, live: &Live, of: &Representation<'_>, first: u64, length: u64) -> Result<Body> {
        let Some(kept) = &of.kept else {
            return self.objects.read(&live.space, of.source, first, length).await;
        };
        let (first, length) = (usize::try_from(first).unwrap_or(usize::MAX), usize::try_from(length).unwrap_or(usize::MAX));
        let end = first.saturating_add(length).min(kept.bytes.len());
        Ok(from_memory(kept.bytes.slice(first.min(end)..end)))
    }
}

fn from_memory(bytes: Bytes) -> Body {
    if bytes.len() <= CHUNK {
        return Body::full(bytes);
    }
    let length = bytes.len() as u64;
    let chunks = stream::unfold(bytes, |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        let chunk = rest.split_to(rest.len().min(CHUNK));
        Some((Ok(chunk), rest))
    });
    Body::from_stream(chunks).with_length(length)
}

/// The headers of a representation.
fn describe(of: &Representation<'_>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(CONTENT_TYPE, of.file.content_type.clone());
    headers.insert(ETAG, of.etag.clone());
    headers.insert(LAST_MODIFIED, last_modified(of.file));
    headers.insert(CACHE_CONTROL, cache_control::of(&of.file.path));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(of.size));
    if let Some(name) = of.encoding.name() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    } else {
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    if of.varies {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    headers
}

fn last_modified(file: &File) -> HeaderValue {
    HeaderValue::try_from(httpdate::fmt_http_date(system_time(file.modified))).unwrap_or(HeaderValue::from_static(""))
}

/// An answer that says only that the file is as the visitor knows it, or is not.
fn unchanged(status: StatusCode, tag: HeaderValue, file: &File) -> HttpResponse {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(ETAG, tag);
    headers.insert(LAST_MODIFIED, last_modified(file));
    headers.insert(CACHE_CONTROL, cache_control::of(&file.path));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    HttpResponse { status, headers, body: Body::empty() }
}

/// Sends a visitor to a folder, where relative links lead to what is in it.
fn to_folder(path: &str, query: &str) -> HttpResponse {
    let mut location = encode(path);
    if !query.is_empty() {
        location.push('?');
        location.push_str(query);
    }
    let mut response = page::plain(StatusCode::MOVED_PERMANENTLY, "The folder's address ends in a slash.");
    // The next release may have a file there.
    response.headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control::REVALIDATE));
    insert(&mut response.headers, LOCATION, location);
    response
}

fn insert(headers: &mut HeaderMap, name: http::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// The answer to HEAD: the same headers.
fn without_body(mut response: HttpResponse) -> HttpResponse {
    if let Some(length) = response.body.length().filter(|_| !response.headers.contains_key(CONTENT_LENGTH)) {
        response.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response.body = Body::empty();
    response
}

#[cfg(test)]
mod tests;
