//! Request bodies: read whole within a size and a time, decompressed within the same size.

use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use sdk_plugin::{Body, Error, Result, codes};
use tokio::time::timeout;

use super::arriving::Arriving;

/// Reads a body whole.
///
/// # Errors
/// `InvalidBody.Format` when it is larger than `limit` bytes, slower than `patience`, broken off,
/// or compressed in a way that is not gzip.
pub async fn read(body: Arriving, headers: &HeaderMap, limit: usize, patience: Duration) -> Result<Bytes> {
    let refuse = |why: String| Error::new(codes::INVALID_BODY, why);
    let read = timeout(patience, Limited::new(body, limit).collect()).await;
    let raw = read
        .map_err(|_| refuse(format!("the body did not arrive within {patience:?}")))?
        .map_err(|e| match e.downcast_ref::<http_body_util::LengthLimitError>() {
            Some(_) => refuse(format!("the body is larger than {limit} bytes")),
            None => refuse("the body broke off".to_owned()),
        })?
        .to_bytes();
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase()) {
        None => Ok(raw),
        Some(encoding) if encoding.is_empty() || encoding == b"identity" => Ok(raw),
        Some(encoding) if encoding == b"gzip" || encoding == b"x-gzip" => {
            let unpacked = tokio::task::spawn_blocking(move || gunzip(&raw, limit));
            unpacked.await.map_err(Error::internal)?
        }
        Some(_) => Err(refuse("the body's Content-Encoding must be gzip or identity".to_owned())),
    }
}

fn gunzip(raw: &[u8], limit: usize) -> Result<Bytes> {
    let mut unpacked = Vec::new();
    let reading = MultiGzDecoder::new(raw).take(limit as u64 + 1).read_to_end(&mut unpacked);
    if reading.is_err() {
        return Err(Error::new(codes::INVALID_BODY, "the body is not valid gzip"));
    }
    if unpacked.len() > limit {
        return Err(Error::new(codes::INVALID_BODY, format!("the body is larger than {limit} bytes when it is unpacked")));
    }
    Ok(unpacked.into())
}

/// Hands a body on as a stream, for plugins that read it themselves. It ends with an error when
/// nothing arrives for `patience`.
pub fn stream(body: Arriving, patience: Duration) -> Body {
    let length = hyper::body::Body::size_hint(&body).exact();
    let chunks = futures_util::stream::unfold(Some(body.into_data_stream()), move |chunks| async move {
        let mut chunks = chunks?;
        let broken = |why: &str| Error::new(codes::INVALID_BODY, format!("the body {why}"));
        match timeout(patience, chunks.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(chunks))),
            Ok(Some(Err(e))) => Some((Err(broken("broke off").with_source(e)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(broken("did not go on in time")), None)),
        }
    });
    let body = Body::from_stream(chunks);
    match length {
        Some(length) => body.with_length(length),
        None => body,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![0; 1 << 20]).expect("written");
        let bomb = gzip.finish().expect("finished");
        assert!(bomb.len() < 4096);
        assert_eq!(gunzip(&bomb, 1 << 20).expect("exactly as large as allowed").len(), 1 << 20);
        assert_eq!(gunzip(&bomb, (1 << 20) - 1).expect_err("too large").code(), codes::INVALID_BODY);
        assert_eq!(gunzip(b"plain", 10).expect_err("not gzip").code(), codes::INVALID_BODY);
    }
}
