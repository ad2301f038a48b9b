//! A connection whose first bytes were read, to be read again.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// How an HTTP/2 connection begins (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that has sent enough to tell HTTP/1 from HTTP/2.
pub struct Begun<IO> {
    read: BytesMut,
    io: IO,
}

impl<IO: AsyncRead + Unpin> Begun<IO> {
    /// Reads until the first bytes cannot be those of HTTP/2, or are, or the connection ends.
    ///
    /// # Errors
    /// What reading says.
    pub async fn read(mut io: IO) -> io::Result<Self> {
        let mut read = BytesMut::with_capacity(1024);
        while read.len() < PREFACE.len() && PREFACE.starts_with(&read) {
            if io.read_buf(&mut read).await? == 0 {
                break;
            }
        }
        Ok(Self { read, io })
    }

    /// Whether it begins as HTTP/2 does.
    pub fn is_http2(&self) -> bool {
        self.read.starts_with(PREFACE)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Begun<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let n = self.read.len().min(buf.remaining());
        if let Some(bytes) = self.read.get(..n) {
            buf.put_slice(bytes);
        }
        self.read.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Begun<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_read_is_read_again() {
        for sent in [&b"GET / HTTP/1.1\r\n\r\n"[..], PREFACE, b"PRI * HTTP/1", b""] {
            let mut begun = Begun::read(sent).await.expect("reading from memory");
            assert_eq!(begun.is_http2(), sent == PREFACE);
            let mut all = Vec::new();
            begun.read_to_end(&mut all).await.expect("reading from memory");
            assert_eq!(all, sent);
        }
    }
}
