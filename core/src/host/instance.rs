//! A running plugin instance, and the leases that keep it running.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use sdk_plugin::abi::load::PluginInstance;
use sdk_plugin::{Body, Call, Error, Event, HttpRequest, HttpResponse, Manifest, Reply, Result, codes};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use super::schedule::Jobs;
use super::watch::Suspect;
use crate::telemetry::metrics::PluginMetrics;

/// The most calls of one plugin in flight, unless its manifest says otherwise.
const DEFAULT_CONCURRENCY: u32 = 4096;

/// How long a plugin may take to begin its answer to an HTTP request: longer than the hour that an
/// upload may last.
const HTTP_PATIENCE: Duration = Duration::from_secs(3700);

/// The most threads that calls of one plugin that blocks may hold.
const MAX_THREADS: usize = 16;

/// Remembers that a future was woken.
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// A running plugin instance.
pub struct Instance {
    plugin: PluginInstance,
    manifest: Manifest,
    jobs: Jobs,
    suspect: Arc<Suspect>,
    /// Threads for calls of a plugin that blocks.
    threads: Arc<Semaphore>,
    in_flight: AtomicU32,
    idle: Notify,
}

impl Instance {
    pub(super) fn new(id: &str, plugin: PluginInstance, manifest: Manifest, jobs: Jobs) -> Self {
        let (suspect, threads) = (Suspect::watch(id), Arc::new(Semaphore::new(MAX_THREADS)));
        Self { plugin, manifest, jobs, suspect, threads, in_flight: AtomicU32::new(0), idle: Notify::new() }
    }

    /// The plugin without counting or deadlines.
    pub fn raw(&self) -> &PluginInstance {
        &self.plugin
    }

    /// Has the plugin do something, on this thread unless it was caught blocking it.
    async fn work<T: Send + 'static>(self: &Arc<Self>, mut work: BoxFuture<'static, Result<T>>) -> Result<T> {
        if self.suspect.blocks() { self.apart(work).await } else { self.suspect.marked(work.as_mut()).await }
    }

    /// Makes each poll on another thread. Between polls no thread is held, so that calls which wait
    /// for other calls of the same plugin leave them theirs. A poll that never ends keeps its thread.
    async fn apart<T: Send + 'static>(&self, mut work: BoxFuture<'static, Result<T>>) -> Result<T> {
        let woken = Arc::new(Woken(Notify::new()));
        loop {
            let thread = self.threads.clone().acquire_owned().await.map_err(Error::internal)?;
            let waker = Waker::from(woken.clone());
            let polled = tokio::task::spawn_blocking(move || {
                let _thread = thread;
                let poll = work.as_mut().poll(&mut Context::from_waker(&waker));
                (work, poll)
            });
            let (pending, poll) = polled.await.map_err(Error::internal)?;
            if let Poll::Ready(result) = poll {
                return result;
            }
            work = pending;
            woken.0.notified().await;
        }
    }

    /// What it declared.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Waits until nobody uses the instance any more, then drains and stops it.
    pub(super) async fn end(self: Arc<Self>, id: &str, patience: Duration) {
        self.jobs.cancel().await;
        let ended = timeout(patience, async {
            // Whoever loaded the instance before it was replaced holds an `Arc` of it, even if the
            // lease is not counted yet.
            while Arc::strong_count(&self) > 1 {
                let _ = timeout(Duration::from_millis(20), self.idle.notified()).await;
            }
        });
        if ended.await.is_err() {
            let left = self.in_flight.load(Ordering::Relaxed);
            tracing::warn!(plugin = id, in_flight = left, "stopping a plugin whose calls did not end in time");
        }
        for (step, done) in [("drain", timeout(patience, self.plugin.drain()).await), ("stop", timeout(patience, self.plugin.stop()).await)]
        {
            match done {
                Ok(Ok(())) => {}
                // There is nothing to drain in a plugin that never started.
                Ok(Err(e)) if step == "drain" && e.code() == codes::UNAVAILABLE => {}
                Ok(Err(error)) => tracing::warn!(plugin = id, step, ?error, "a plugin did not end cleanly"),
                Err(_) => tracing::warn!(plugin = id, step, "a plugin did not end in time"),
            }
        }
    }
}

/// The right to use an instance. It is not stopped while one is held.
pub struct Lease {
    instance: Arc<Instance>,
    metrics: Arc<PluginMetrics>,
}

impl Lease {
    pub(super) fn take(instance: Arc<Instance>, metrics: Arc<PluginMetrics>) -> Result<Self> {
        let limit = match instance.manifest.max_concurrent_calls {
            0 => DEFAULT_CONCURRENCY,
            limit => limit,
        };
        let before = instance.in_flight.fetch_add(1, Ordering::Relaxed);
        let lease = Self { instance, metrics };
        if before >= limit {
            return Err(Error::new(codes::THROTTLED_CONCURRENCY, "too many calls at the same time").retryable());
        }
        Ok(lease)
    }

    /// The instance.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Makes a call and gives it up at its deadline.
    pub async fn call(self, call: Call) -> Result<Reply> {
        let began = Instant::now();
        let method = call.method.clone();
        let deadline = call.deadline;
        let instance = self.instance.clone();
        let work = Box::pin(async move { instance.plugin.call(call).await });
        let done = tokio::time::timeout_at(deadline.into(), self.instance.work(work)).await;
        let result = done.unwrap_or_else(|_| Err(Call::timed_out(&method)));
        self.count(began, result.is_ok());
        let mut reply = result?;
        if let Some(body) = reply.body.take() {
            reply.body = Some(self.keep_for(body));
        }
        Ok(reply)
    }

    /// Answers an HTTP request.
    pub async fn http(self, request: HttpRequest) -> Result<HttpResponse> {
        let began = Instant::now();
        let path = request.path().to_owned();
        let instance = self.instance.clone();
        let work = Box::pin(async move { instance.plugin.http(request).await });
        let done = timeout(HTTP_PATIENCE, self.instance.work(work)).await;
        let result = done.unwrap_or_else(|_| Err(Call::timed_out(&path)));
        self.count(began, result.is_ok());
        let mut response = result?;
        response.body = self.keep_for(response.body);
        Ok(response)
    }

    /// Tells of an event, and waits at most `patience`.
    pub async fn event(self, event: Event, patience: Duration) -> Result<()> {
        let name = event.name.clone();
        let instance = self.instance.clone();
        let work = Box::pin(async move { instance.plugin.event(event).await });
        let done = timeout(patience, self.instance.work(work)).await;
        done.unwrap_or_else(|_| Err(Call::timed_out(&name)))
    }

    fn count(&self, began: Instant, ok: bool) {
        self.metrics.calls.inc();
        self.metrics.seconds.observe(began.elapsed().as_secs_f64());
        if !ok {
            self.metrics.errors.inc();
        }
    }

    /// A stream is read after the call has ended; the instance must outlive it.
    fn keep_for(self, body: Body) -> Body {
        let length = body.length();
        let kept = Body::from_stream(body.map(move |chunk| {
            let _held = &self;
            chunk
        }));
        match length {
            Some(length) => kept.with_length(length),
            None => kept,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.instance.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.instance.idle.notify_waiters();
        }
    }
}
