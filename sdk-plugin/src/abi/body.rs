//! Streams that cross: the reader asks for each chunk.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use abi_stable::StableAbi;
use abi_stable::std_types::{RNone, ROption, RSome, RVec};
use async_ffi::FfiFuture;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::runtime::Handle;

use super::frame::{bytes_in, bytes_out};
use super::future::{Outcome, export, result};
use crate::{Body, Error, Result};

type Chunk = Outcome<ROption<RVec<u8>>>;

/// A stream that the other side owns. Dropping it ends the stream.
#[repr(C)]
#[derive(StableAbi)]
pub struct BodyFrame {
    data: *const (),
    next: unsafe extern "C" fn(*const ()) -> FfiFuture<Chunk>,
    release: unsafe extern "C" fn(*const ()),
    length: ROption<u64>,
}

// SAFETY: `data` is an `Arc<Source>`, and `Source` may be used and dropped on any thread.
unsafe impl Send for BodyFrame {}

struct Source {
    runtime: Handle,
    /// Taken while a chunk is being read, so that no lock is held across an await.
    body: Mutex<Option<Body>>,
}

impl BodyFrame {
    pub fn new(body: Body, runtime: &Handle) -> Self {
        let length = body.length().into();
        let source = Arc::new(Source { runtime: runtime.clone(), body: Mutex::new(Some(body)) });
        Self { data: Arc::into_raw(source).cast(), next, release, length }
    }

    pub fn into_body(self) -> Body {
        let length = self.length.into_option();
        let body = Body::from_stream(Incoming { frame: self, pending: None });
        match length {
            Some(length) => body.with_length(length),
            None => body,
        }
    }
}

impl Drop for BodyFrame {
    fn drop(&mut self) {
        // SAFETY: `data` and `release` came from `BodyFrame::new`, and this is the one drop.
        unsafe { (self.release)(self.data) }
    }
}

unsafe extern "C" fn next(data: *const ()) -> FfiFuture<Chunk> {
    // SAFETY: the frame that calls this owns one count of the `Arc`; ours is added to it.
    let source = unsafe {
        Arc::increment_strong_count(data.cast::<Source>());
        Arc::from_raw(data.cast::<Source>())
    };
    let runtime = source.runtime.clone();
    export(&runtime, "read body", async move {
        let taken = source.body.lock().ok().and_then(|mut body| body.take());
        let Some(mut body) = taken else { return Ok(RNone) };
        match body.next().await {
            None => Ok(RNone),
            Some(Err(error)) => Err(error),
            Some(Ok(chunk)) => {
                if let Ok(mut slot) = source.body.lock() {
                    *slot = Some(body);
                }
                Ok(RSome(bytes_out(chunk)))
            }
        }
    })
}

unsafe extern "C" fn release(data: *const ()) {
    // SAFETY: called once, by the drop of the frame that owns this count.
    let source = unsafe { Arc::from_raw(data.cast::<Source>()) };
    let _inside = source.runtime.enter();
    let _ = super::future::guard("drop body", || {
        drop(source.body.lock().ok().and_then(|mut body| body.take()));
        Ok(())
    });
}

struct Incoming {
    frame: BodyFrame,
    pending: Option<FfiFuture<Chunk>>,
}

impl Stream for Incoming {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let pending = this.pending.get_or_insert_with(|| {
            // SAFETY: `data` and `next` belong together, and the frame is alive.
            unsafe { (this.frame.next)(this.frame.data) }
        });
        let Poll::Ready(chunk) = Pin::new(pending).poll(cx) else { return Poll::Pending };
        this.pending = None;
        Poll::Ready(match result(chunk) {
            Ok(RSome(chunk)) => Some(Ok(bytes_in(chunk))),
            Ok(RNone) => None,
            Err(error) => Some(Err::<_, Error>(error)),
        })
    }
}
