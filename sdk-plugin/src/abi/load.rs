//! The host's side: opens a library, shakes hands, and calls the plugin.

use std::fmt;
use std::path::Path;

use abi_stable::StableAbi;
use abi_stable::abi_stability::check_layout_compatibility;
use abi_stable::library::AbiHeader;
use libloading::Library;
use serde_json::Value;
use tokio::runtime::Handle;

use super::frame::{CallFrame, HttpRequestFrame};
use super::future::{guard, result};
use super::handshake::{Boundary, Handshake, LOADER, MAGIC, SDK_VERSION, SYMBOL, TARGET};
use super::host::HostFrame;
use super::plugin::{PluginFrame, PluginModule};
use crate::{Call, Error, Event, HostInfo, HttpRequest, HttpResponse, Manifest, Reply, Result, codes};

/// Why a file was not accepted as a plugin. Says what each side is.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The file cannot be opened as a library.
    Open(String),
    /// It is a library, but not a plugin.
    NotAPlugin,
    /// It was made for another loading procedure.
    Loader { host: u32, plugin: u32 },
    /// It was built with another SDK.
    Sdk { host: String, plugin: String },
    /// It was built for another target.
    Target { host: String, plugin: String },
    /// It was built with another version of abi_stable.
    AbiStable { host: (u32, u32), plugin: (u32, u32) },
    /// Its types have another layout, although the versions agree.
    Layout(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(reason) => write!(f, "cannot be opened as a library: {reason}"),
            Self::NotAPlugin => write!(
                f,
                "is not a plugin of mpcloud: it has no symbol {SYMBOL} that begins as a plugin's does; did its crate use export_plugin!?"
            ),
            Self::Loader { host, plugin } => {
                write!(f, "has loader number {plugin}, this mpcloud has {host}: build the plugin with this version's sdk-plugin")
            }
            Self::Sdk { host, plugin } => {
                write!(f, "was built with sdk-plugin {plugin}, this mpcloud has {host}: build it again with sdk-plugin {host}")
            }
            Self::Target { host, plugin } => write!(f, "was built for {plugin}, this mpcloud for {host}"),
            Self::AbiStable { host, plugin } => {
                write!(f, "was built with abi_stable {}.{}, this mpcloud with {}.{}", plugin.0, plugin.1, host.0, host.1)
            }
            Self::Layout(reason) => write!(f, "has another layout of the shared types: build it again with this sdk-plugin. {reason}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// A library that has passed the handshake. It is never unloaded: code of it may still be on a
/// thread's stack, and destructors of its values may run at any time.
#[derive(Clone, Copy)]
pub struct PluginLibrary {
    handshake: &'static Handshake,
}

impl PluginLibrary {
    /// Opens a library and checks that both sides agree, step by step.
    ///
    /// Must not run on a reactor thread: it reads the file.
    pub fn open(path: &Path) -> std::result::Result<Self, Refusal> {
        // SAFETY: opening runs the library's initialisers; whoever may name a plugin in the TOML
        // file is trusted with that. The library is leaked, so no symbol of it ever dangles.
        let library = unsafe { Library::new(path) }.map_err(|e| Refusal::Open(describe(&e)))?;
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the symbol is only taken as an address here; what it points at is checked below.
        let symbol = unsafe { library.get::<*const u8>(SYMBOL.as_bytes()) }.map_err(|_| Refusal::NotAPlugin)?;
        // SAFETY: the library behind the address is never unloaded.
        let start: *const u8 = unsafe { symbol.try_as_raw_ptr() }.ok_or(Refusal::NotAPlugin)?.cast_const().cast();
        // SAFETY: a static of this name is at least as large as what every loader number begins
        // with: 16 bytes of magic and four of number.
        let (magic, loader) = unsafe { (start.cast::<[u8; 16]>().read_unaligned(), start.add(16).cast::<u32>().read_unaligned()) };
        if magic != MAGIC {
            return Err(Refusal::NotAPlugin);
        }
        if loader != LOADER {
            return Err(Refusal::Loader { host: LOADER, plugin: loader });
        }
        // SAFETY: loader number 1 means that the static is a `Handshake`.
        let handshake: &'static Handshake = unsafe { &*start.cast::<Handshake>() };
        if handshake.sdk != SDK_VERSION {
            return Err(Refusal::Sdk { host: SDK_VERSION.into(), plugin: handshake.sdk.into() });
        }
        if handshake.target != TARGET {
            return Err(Refusal::Target { host: TARGET.into(), plugin: handshake.target.into() });
        }
        if !handshake.abi.is_valid() {
            let version = |header: &AbiHeader| (header.abi_major, header.abi_minor);
            return Err(Refusal::AbiStable { host: version(&AbiHeader::VALUE), plugin: version(&handshake.abi) });
        }
        let layout = <Boundary as StableAbi>::LAYOUT;
        check_layout_compatibility(layout, handshake.layout).into_result().map_err(|e| {
            let (host, plugin) = (layout.full_type(), handshake.layout.full_type());
            Refusal::Layout(format!("This mpcloud has {host}, the plugin {plugin}: {}", first_difference(&e.to_string())))
        })?;
        Ok(Self { handshake })
    }

    fn module(&self) -> &'static PluginModule {
        &self.handshake.module
    }

    /// Name and version of the plugin's crate.
    pub fn identity(&self) -> (&'static str, &'static str) {
        (self.handshake.name.as_str(), self.handshake.version.as_str())
    }

    /// Asks the plugin for its manifest.
    pub fn manifest(&self) -> Result<Manifest> {
        let bytes = result((self.module().manifest)())?;
        let mut manifest: Manifest = serde_json::from_slice(&bytes).map_err(Error::internal)?;
        let (name, version) = self.identity();
        if manifest.name.is_empty() {
            name.clone_into(&mut manifest.name);
        }
        if manifest.version.is_empty() {
            version.clone_into(&mut manifest.version);
        }
        Ok(manifest)
    }

    /// Decodes a configuration without starting anything.
    pub fn check(&self, config: &Value) -> Result<()> {
        result((self.module().check)(serde_json::to_vec(config).map_err(Error::internal)?.into()))
    }

    /// Makes an instance; it still has to be started.
    pub fn create(&self, host: HostFrame, info: &HostInfo, runtime: Handle) -> Result<PluginInstance> {
        let info = serde_json::to_vec(info).map_err(Error::internal)?;
        let frame = result((self.module().create)(host, info.into()))?;
        Ok(PluginInstance { frame, runtime })
    }
}

/// The part of abi_stable's report that says what differs: it comes after both types in full.
fn first_difference(report: &str) -> String {
    let differs = |line: &&str| line.contains(" error(s)") && !line.starts_with("0 ");
    let lines = report.lines().map(str::trim).skip_while(|line| !differs(line));
    lines.filter(|line| !line.is_empty()).take(40).collect::<Vec<_>>().join(" ")
}

fn describe(error: &libloading::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// A plugin instance, seen from the host.
pub struct PluginInstance {
    frame: PluginFrame,
    runtime: Handle,
}

impl PluginInstance {
    pub async fn start(&self) -> Result<()> {
        // SAFETY: here and below: `data` and the function belong together, and the frame is alive.
        result(unsafe { (self.frame.vtable.start)(self.frame.data) }.await)
    }

    pub async fn ready(&self) -> Result<()> {
        // SAFETY: as in `start`.
        result(unsafe { (self.frame.vtable.ready)(self.frame.data) }.await)
    }

    pub async fn drain(&self) -> Result<()> {
        // SAFETY: as in `start`.
        result(unsafe { (self.frame.vtable.drain)(self.frame.data) }.await)
    }

    pub async fn stop(&self) -> Result<()> {
        // SAFETY: as in `start`.
        result(unsafe { (self.frame.vtable.stop)(self.frame.data) }.await)
    }

    pub async fn call(&self, call: Call) -> Result<Reply> {
        let frame = CallFrame::new(call, &self.runtime);
        // SAFETY: as in `start`.
        result(unsafe { (self.frame.vtable.call)(self.frame.data, frame) }.await).map(|reply| reply.into_reply())
    }

    pub async fn http(&self, request: HttpRequest) -> Result<HttpResponse> {
        let frame = HttpRequestFrame::new(request, &self.runtime);
        // SAFETY: as in `start`.
        result(unsafe { (self.frame.vtable.http)(self.frame.data, frame) }.await)?.into_response()
    }

    pub async fn event(&self, event: Event) -> Result<()> {
        // SAFETY: as in `start`.
        result(unsafe { (self.frame.vtable.event)(self.frame.data, event.into()) }.await)
    }

    /// Gives the instance up. Its runtime ends without waiting for what it still does.
    pub fn release(self) -> Result<()> {
        guard("release", || {
            drop(self.frame);
            Ok(())
        })
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(codes::CONFIG, refusal.to_string())
    }
}
