//! A connection that is written to in large pieces.
//!
//! HTTP/2 flushes after each frame. Over TLS, each would be a record or two and a system call. Here
//! what is written while a connection is polled leaves together when the poll ends.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is kept back at most, in bytes: four records of TLS.
const MOST: usize = 64 << 10;
/// How much room stays when nothing is kept back, in bytes.
const IDLE: usize = 16 << 10;
/// How often a connection is polled in a row before others have their turn.
const POLLS: usize = 4;

/// The side that is read and written. Flushing it does nothing before [`uncorked`] does it.
pub struct Corked<IO>(Arc<Mutex<Kept<IO>>>);

struct Kept<IO> {
    io: IO,
    bytes: Vec<u8>,
    /// How much of it has left already.
    left: usize,
}

/// Has a connection converse over `io`, and flushes after each poll.
///
/// # Errors
/// What the connection or `io` says.
pub async fn uncorked<IO, C, E>(io: IO, connection: impl FnOnce(Corked<IO>) -> C) -> Result<(), E>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    C: Future<Output = Result<(), E>>,
    E: From<io::Error>,
{
    let kept = Arc::new(Mutex::new(Kept { io, bytes: Vec::new(), left: 0 }));
    let mut connection = pin!(connection(Corked(kept.clone())));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    poll_fn(|outer| {
        wakes.task.register(outer.waker());
        let cx = &mut Context::from_waker(&waker);
        for _ in 0..POLLS {
            wakes.state.store(POLLED, Ordering::SeqCst);
            if let Poll::Ready(done) = connection.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            if wakes.state.swap(RESTING, Ordering::SeqCst) == POLLED {
                return flushed(lock(&kept).poll_flush(cx));
            }
        }
        outer.waker().wake_by_ref();
        flushed(lock(&kept).poll_flush(cx))
    })
    .await
}

/// The conversation goes on, whether all has left or not.
fn flushed<E: From<io::Error>>(flushed: Poll<io::Result<()>>) -> Poll<Result<(), E>> {
    match flushed {
        Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
        _ => Poll::Pending,
    }
}

/// Nobody polls the connection.
const RESTING: u8 = 0;
/// It is being polled.
const POLLED: u8 = 1;
/// It was woken meanwhile.
const WOKEN: u8 = 2;

/// Wakes the task of a connection, but not from within. An answer that is made while the connection is
/// polled wakes it, and to schedule it again for that would wake another thread.
#[derive(Default)]
struct Wakes {
    task: AtomicWaker,
    state: AtomicU8,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.compare_exchange(POLLED, WOKEN, Ordering::SeqCst, Ordering::SeqCst) == Err(RESTING) {
            self.task.wake();
        }
    }
}

fn lock<IO>(kept: &Mutex<Kept<IO>>) -> MutexGuard<'_, Kept<IO>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<IO: AsyncWrite + Unpin> Kept<IO> {
    /// Keeps as much as there is room for, once what was kept before has made some.
    fn poll_keep(&mut self, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.bytes.len() >= MOST {
            ready!(self.poll_send(cx))?;
        }
        let before = self.bytes.len();
        for buf in bufs {
            let room = MOST.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(buf.get(..room).unwrap_or(buf));
        }
        Poll::Ready(Ok(self.bytes.len() - before))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.bytes.get(self.left..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.left += written,
            }
        }
        self.left = 0;
        self.bytes.clear();
        Poll::Ready(Ok(()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        self.bytes.shrink_to(IDLE);
        Pin::new(&mut self.io).poll_flush(cx)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Corked<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).io).poll_read(cx, buf)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Corked<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        lock(&self.0).poll_keep(cx, &[io::IoSlice::new(buf)])
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut kept = lock(&self.0);
        ready!(kept.poll_flush(cx))?;
        Pin::new(&mut kept.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        lock(&self.0).poll_keep(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_is_written_in_one_poll_leaves_together() {
        // Each write to it arrives as one read.
        let (near, mut far) = duplex(2 * MOST);
        let conversation = tokio::spawn(uncorked(near, |mut corked| async move {
            for part in [b"a", b"b"] {
                corked.write_all(part).await?;
                corked.flush().await?;
            }
            let mut answer = [0];
            corked.read_exact(&mut answer).await?;
            corked.write_all(&answer).await?;
            corked.shutdown().await
        }));
        let mut first = [0; 9];
        assert_eq!(far.read(&mut first).await.unwrap(), 2);
        assert_eq!(&first[..2], b"ab");
        far.write_all(b"c").await.unwrap();
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"c");
        conversation.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn more_than_is_kept_arrives_whole_whatever_the_other_side_takes() {
        let all: Vec<u8> = (0..5 * MOST + 77).map(|n| (n % 251) as u8).collect();
        let (near, mut far) = duplex(1000);
        let sent = all.clone();
        let conversation = tokio::spawn(uncorked(near, |mut corked| async move {
            for part in sent.chunks(10_007) {
                let (head, tail) = part.split_at(part.len() / 3);
                let mut written = 0;
                while written < part.len() {
                    let bufs =
                        [head.get(written..).unwrap_or_default(), tail.get(written.saturating_sub(head.len())..).unwrap_or_default()];
                    written += corked.write_vectored(&bufs.map(io::IoSlice::new)).await?;
                    assert!(lock(&corked.0).bytes.len() <= MOST);
                }
            }
            std::future::pending::<io::Result<()>>().await
        }));
        let mut read = vec![0; all.len()];
        far.read_exact(&mut read).await.unwrap();
        assert_eq!(read, all);
        conversation.abort();
    }

    #[derive(Default)]
    struct Counted(std::sync::atomic::AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_connection_that_wakes_itself_goes_on_at_once_but_not_for_ever() {
        for (times, woken) in [(1, 0), (POLLS - 1, 0), (usize::MAX, 1)] {
            let counted = Arc::new(Counted::default());
            let (near, _far) = duplex(10);
            let mut polls = 0;
            let mut conversation = pin!(uncorked(near, move |_| poll_fn(move |cx| {
                if polls == times {
                    return Poll::Ready(Ok::<_, io::Error>(()));
                }
                polls += 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            })));
            let polled = conversation.as_mut().poll(&mut Context::from_waker(&Waker::from(counted.clone())));
            assert_eq!(polled.is_ready(), woken == 0, "{times}");
            assert_eq!(counted.0.load(Ordering::SeqCst), woken, "{times}");
        }
    }

    #[tokio::test]
    async fn an_error_of_the_socket_ends_the_conversation() {
        let (near, far) = duplex(10);
        drop(far);
        let wrote = uncorked(near, |mut corked| async move {
            corked.write_all(b"a").await?;
            std::future::pending::<io::Result<()>>().await
        });
        assert_eq!(wrote.await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
