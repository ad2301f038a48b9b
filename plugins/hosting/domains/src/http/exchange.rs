//! One request and its response.

use std::error::Error as StdError;
use std::io;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Body;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// Sends a request whose target is a path on a connection, and reads the response, at most `limit`
/// bytes of it. The caller bounds the time.
///
/// # Errors
/// For whatever goes wrong on the way.
pub async fn exchange<B>(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<B>,
    limit: usize,
) -> io::Result<Response<Full<Bytes>>>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let response = async {
        let (parts, body) = sender.send_request(request).await.map_err(io::Error::other)?.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(io::Error::other)?.to_bytes();
        Ok::<_, io::Error>(Response::from_parts(parts, Full::new(body)))
    };
    // The connection ends with this exchange.
    let mut connection = std::pin::pin!(connection);
    let mut response = std::pin::pin!(response);
    tokio::select! {
        biased;
        response = &mut response => response,
        ended = &mut connection => {
            ended.map_err(io::Error::other)?;
            response.await
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn answered(response: &'static [u8], limit: usize) -> io::Result<Bytes> {
        let (ours, mut theirs) = tokio::io::duplex(64);
        tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(theirs.read_u8().await.unwrap());
            }
            let _ = theirs.write_all(response).await;
        });
        let response = exchange(ours, Request::get("/").body(Full::new(Bytes::new())).unwrap(), limit).await?;
        Ok(response.into_body().collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn a_body_is_read_whatever_its_framing_and_bounded() {
        assert_eq!(answered(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 5).await.unwrap(), "hello");
        assert_eq!(answered(b"HTTP/1.0 200 OK\r\n\r\nhello", 5).await.unwrap(), "hello");
        assert!(answered(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello!", 5).await.is_err());
        assert!(answered(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello", 9).await.is_err(), "it ended too early");
        assert!(answered(b"SSH-2.0\r\n\r\n", 9).await.is_err());
    }
}
