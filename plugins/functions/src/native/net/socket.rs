//! TCP and TLS connections of drivers: databases, caches, mail.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, watch};

use super::super::{Args, Env, Failure, Op, Result, Value, Work, work};
use super::connect::{self, Ends, Stream, Target};
use super::errors;
use super::http::{about, part};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("socket.open", Op::Sync(open)),
    ("socket.connect", Op::Async(connect)),
    ("socket.read", Op::Async(read)),
    ("socket.write", Op::Async(write)),
    ("socket.shutdown", Op::Async(shutdown)),
    ("socket.secure", Op::Async(secure)),
];

/// The most bytes that one read gives.
const READ: usize = 64 * 1024;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection without TLS stays what it is, so that TLS can begin on it later.
enum Io {
    Plain(TcpStream),
    Secure(Box<dyn Duplex>),
}

type Halves<T> = (ReadHalf<T>, WriteHalf<T>);

#[derive(Default)]
struct Shared {
    reading: Mutex<Option<Reading>>,
    writing: Mutex<Option<Writer>>,
    /// Ends a read that waits, without losing anything.
    interrupt: Notify,
    about: std::sync::Mutex<Option<(Ends, OwnedSemaphorePermit)>>,
}

/// The side that is read. The bytes of the last read stay until the next one says that they came:
/// nobody takes the answer to a call that has ended.
struct Reading {
    reader: Reader,
    last: Vec<u8>,
    given: f64,
}

enum Reader {
    Plain(ReadHalf<TcpStream>),
    Secure(ReadHalf<Box<dyn Duplex>>),
}

enum Writer {
    Plain(WriteHalf<TcpStream>),
    Secure(WriteHalf<Box<dyn Duplex>>),
}

/// A socket as JavaScript holds it. Dropping it closes the connection.
struct Socket {
    shared: Arc<Shared>,
    /// Dropped with this, which ends the work that goes on.
    closed: watch::Sender<()>,
}

impl Socket {
    /// Work on the connection that ends with the socket.
    fn work(&self, task: impl Future<Output = Result> + Send + 'static) -> Result<Work> {
        let mut closed = self.closed.subscribe();
        work(async move {
            tokio::select! {
                result = task => result,
                _ = closed.changed() => Err(Failure::error("ERR_SOCKET_CLOSED", "Socket is closed")),
            }
        })
    }
}

impl Shared {
    async fn open(&self, io: Io) {
        let (reader, writer) = match io {
            Io::Plain(stream) => {
                let (reader, writer): Halves<TcpStream> = split(stream);
                (Reader::Plain(reader), Writer::Plain(writer))
            }
            Io::Secure(stream) => {
                let (reader, writer): Halves<Box<dyn Duplex>> = split(stream);
                (Reader::Secure(reader), Writer::Secure(writer))
            }
        };
        *self.reading.lock().await = Some(Reading { reader, last: Vec::new(), given: 0.0 });
        *self.writing.lock().await = Some(writer);
    }
}

fn closed() -> Failure {
    Failure::error("ERR_SOCKET_CLOSED", "Socket is closed")
}

/// → the number of a socket that is not connected yet.
fn open(env: &mut Env, _: &Args) -> Result {
    Ok(env.resources.add(Socket { shared: Arc::default(), closed: watch::channel(()).0 })?.into())
}

/// `(socket, options)` → the socket's ends.
fn connect(env: &mut Env, args: &Args) -> Result<Work> {
    let options = args.get(1);
    let target = Target::new(options)?;
    let secure = options.get("secure").and_then(Value::as_bool).unwrap_or(false);
    let tls = if secure { Some(env.sockets.tls(options.get("tls").unwrap_or(&Value::Undefined))?) } else { None };
    let sockets = env.sockets.clone();
    let socket = env.resources.get::<Socket>(args.u32(0)?)?;
    let shared = socket.shared.clone();
    socket.work(async move {
        let permit = sockets.permit().await?;
        let (stream, ends, peer) = connect::connect(&sockets, &target, tls.as_ref(), permit).await?;
        let about = about(&ends, peer.as_ref());
        let (io, permit) = match stream {
            Stream::Plain(stream, permit) => (Io::Plain(stream), permit),
            Stream::Secure(stream, permit) => (Io::Secure(stream), permit),
        };
        shared.open(io).await;
        if let Ok(mut slot) = shared.about.lock() {
            *slot = Some((ends, permit));
        }
        Ok(about)
    })
}

