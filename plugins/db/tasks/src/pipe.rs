//! A stream as something that blocks until there is more, for parsers on threads of their own.

use std::io::{Error as IoError, Read, Result as IoResult};

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use sdk_plugin::{Body, Error, Result, codes};
use tokio::sync::mpsc;

/// How many chunks wait for the parser.
const CHUNKS: usize = 4;

/// The reader's end.
pub struct Reader {
    chunks: mpsc::Receiver<Result<Bytes>>,
    current: Bytes,
}

/// The writer's end.
pub struct Writer(mpsc::Sender<Result<Bytes>>);

/// A pipe. The reader may only be used where it may block.
pub fn pipe() -> (Writer, Reader) {
    let (send, chunks) = mpsc::channel(CHUNKS);
    (Writer(send), Reader { chunks, current: Bytes::new() })
}

impl Writer {
    /// Writes a whole body, or what there is of it and why there is no more. Ends early when nobody
    /// reads; calls `passed` with the number of bytes of every chunk.
    pub async fn fill(self, mut body: Body, passed: impl Fn(u64)) {
        let (expected, mut read) = (body.length(), 0);
        while let Some(chunk) = body.next().await {
            if let Ok(chunk) = &chunk {
                read += chunk.len() as u64;
                passed(chunk.len() as u64);
            }
            let failed = chunk.is_err();
            if self.0.send(chunk).await.is_err() || failed {
                return;
            }
        }
        if expected.is_some_and(|expected| expected != read) {
            let _ = self.0.send(Err(Error::new(codes::UNAVAILABLE, "an object broke off while it was read").retryable())).await;
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(error)) => return Err(IoError::other(error)),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

/// The error that came through a pipe; what else can go wrong when one is read is `other`'s.
pub fn cause(error: IoError, other: impl FnOnce(IoError) -> Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => other(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn read(body: Body) -> Result<Vec<u8>> {
        let (writer, mut reader) = pipe();
        let reading = tokio::task::spawn_blocking(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map(|_| all).map_err(|e| cause(e, Error::internal))
        });
        writer.fill(body, |_| {}).await;
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn bytes_and_errors_come_through() {
        let chunks = |last: Option<Result<Bytes>>| {
            stream::iter((0..100).map(|i| Ok(Bytes::from(vec![i; 1000]))).chain(last).collect::<Vec<Result<Bytes>>>())
        };
        assert_eq!(read(Body::from_stream(chunks(None))).await.unwrap().len(), 100_000);
        let broken = read(Body::from_stream(chunks(Some(Err(Error::new("X", "broke")))))).await.unwrap_err();
        assert_eq!(broken.code(), "X");
        let short = read(Body::from_stream(chunks(None)).with_length(100_001)).await.unwrap_err();
        assert_eq!(short.code(), codes::UNAVAILABLE);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_reader_that_is_gone() {
        let (writer, reader) = pipe();
        drop(reader);
        writer.fill(Body::from_stream(stream::iter((0..100).map(|_| Ok(Bytes::from_static(b"x"))))), |_| {}).await;
    }
}
