//! Responses, whole or streamed.

use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use sdk_plugin::{Error, HttpResponse, Result};

use super::compress;
use super::pump::{SMALL, pump};

/// A body as hyper sends it.
pub type ResponseBody = UnsyncBoxBody<Bytes, Error>;

/// Lower case, as the client SDK reads it by its exact name.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// A whole response.
pub fn full(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<ResponseBody> {
    let mut response = Response::new(Full::new(body.into()).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// JSON, compressed where the caller takes it and it pays.
pub async fn json(status: StatusCode, asked: &HeaderMap, body: Bytes) -> Response<ResponseBody> {
    const JSON: &str = "application/json; charset=utf-8";
    if compress::accepts_gzip(asked)
        && let Some(packed) = compress::gzip(&body).await
    {
        let mut response = full(status, JSON, packed);
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        return response;
    }
    full(status, JSON, body)
}

/// A plugin's response. Its length is announced where it is known; to HEAD an empty one says nothing.
///
/// # Errors
/// What a small body ends with.
pub async fn from_plugin(response: HttpResponse, head: bool) -> Result<Response<ResponseBody>> {
    let length = response.body.length();
    let body = match length {
        Some(length) if length <= SMALL as u64 => {
            Full::new(response.body.collect(SMALL).await?).map_err(|never| match never {}).boxed_unsync()
        }
        _ => BodyExt::boxed_unsync(StreamBody::new(pump(response.body).map_ok(Frame::data))),
    };
    let mut out = Response::new(body);
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    // What belongs to the connection is hyper's to say.
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE] {
        out.headers_mut().remove(name);
    }
    // RFC 9110, 8.6: of these it would not be the length of the body.
    let without = matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || head && length == Some(0);
    if let (Some(length), false) = (length, without || out.headers().contains_key(header::CONTENT_LENGTH)) {
        out.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(out)
}
