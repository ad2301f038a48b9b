//! The trait that a plugin implements, and its table of methods.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Call, Event, Host, HttpRequest, HttpResponse, Manifest, Reply, Result};

/// A plugin. [`export_plugin!`](crate::export_plugin) makes a library of it.
///
/// Its life: the configuration is decoded strictly → [`start`](Self::start) →
/// [`ready`](Self::ready) → calls → [`drain`](Self::drain) → [`stop`](Self::stop). A panic
/// anywhere becomes an error of that one call. All of it runs inside a tokio runtime of the
/// plugin's own, so `tokio::spawn`, timers and sockets work everywhere.
pub trait Plugin: Send + Sync + Sized + 'static {
    /// The plugin's table in the TOML file. Keys it does not know are errors; with
    /// `#[serde(deny_unknown_fields)]` the error can name the nearest known key.
    type Config: DeserializeOwned + Send;

    /// What the plugin may do: which methods it calls, which paths, events and secrets it wants.
    /// Nothing, unless it says otherwise. Methods it provides need not be named here.
    fn manifest() -> Manifest {
        Manifest::default()
    }

    /// Makes the plugin. When this fails, panics or takes too long, whatever it had spawned is
    /// stopped with the plugin's runtime.
    fn start(config: Self::Config, host: Host) -> impl Future<Output = Result<Self>> + Send;

    /// Names the methods that the plugin provides.
    fn methods(methods: &mut Methods<Self>) {
        let _ = methods;
    }

    /// Answers an HTTP request for a path that the manifest claims.
    fn http(self: Arc<Self>, request: HttpRequest) -> impl Future<Output = Result<HttpResponse>> + Send {
        async move { Ok(HttpResponse::text(StatusCode::NOT_FOUND, format!("nothing at {}\n", request.path()))) }
    }

    /// Hears of an event that the manifest subscribes to.
    fn event(self: Arc<Self>, event: Event) -> impl Future<Output = Result<()>> + Send {
        let _ = event;
        async { Ok(()) }
    }

    /// Whether calls can be served now. Asked before the first call, and by health checks.
    fn ready(self: Arc<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Called when no new calls will come; those in flight go on. Flush what is buffered.
    fn drain(self: Arc<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// The last thing that is called.
    fn stop(self: Arc<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

pub(crate) type HandlerFuture = Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;
pub(crate) type Handler<P> = Box<dyn Fn(Arc<P>, Call) -> HandlerFuture + Send + Sync>;

/// The methods that a plugin provides.
pub struct Methods<P> {
    pub(crate) handlers: BTreeMap<&'static str, Handler<P>>,
}

impl<P: Plugin> Methods<P> {
    pub(crate) fn of_plugin() -> Self {
        let mut methods = Self { handlers: BTreeMap::new() };
        P::methods(&mut methods);
        methods
    }

    /// Provides a method whose parameters and reply are `serde` types.
    ///
    /// The handler is an `async fn(self: Arc<Self>, call: Call, params: A) -> Result<R>`.
    /// Parameters that do not decode are answered with `InvalidParams.Format`.
    pub fn on<A, R, F, Fut>(&mut self, name: &'static str, handler: F)
    where
        A: DeserializeOwned + Send,
        R: Serialize,
        F: Fn(Arc<P>, Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        self.on_raw(name, move |plugin, call| {
            let work = call.decode().map(|params| handler(plugin, call, params));
            async move { Reply::json(&work?.await?) }
        });
    }

    /// Provides a method that reads and writes JSON text, or streams, by itself.
    ///
    /// The handler is an `async fn(self: Arc<Self>, call: Call) -> Result<Reply>`.
    pub fn on_raw<F, Fut>(&mut self, name: &'static str, handler: F)
    where
        F: Fn(Arc<P>, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply>> + Send + 'static,
    {
        self.handlers.insert(name, Box::new(move |plugin, call| Box::pin(handler(plugin, call))));
    }
}
