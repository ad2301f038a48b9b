//! The plugin's table of functions, made from a [`Plugin`] by generic code in its library.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use abi_stable::StableAbi;
use abi_stable::std_types::{RResult, RVec};
use async_ffi::FfiFuture;
use tokio::runtime::{Builder, Runtime};

use super::frame::{CallFrame, EventFrame, HttpRequestFrame, HttpResponseFrame, ReplyFrame};
use super::future::{ErrorFrame, Outcome, export, guard, outcome};
use super::host::{HostFrame, HostHandle};
use crate::config::decode_strict;
use crate::{Error, Host, HostInfo, Methods, Plugin, Result, codes, log};

/// What the host calls before there is an instance.
#[repr(C)]
#[derive(StableAbi)]
pub struct PluginModule {
    pub manifest: extern "C" fn() -> Outcome<RVec<u8>>,
    pub check: extern "C" fn(RVec<u8>) -> Outcome<()>,
    pub create: extern "C" fn(HostFrame, RVec<u8>) -> RResult<PluginFrame, ErrorFrame>,
}

#[repr(C)]
#[derive(StableAbi)]
pub struct PluginVtable {
    pub start: unsafe extern "C" fn(*const ()) -> FfiFuture<Outcome<()>>,
    pub ready: unsafe extern "C" fn(*const ()) -> FfiFuture<Outcome<()>>,
    pub drain: unsafe extern "C" fn(*const ()) -> FfiFuture<Outcome<()>>,
    pub stop: unsafe extern "C" fn(*const ()) -> FfiFuture<Outcome<()>>,
    pub call: unsafe extern "C" fn(*const (), CallFrame) -> FfiFuture<Outcome<ReplyFrame>>,
    pub http: unsafe extern "C" fn(*const (), HttpRequestFrame) -> FfiFuture<Outcome<HttpResponseFrame>>,
    pub event: unsafe extern "C" fn(*const (), EventFrame) -> FfiFuture<Outcome<()>>,
    pub release: unsafe extern "C" fn(*const ()),
}

/// A plugin instance as it is handed to the host.
#[repr(C)]
#[derive(StableAbi)]
pub struct PluginFrame {
    pub data: *const (),
    pub vtable: &'static PluginVtable,
}

// SAFETY: `data` is an `Arc<Instance<P>>`, and every `Plugin` is `Send + Sync`.
unsafe impl Send for PluginFrame {}
// SAFETY: as above.
unsafe impl Sync for PluginFrame {}

impl Drop for PluginFrame {
    fn drop(&mut self) {
        // SAFETY: `data` and `release` belong together, and this is the one drop.
        unsafe { (self.vtable.release)(self.data) }
    }
}

struct Instance<P: Plugin> {
    runtime: Option<Runtime>,
    handle: tokio::runtime::Handle,
    host: Host,
    config: std::sync::Mutex<Option<P::Config>>,
    methods: Methods<P>,
    plugin: OnceLock<Arc<P>>,
}

impl<P: Plugin> Drop for Instance<P> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl<P: Plugin> Instance<P> {
    fn plugin(&self) -> Result<Arc<P>> {
        self.plugin.get().cloned().ok_or_else(|| Error::new(codes::UNAVAILABLE, "the plugin has not started").retryable())
    }
}

pub struct Module<P>(std::marker::PhantomData<P>);

impl<P: Plugin> Module<P> {
    pub const MODULE: PluginModule = PluginModule { manifest: Self::manifest, check: Self::check, create: Self::create };

