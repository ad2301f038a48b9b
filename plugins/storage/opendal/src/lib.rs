//! The storage contract of `sdk_plugin::contract::storage`, on top of OpenDAL.
//!
//! Without configuration, objects are files under the plugin's own data folder. Any other store
//! whose OpenDAL service is compiled in is a matter of two keys in the TOML file:
//!
//! ```toml
//! [plugins.storage]
//! library = "storage_opendal"
//! config = { scheme = "fs", options = { root = "/srv/objects" } }
//! ```
//!
//! Object stores are reached by HTTP ([`transport`]) and asked again when they fail for a reason
//! that may pass. What may be half done then is written in a way that shows: an upload becomes
//! visible as a whole, and a reader asks for the version that it began with.

#![deny(missing_docs)]

mod backend;
mod config;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod contract;
mod get;
mod layout;
mod list;
mod options;
mod put;
mod scan;
mod services;
mod staging;
mod store;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod transport;

use std::path::Path;
use std::sync::Arc;

use sdk_plugin::contract::storage::{DELETE, DELETE_FOLDER, GET, Get, Key, LIST, List, Listing, Object, PUT, STAT};
use sdk_plugin::{Call, Error, Event, Host, Manifest, Methods, Plugin, Reply, Result, codes, events, export_plugin};

pub use crate::config::StorageConfig;
use crate::store::Store;

/// The plugin: a [`Store`] behind the methods of the contract.
pub struct Storage {
    store: Store,
}

impl Storage {
    /// Opens the store that a configuration describes, or one in a folder.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it cannot be used.
    pub async fn open(config: StorageConfig, data_dir: &Path) -> Result<Self> {
        let data_dir = data_dir.to_owned();
        // Building an `fs` backend touches the disk.
        let operator = tokio::task::spawn_blocking(move || config.operator(&data_dir)).await.map_err(Error::internal)??;
        Ok(Self { store: Store::open(operator).await? })
    }

    /// Answers a call of one of the contract's methods, as the plugin does without its host.
    ///
    /// # Errors
    /// Those of the method; `InvalidMethod.Format` when there is no such method.
    pub async fn call(self: Arc<Self>, call: Call) -> Result<Reply> {
        match call.method.as_str() {
            PUT => self.put(call).await,
            GET => self.get(call).await,
            STAT => {
                let params = call.decode()?;
                Reply::json(&self.stat(call, params).await?)
            }
            LIST => {
                let params = call.decode()?;
                Reply::json(&self.list(call, params).await?)
            }
            DELETE => {
                let params = call.decode()?;
                Reply::json(&self.delete(call, params).await?)
            }
            DELETE_FOLDER => {
                let params = call.decode()?;
                Reply::json(&self.delete_folder(call, params).await?)
            }
            method => Err(Error::new(codes::INVALID_METHOD, format!("there is no method `{method}`"))),
        }
    }

    /// Removes all objects of a space.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn delete_space(&self, space: &str) -> Result<()> {
        self.store.delete_space(space).await
    }

    async fn put(self: Arc<Self>, mut call: Call) -> Result<Reply> {
        let Key { key } = call.decode()?;
        let body = call.body.take().ok_or_else(|| Error::invalid_params(format!("{PUT} comes without a body")))?;
        Reply::json(&self.store.put(&call.space, &key, body).await?)
    }

    async fn get(self: Arc<Self>, call: Call) -> Result<Reply> {
        let params: Get = call.decode()?;
        let (object, body) = self.store.get(&call.space, &params).await?;
        Ok(Reply::json(&object)?.with_body(body))
    }

    async fn stat(self: Arc<Self>, call: Call, params: Key) -> Result<Object> {
        self.store.stat(&call.space, &params.key).await
    }

    async fn list(self: Arc<Self>, call: Call, params: List) -> Result<Listing> {
        self.store.list(&call.space, &params).await
    }

    async fn delete(self: Arc<Self>, call: Call, params: Key) -> Result<()> {
        self.store.delete(&call.space, &params.key).await
    }

    async fn delete_folder(self: Arc<Self>, call: Call, params: Key) -> Result<()> {
        self.store.delete_folder(&call.space, &params.key).await
    }
}

impl Plugin for Storage {
    type Config = StorageConfig;

    fn manifest() -> Manifest {
        Manifest::default().internal("storage.*").event(events::SPACE_DELETED)
    }

    async fn start(config: StorageConfig, host: Host) -> Result<Self> {
        Self::open(config, host.data_dir()).await
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on_raw(PUT, Self::put);
        methods.on_raw(GET, Self::get);
        methods.on(STAT, Self::stat);
        methods.on(LIST, Self::list);
        methods.on(DELETE, Self::delete);
        methods.on(DELETE_FOLDER, Self::delete_folder);
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        if event.name == events::SPACE_DELETED { self.delete_space(&event.space).await } else { Ok(()) }
    }
}

export_plugin!(Storage);
