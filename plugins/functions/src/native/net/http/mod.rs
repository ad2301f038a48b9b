//! HTTP/1.1 requests, as ops: `http.begin` takes the request, `http.send` gives the response's head,
//! `http.write` and `http.read` the parts of the bodies.

mod body;
mod pool;
mod request;
mod response;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

pub use pool::Pool;
pub use request::about;

use self::body::{Body, Part};
use self::request::Request;
use self::response::Incoming;
use super::super::{Args, Env, Failure, Op, Result, Value, Work, work};
use super::errors;

/// The ops of this folder.
pub const OPS: &[(&str, Op)] = &[
    ("http.begin", Op::Sync(begin)),
    ("http.send", Op::Async(send)),
    ("http.connected", Op::Async(connected)),
    ("http.write", Op::Async(write)),
    ("http.end", Op::Sync(end)),
    ("http.read", Op::Async(read)),
    ("http.forget", Op::Sync(forget)),
    ("http.close_agent", Op::Sync(close_agent)),
    ("http.left", Op::Sync(left)),
];

/// A request whose response's head has not arrived. Dropping it ends it.
struct Pending {
    request: Option<Request>,
    connected: Option<oneshot::Receiver<Value>>,
    parts: Option<mpsc::Sender<Part>>,
    /// Dropped with this, which is how the work of `http.send` learns of it.
    abort: Option<oneshot::Sender<()>>,
    aborted: Option<oneshot::Receiver<()>>,
}

/// The most bytes of a body that an op takes. JavaScript holds back the rest.
const PART: usize = 256 * 1024;

/// The bytes of a part of a body.
///
/// # Errors
/// `ERR_OUT_OF_RANGE` when there are too many.
pub fn part(bytes: &[u8]) -> Result<Vec<u8>> {
    if bytes.len() > PART {
        return Err(Failure::range_error("ERR_OUT_OF_RANGE", format!("a part of a body has at most {PART} bytes")));
    }
    Ok(bytes.to_vec())
}

/// `(options)` → the request's number, and that of its response's body.
fn begin(env: &mut Env, args: &Args) -> Result {
    let options = args.get(0);
    let (request, parts, connected) = Request::new(options, &env.sockets)?;
    let (abort, aborted) = oneshot::channel();
    let pending = Pending { request: Some(request), connected: Some(connected), parts, abort: Some(abort), aborted: Some(aborted) };
    let body = env.resources.add(Incoming::default())?;
    match env.resources.add(pending) {
        Ok(id) => Ok(Value::List(vec![id.into(), body.into()])),
        Err(failure) => {
            env.resources.close(body);
            Err(failure)
        }
    }
}

/// `(request, body)` → the response's head: `status`, `statusText`, `version`, `headers`, `socket`,
/// `reused`.
fn send(env: &mut Env, args: &Args) -> Result<Work> {
    let id = args.u32(0)?;
    let slot = env.resources.get::<Incoming>(args.u32(1)?)?.clone();
    let deadline = env.deadline;
    let pending = env.resources.get::<Pending>(id)?;
    let (Some(request), Some(aborted)) = (pending.request.take(), pending.aborted.take()) else {
        return Err(Failure::error("ERR_INVALID_STATE", "the request was sent before"));
    };
    let sockets = env.sockets.clone();
    work(async move {
        tokio::select! {
            head = request.send(&sockets, deadline, slot) => head,
            _ = aborted => Err(errors::hang_up()),
        }
    })
}

/// `(request)` → the connection's ends, once there is one; `undefined` when there is none.
fn connected(env: &mut Env, args: &Args) -> Result<Work> {
    let receiver = env.resources.get::<Pending>(args.u32(0)?)?.connected.take();
    work(async move {
        Ok(match receiver {
            Some(receiver) => receiver.await.unwrap_or_default(),
            None => Value::Undefined,
        })
    })
}

/// `(request, bytes)`: sends a part of the request's body, once there is room for it.
fn write(env: &mut Env, args: &Args) -> Result<Work> {
    let pending = env.resources.get::<Pending>(args.u32(0)?)?;
    let parts = pending.parts.clone().ok_or_else(|| Failure::error("ERR_STREAM_WRITE_AFTER_END", "write after end"))?;
    let data = part(args.bytes(1)?)?;
    work(async move {
        // Nobody takes it any more when the request has failed, and that is told by `http.send`; or
        // when the server has answered without reading all.
        let _ = parts.send(Part::Data(data.into())).await;
        Ok(Value::Undefined)
    })
}

/// `(request, trailers?)`: the request's body is complete.
fn end(env: &mut Env, args: &Args) -> Result {
    let pending = env.resources.get::<Pending>(args.u32(0)?)?;
    if let Some(parts) = pending.parts.take() {
        let trailers = match args.get(1) {
            Value::List(_) => Some(request::headers(args.get(1))?),
            _ => None,
        };
        body::finish(&parts, trailers);
    }
    Ok(Value::Undefined)
}

/// `(request)`: frees what only the request needed; its response goes on.
fn forget(env: &mut Env, args: &Args) -> Result {
    let id = args.u32(0)?;
    if let Ok(mut pending) = env.resources.take::<Pending>(id) {
        drop(pending.abort.take());
    }
    Ok(Value::Undefined)
}

/// `(body)` → the next bytes of a response's body; at its end the list of its trailers.
fn read(env: &mut Env, args: &Args) -> Result<Work> {
    let incoming = env.resources.get::<Incoming>(args.u32(0)?)?.clone();
    work(async move { incoming.read().await })
}

/// `(agent)`: closes the idle connections of an `http.Agent`.
fn close_agent(env: &mut Env, args: &Args) -> Result {
    env.sockets.pool.close(args.u32(0)?);
    Ok(Value::Undefined)
}

/// → how many milliseconds the call that runs now has left.
fn left(env: &mut Env, _: &Args) -> Result {
    Ok(Value::Number(env.deadline.saturating_duration_since(std::time::Instant::now()).as_secs_f64() * 1000.0))
}

/// The type of the bodies that requests have.
pub type Sender = hyper::client::conn::http1::SendRequest<Body>;

/// A connection that can take a request.
pub struct Connection {
    sender: Sender,
    task: tokio::task::AbortHandle,
    about: Arc<Value>,
}