    const VTABLE: &'static PluginVtable = &PluginVtable {
        start: Self::start,
        ready: Self::ready,
        drain: Self::drain,
        stop: Self::stop,
        call: Self::call,
        http: Self::http,
        event: Self::event,
        release: Self::release,
    };

    extern "C" fn manifest() -> Outcome<RVec<u8>> {
        outcome(guard("manifest", || {
            let mut manifest = P::manifest();
            manifest.methods = Methods::<P>::of_plugin().handlers.keys().map(|name| (*name).to_owned()).collect();
            Ok(serde_json::to_vec(&manifest).map_err(Error::internal)?.into())
        }))
    }

    extern "C" fn check(config: RVec<u8>) -> Outcome<()> {
        outcome(guard("check", || {
            decode_strict::<P::Config>(serde_json::from_slice(&config).map_err(Error::internal)?)?;
            Ok(())
        }))
    }

    extern "C" fn create(host: HostFrame, info: RVec<u8>) -> RResult<PluginFrame, ErrorFrame> {
        outcome(guard("create", || {
            let info: HostInfo = serde_json::from_slice(&info).map_err(Error::internal)?;
            let config = decode_strict::<P::Config>(info.config.clone())?;
            let runtime = Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name(info.plugin.clone())
                .enable_all()
                .build()
                .map_err(Error::internal)?;
            let handle = runtime.handle().clone();
            let host_handle = Arc::new(HostHandle::new(host, handle.clone()));
            let plugin_crate = std::any::type_name::<P>().split("::").next().unwrap_or_default();
            log::install(host_handle.clone(), &info.log_level, plugin_crate);
            let instance = Arc::new(Instance::<P> {
                runtime: Some(runtime),
                handle,
                host: Host { handle: host_handle, info: Arc::new(info) },
                config: std::sync::Mutex::new(Some(config)),
                methods: Methods::of_plugin(),
                plugin: OnceLock::new(),
            });
            Ok(PluginFrame { data: Arc::into_raw(instance).cast(), vtable: Self::VTABLE })
        }))
    }

    /// SAFETY: `data` must be the pointer of a live [`PluginFrame`] of this very `P`.
    unsafe fn instance<'a>(data: *const ()) -> &'a Instance<P> {
        // SAFETY: the frame keeps the `Arc` alive for as long as its functions are called.
        unsafe { &*data.cast::<Instance<P>>() }
    }

    unsafe extern "C" fn start(data: *const ()) -> FfiFuture<Outcome<()>> {
        // SAFETY: called through the frame's own table; the count added here ends with the future.
        let instance = unsafe {
            Arc::increment_strong_count(data.cast::<Instance<P>>());
            Arc::from_raw(data.cast::<Instance<P>>())
        };
        let runtime = instance.handle.clone();
        export(&runtime, "start", async move {
            let config = instance.config.lock().ok().and_then(|mut config| config.take());
            let config = config.ok_or_else(|| Error::internal("started twice"))?;
            let plugin = P::start(config, instance.host.clone()).await?;
            instance.plugin.set(Arc::new(plugin)).map_err(|_| Error::internal("started twice"))
        })
    }

    unsafe extern "C" fn ready(data: *const ()) -> FfiFuture<Outcome<()>> {
        // SAFETY: called through the frame's own table.
        let instance = unsafe { Self::instance(data) };
        let plugin = instance.plugin();
        export(&instance.handle, "ready", async move { plugin?.ready().await })
    }

    unsafe extern "C" fn drain(data: *const ()) -> FfiFuture<Outcome<()>> {
        // SAFETY: called through the frame's own table.
        let instance = unsafe { Self::instance(data) };
        let plugin = instance.plugin();
        export(&instance.handle, "drain", async move { plugin?.drain().await })
    }

    unsafe extern "C" fn stop(data: *const ()) -> FfiFuture<Outcome<()>> {
        // SAFETY: called through the frame's own table.
        let instance = unsafe { Self::instance(data) };
        let plugin = instance.plugin.get().cloned();
        export(&instance.handle, "stop", async move {
            match plugin {
                Some(plugin) => plugin.stop().await,
                // After a start that failed there is nothing but the runtime, which goes with the frame.
                None => Ok(()),
            }
        })
    }

    unsafe extern "C" fn call(data: *const (), frame: CallFrame) -> FfiFuture<Outcome<ReplyFrame>> {
        // SAFETY: called through the frame's own table.
        let instance = unsafe { Self::instance(data) };
        let call = frame.into_call();
        let work = guard("call", || {
            let plugin = instance.plugin()?;
            let handler = instance
                .methods
                .handlers
                .get(call.method.as_str())
                .ok_or_else(|| Error::new(codes::INVALID_METHOD, format!("no method `{}`", call.method)))?;
            let _inside = instance.handle.enter();
            Ok(handler(plugin, call))
        });
        let runtime = instance.handle.clone();
        export(&instance.handle, "call", async move { Ok(ReplyFrame::new(work?.await?, &runtime)) })
    }

    unsafe extern "C" fn http(data: *const (), frame: HttpRequestFrame) -> FfiFuture<Outcome<HttpResponseFrame>> {
        // SAFETY: called through the frame's own table.
        let instance = unsafe { Self::instance(data) };
        let plugin = instance.plugin();
        let runtime = instance.handle.clone();
        export(&instance.handle, "http", async move {
            let response = plugin?.http(frame.into_request()?).await?;
            Ok(HttpResponseFrame::new(response, &runtime))
        })
    }

    unsafe extern "C" fn event(data: *const (), frame: EventFrame) -> FfiFuture<Outcome<()>> {
        // SAFETY: called through the frame's own table.
        let instance = unsafe { Self::instance(data) };
        let plugin = instance.plugin();
        export(&instance.handle, "event", async move { plugin?.event(frame.into()).await })
    }

    unsafe extern "C" fn release(data: *const ()) {
        // SAFETY: called once, by the drop of the frame that owns this count.
        let instance = unsafe { Arc::from_raw(data.cast::<Instance<P>>()) };
        let _ = guard("release", || {
            drop(instance);
            Ok(())
        });
    }
}

/// How long the host gives a plugin for each step of its life.
pub const STEP_TIMEOUT: Duration = Duration::from_secs(60);
