//! What a library says of itself before any of its code runs: plain data, in three steps.
//!
//! 1. Magic and loader number, whose place never changes.
//! 2. SDK version and target, and the version of abi_stable.
//! 3. The layout of everything that crosses, compared by abi_stable.

use abi_stable::StableAbi;
use abi_stable::library::AbiHeader;
use abi_stable::std_types::RStr;
use abi_stable::type_layout::TypeLayout;

use super::host::{HostFrame, HostVtable};
use super::plugin::{Module, PluginFrame, PluginModule, PluginVtable};
use crate::Plugin;

/// Marks a library as a plugin of mpcloud.
pub const MAGIC: [u8; 16] = *b"mpcloud plugin\0\0";

/// The number of the loading procedure itself: of this struct and what is done with it.
pub const LOADER: u32 = 1;

/// The version of this SDK. Host and plugin must be built with the same one.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the library was compiled for.
pub const TARGET: &str = concat!(env!("MPCLOUD_TARGET"), "");

/// The name of the static that holds the [`Handshake`].
pub const SYMBOL: &str = "MPCLOUD_PLUGIN";

/// The contents of the static that `export_plugin!` makes.
#[repr(C)]
pub struct Handshake {
    pub magic: [u8; 16],
    pub loader: u32,
    pub sdk: RStr<'static>,
    pub target: RStr<'static>,
    pub abi: AbiHeader,
    pub layout: &'static TypeLayout,
    pub name: RStr<'static>,
    pub version: RStr<'static>,
    pub module: PluginModule,
}

// SAFETY: all of it is immutable; the layout is only read.
unsafe impl Sync for Handshake {}

impl Handshake {
    pub const fn of<P: Plugin>(name: &'static str, version: &'static str) -> Self {
        Self {
            magic: MAGIC,
            loader: LOADER,
            sdk: RStr::from_str(SDK_VERSION),
            target: RStr::from_str(TARGET),
            abi: AbiHeader::VALUE,
            layout: <Boundary as StableAbi>::LAYOUT,
            name: RStr::from_str(name),
            version: RStr::from_str(version),
            module: Module::<P>::MODULE,
        }
    }
}

/// All that crosses, in one type, so that one comparison covers it.
#[repr(C)]
#[derive(StableAbi)]
pub struct Boundary {
    module: PluginModule,
    plugin: PluginFrame,
    plugin_vtable: PluginVtable,
    host: HostFrame,
    host_vtable: HostVtable,
}
