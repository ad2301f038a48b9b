//! Where the requests of HTTP/2 connections are answered.

use std::future::Future;
use std::task::{Context, Waker};

use hyper::rt::Executor;

/// Begins a task at once, on the thread that its request was read by. What is not done then becomes a
/// task of its own, so that requests of one connection wait for no other.
#[derive(Clone, Copy, Debug)]
pub struct Eager;

impl<F> Executor<F> for Eager
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let mut task = Box::pin(task);
        // Whoever it waits for need not wake it: it is polled again as soon as it is a task.
        if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            tokio::spawn(task);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_done_at_once_is_done_and_the_rest_goes_on() {
        let (send, mut done) = oneshot::channel();
        Eager.execute(async { send.send(1).unwrap() });
        assert_eq!(done.try_recv(), Ok(1));
        let (go, wait) = oneshot::channel();
        let (send, mut done) = oneshot::channel();
        Eager.execute(async move { send.send(wait.await.unwrap()).unwrap() });
        assert_eq!(done.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        go.send(2).unwrap();
        assert_eq!(done.await, Ok(2));
    }
}