/// `(socket, received)` → the bytes after those that were received; `undefined` at the end; `false`
/// when another read, or TLS, takes its place.
fn read(env: &mut Env, args: &Args) -> Result<Work> {
    let received = args.number(1)?;
    let socket = env.resources.get::<Socket>(args.u32(0)?)?;
    let shared = socket.shared.clone();
    // A read that waits was a call's that has ended.
    shared.interrupt.notify_waiters();
    socket.work(async move {
        let mut reading = shared.reading.lock().await;
        let Reading { reader, last, given } = reading.as_mut().ok_or_else(closed)?;
        if received < *given {
            return Ok(last.clone().into());
        }
        let mut bytes = Vec::with_capacity(READ);
        let read = async {
            match reader {
                Reader::Plain(stream) => stream.read_buf(&mut bytes).await,
                Reader::Secure(stream) => stream.read_buf(&mut bytes).await,
            }
        };
        tokio::select! {
            count = read => match count {
                Ok(0) => Ok(Value::Undefined),
                Ok(count) => {
                    bytes.shrink_to_fit();
                    *given += count as f64;
                    last.clone_from(&bytes);
                    Ok(bytes.into())
                }
                // A server that ends TLS without saying so.
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(Value::Undefined),
                Err(error) => Err(errors::transfer(&error, "read")),
            },
            () = shared.interrupt.notified() => Ok(Value::Bool(false)),
        }
    })
}

/// `(socket, bytes)`: sends bytes; done when the system has taken them.
fn write(env: &mut Env, args: &Args) -> Result<Work> {
    let socket = env.resources.get::<Socket>(args.u32(0)?)?;
    let (shared, bytes) = (socket.shared.clone(), part(args.bytes(1)?)?);
    socket.work(async move {
        let mut writing = shared.writing.lock().await;
        let result = match writing.as_mut().ok_or_else(closed)? {
            Writer::Plain(stream) => stream.write_all(&bytes).await,
            Writer::Secure(stream) => match stream.write_all(&bytes).await {
                Ok(()) => stream.flush().await,
                failed => failed,
            },
        };
        result.map(|()| Value::Undefined).map_err(|error| errors::transfer(&error, "write"))
    })
}

/// `(socket)`: nothing more will be written.
fn shutdown(env: &mut Env, args: &Args) -> Result<Work> {
    let socket = env.resources.get::<Socket>(args.u32(0)?)?;
    let shared = socket.shared.clone();
    socket.work(async move {
        // The other side may have closed already, which is as good.
        match shared.writing.lock().await.as_mut() {
            Some(Writer::Plain(stream)) => drop(stream.shutdown().await),
            Some(Writer::Secure(stream)) => drop(stream.shutdown().await),
            None => {}
        }
        Ok(Value::Undefined)
    })
}

/// `(socket, host, options)` → the ends again: TLS begins on a connection that is there (STARTTLS).
fn secure(env: &mut Env, args: &Args) -> Result<Work> {
    let (id, host) = (args.u32(0)?, args.str(1)?.to_owned());
    let tls = env.sockets.tls(args.get(2))?;
    let socket = env.resources.get::<Socket>(id)?;
    let shared = socket.shared.clone();
    socket.work(async move {
        // Wakes the read that waits now, or the next one if there is none yet.
        shared.interrupt.notify_one();
        let (mut reading, mut writing) = (shared.reading.lock().await, shared.writing.lock().await);
        // A notice that no read took would end the next one.
        let _ = futures_util::FutureExt::now_or_never(shared.interrupt.notified());
        let (Some(Reading { reader: Reader::Plain(reader), .. }), Some(Writer::Plain(writer))) = (reading.take(), writing.take()) else {
            return Err(closed());
        };
        if !reader.is_pair_of(&writer) {
            return Err(closed());
        }
        let (stream, peer) = tls.connect(reader.unsplit(writer), &host).await?;
        drop((reading, writing));
        let about = shared.about.lock().ok().and_then(|ends| ends.as_ref().map(|(ends, _)| about(ends, Some(&peer))));
        shared.open(Io::Secure(Box::new(stream))).await;
        Ok(about.unwrap_or_default())
    })
}
