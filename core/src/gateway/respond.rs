//! Responses, whole or streamed.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Frame, SizeHint};
use sdk_plugin::{Body, Error, HttpResponse, Result};

use super::compress;
use super::outgoing::{Outgoing, SMALL};

/// A body as hyper sends it.
pub enum ResponseBody {
    /// All of it is there.
    Whole(Full<Bytes>),
    /// A plugin makes it.
    Streamed(Box<Outgoing>),
}

impl hyper::body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Streamed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Streamed(body) => body.size_hint(),
        }
    }
}

/// Lower case, as the client SDK reads it by its exact name.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// A whole response.
pub fn full(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::Whole(Full::new(body.into())));
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

/// All of a small body. What may follow its last byte is not asked for, as for large ones.
async fn whole(mut body: Body, length: u64) -> Result<Bytes> {
    if length == 0 {
        return Ok(Bytes::new());
    }
    let first = body.next().await.transpose()?;
    match first {
        Some(chunk) if chunk.len() as u64 == length => Ok(chunk),
        first => Body::from_stream(stream::iter(first.map(Ok)).chain(body)).collect(SMALL).await,
    }
}

/// A plugin's response. Its length is announced where it is known; to HEAD an empty one says nothing.
///
/// # Errors
/// What a small body ends with.
pub async fn from_plugin(response: HttpResponse, head: bool) -> Result<Response<ResponseBody>> {
    let length = response.body.length();
    let body = match length {
        Some(length) if length <= SMALL as u64 => ResponseBody::Whole(Full::new(whole(response.body, length).await?)),
        _ => ResponseBody::Streamed(Box::new(Outgoing::new(response.body))),
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
