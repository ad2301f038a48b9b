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

#![deny(missing_docs)]

mod backend;
mod config;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod contract;
mod layout;
mod list;
mod put;
mod store;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::sync::Arc;

use sdk_plugin::contract::storage::{DELETE, DELETE_FOLDER, GET, Get, Key, LIST, List, Listing, Object, PUT, STAT};
use sdk_plugin::{Call, Error, Event, Host, Manifest, Methods, Plugin, Reply, Result, events, export_plugin};

pub use crate::config::StorageConfig;
use crate::store::Store;

/// The plugin: a [`Store`] behind the methods of the contract.
pub struct Storage {
    store: Store,
}

impl Storage {
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
        let data_dir = host.data_dir().to_owned();
        // Building an `fs` backend touches the disk.
        let operator = tokio::task::spawn_blocking(move || config.operator(&data_dir)).await.map_err(Error::internal)??;
        Ok(Self { store: Store::open(operator).await? })
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
        if event.name == events::SPACE_DELETED { self.store.delete_space(&event.space).await } else { Ok(()) }
    }
}

export_plugin!(Storage);
