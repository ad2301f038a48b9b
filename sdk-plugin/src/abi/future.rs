//! Futures that one side makes and the other polls.
//!
//! A plugin's future needs the plugin's own tokio around it wherever it is polled, and a host's
//! future needs the host's. Entering the runtime for each poll costs a few nanoseconds, where a
//! spawned task would cost two thread hops.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use abi_stable::std_types::{RErr, ROk, RResult, RVec};
use async_ffi::{FfiFuture, FutureExt};
use tokio::runtime::Handle;

use crate::{Error, Result};

/// An error as it crosses: the JSON text of [`Error::to_wire`].
pub type ErrorFrame = RVec<u8>;

/// What a crossing operation gives back.
pub type Outcome<T> = RResult<T, ErrorFrame>;

/// Lets the other side poll `future` inside our `runtime`; a panic becomes an error.
pub fn export<T, F>(runtime: &Handle, what: &'static str, future: F) -> FfiFuture<Outcome<T>>
where
    F: Future<Output = Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let guarded = Guarded { runtime: runtime.clone(), what, future: Some(Box::pin(future)) };
    async move { outcome(guarded.await) }.into_ffi()
}

/// Turns a result into its crossing form.
pub fn outcome<T>(result: Result<T>) -> Outcome<T> {
    match result {
        Ok(value) => ROk(value),
        Err(error) => RErr(error.to_wire().into()),
    }
}

/// Turns what crossed back into a result.
pub fn result<T>(outcome: Outcome<T>) -> Result<T> {
    match outcome {
        ROk(value) => Ok(value),
        RErr(wire) => Err(Error::from_wire(&wire)),
    }
}

/// Runs what must not unwind into foreign code; a panic becomes an error.
pub fn guard<T>(what: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(what, &*panic)))
}

fn panicked(what: &'static str, panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "a panic without a message".to_owned());
    Error::internal(format!("panic: {text}")).with_operation(what)
}

struct Guarded<F> {
    runtime: Handle,
    what: &'static str,
    future: Option<Pin<Box<F>>>,
}

impl<T, F: Future<Output = Result<T>>> Future for Guarded<F> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(future) = this.future.as_mut() else {
            return Poll::Ready(Err(Error::internal("polled after it was done").with_operation(this.what)));
        };
        let _inside = this.runtime.enter();
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(Err(panicked(this.what, &*panic))),
        }
    }
}

impl<F> Drop for Guarded<F> {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        let future = self.future.take();
        // A destructor that panics here would unwind into the other side.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
    }
}
