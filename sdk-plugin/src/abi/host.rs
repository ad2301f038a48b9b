//! The host's table of functions: what a plugin can call.

use std::sync::Arc;

use abi_stable::StableAbi;
use abi_stable::std_types::{RStr, RString, RVec};
use async_ffi::FfiFuture;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::runtime::Handle;
use tracing::Level;

use super::frame::{CallFrame, EventFrame, ReplyFrame};
use super::future::{Outcome, export, guard, outcome, result};
use crate::{Call, Event, Reply, Result};

/// What the host does for one plugin instance.
pub trait HostServices: Send + Sync + 'static {
    fn call(self: Arc<Self>, call: Call) -> BoxFuture<'static, Result<Reply>>;
    fn emit(self: Arc<Self>, event: Event) -> BoxFuture<'static, Result<()>>;
    fn schedule(self: Arc<Self>, name: String, cron: String) -> BoxFuture<'static, Result<()>>;
    fn secret(&self, name: &str) -> Result<Vec<u8>>;
    fn log(&self, level: Level, target: &str, message: &str, fields: Value);
}

#[repr(C)]
#[derive(StableAbi)]
pub struct HostVtable {
    call: unsafe extern "C" fn(*const (), CallFrame) -> FfiFuture<Outcome<ReplyFrame>>,
    emit: unsafe extern "C" fn(*const (), EventFrame) -> FfiFuture<Outcome<()>>,
    schedule: unsafe extern "C" fn(*const (), RString, RString) -> FfiFuture<Outcome<()>>,
    secret: unsafe extern "C" fn(*const (), RStr<'_>) -> Outcome<RVec<u8>>,
    log: unsafe extern "C" fn(*const (), u8, RStr<'_>, RStr<'_>, RVec<u8>),
    release: unsafe extern "C" fn(*const ()),
}

/// The host as it is handed to a plugin.
#[repr(C)]
#[derive(StableAbi)]
pub struct HostFrame {
    data: *const (),
    vtable: &'static HostVtable,
}

// SAFETY: `data` is an `Arc<Served>`, whose services are `Send + Sync`.
unsafe impl Send for HostFrame {}
// SAFETY: as above.
unsafe impl Sync for HostFrame {}

struct Served {
    services: Arc<dyn HostServices>,
    runtime: Handle,
}

impl HostFrame {
    /// Wraps the host's services; they run inside `runtime` wherever they are polled.
    pub fn new(services: Arc<dyn HostServices>, runtime: Handle) -> Self {
        static VTABLE: HostVtable = HostVtable { call, emit, schedule, secret, log, release };
        Self { data: Arc::into_raw(Arc::new(Served { services, runtime })).cast(), vtable: &VTABLE }
    }
}

impl Drop for HostFrame {
    fn drop(&mut self) {
        // SAFETY: `data` and `release` belong together, and this is the one drop.
        unsafe { (self.vtable.release)(self.data) }
    }
}

/// SAFETY: `data` must be the pointer of a live [`HostFrame`].
unsafe fn served<'a>(data: *const ()) -> &'a Served {
    // SAFETY: the frame keeps the `Arc` alive for as long as its functions are called.
    unsafe { &*data.cast::<Served>() }
}

unsafe extern "C" fn call(data: *const (), frame: CallFrame) -> FfiFuture<Outcome<ReplyFrame>> {
    // SAFETY: called through the frame's own table.
    let served = unsafe { served(data) };
    let (services, runtime) = (served.services.clone(), served.runtime.clone());
    export(&served.runtime, "host call", async move {
        let reply = services.call(frame.into_call()).await?;
        Ok(ReplyFrame::new(reply, &runtime))
    })
}

unsafe extern "C" fn emit(data: *const (), event: EventFrame) -> FfiFuture<Outcome<()>> {
    // SAFETY: called through the frame's own table.
    let served = unsafe { served(data) };
    let services = served.services.clone();
    export(&served.runtime, "host emit", async move { services.emit(event.into()).await })
}

unsafe extern "C" fn schedule(data: *const (), name: RString, cron: RString) -> FfiFuture<Outcome<()>> {
    // SAFETY: called through the frame's own table.
    let served = unsafe { served(data) };
    let services = served.services.clone();
    export(&served.runtime, "host schedule", async move { services.schedule(name.into(), cron.into()).await })
}

unsafe extern "C" fn secret(data: *const (), name: RStr<'_>) -> Outcome<RVec<u8>> {
    // SAFETY: called through the frame's own table.
    let served = unsafe { served(data) };
    outcome(guard("host secret", || served.services.secret(name.as_str()).map(RVec::from)))
}

unsafe extern "C" fn log(data: *const (), level: u8, target: RStr<'_>, message: RStr<'_>, fields: RVec<u8>) {
    // SAFETY: called through the frame's own table.
    let served = unsafe { served(data) };
    let level = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG].get(usize::from(level)).copied().unwrap_or(Level::TRACE);
    let _ = guard("host log", || {
        let fields = serde_json::from_slice(&fields).unwrap_or(Value::Null);
        served.services.log(level, target.as_str(), message.as_str(), fields);
        Ok(())
    });
}

unsafe extern "C" fn release(data: *const ()) {
    // SAFETY: called once, by the drop of the frame that owns this count.
    let served = unsafe { Arc::from_raw(data.cast::<Served>()) };
    let _ = guard("host release", || {
        drop(served);
        Ok(())
    });
}

/// The plugin's side of [`HostFrame`].
pub struct HostHandle {
    frame: HostFrame,
    runtime: Handle,
}

impl HostHandle {
    pub(crate) fn new(frame: HostFrame, runtime: Handle) -> Self {
        Self { frame, runtime }
    }

    pub(crate) async fn call(&self, call: Call) -> Result<Reply> {
        let frame = CallFrame::new(call, &self.runtime);
        // SAFETY: `data` and the function belong together, and the frame is alive.
        let future = unsafe { (self.frame.vtable.call)(self.frame.data, frame) };
        result(future.await).map(ReplyFrame::into_reply)
    }

    pub(crate) async fn emit(&self, event: Event) -> Result<()> {
        // SAFETY: as in `call`.
        let future = unsafe { (self.frame.vtable.emit)(self.frame.data, event.into()) };
        result(future.await)
    }

    pub(crate) async fn schedule(&self, name: &str, cron: &str) -> Result<()> {
        // SAFETY: as in `call`.
        let future = unsafe { (self.frame.vtable.schedule)(self.frame.data, name.into(), cron.into()) };
        result(future.await)
    }

    pub(crate) fn secret(&self, name: &str) -> Result<Vec<u8>> {
        // SAFETY: as in `call`; the text outlives the call.
        let secret = unsafe { (self.frame.vtable.secret)(self.frame.data, name.into()) };
        result(secret).map(|bytes| bytes.to_vec())
    }

    pub(crate) fn log(&self, level: Level, target: &str, message: &str, fields: &Value) {
        let level = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG].iter().position(|l| *l == level).unwrap_or(4);
        let fields = serde_json::to_vec(fields).unwrap_or_default();
        let level = u8::try_from(level).unwrap_or(4);
        // SAFETY: as in `secret`.
        unsafe { (self.frame.vtable.log)(self.frame.data, level, target.into(), message.into(), fields.into()) }
    }
}
