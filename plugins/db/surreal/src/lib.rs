//! The default document database: MongoDB's language over SurrealDB.
//!
//! It provides [`EXECUTE`](sdk_plugin::contract::db::EXECUTE). Documents are kept in an embedded
//! SurrealDB in the plugin's data folder, or in a server or cluster that the configuration names.

#![deny(missing_docs)]

mod aggregate;
mod change;
mod command;
mod database;
mod engine;
mod error;
mod find;
mod ids;
mod index;
mod insert;
mod layout;
mod locks;
mod near;
mod operations;
mod output;
mod plan;
mod records;
mod scan;
mod service;
mod transaction;

use std::sync::Arc;

use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::{Call, Event, Host, Manifest, Methods, Plugin, Reply, Result, events, export_plugin};

pub use crate::engine::Engine;
pub use crate::service::Service;
pub use surreal_records::{Answer, Config, Size};

/// The plugin.
pub struct Surreal {
    service: Service,
}

impl Surreal {
    async fn execute(self: Arc<Self>, mut call: Call) -> Result<Reply> {
        let body = call.body.take();
        self.service.execute_with(&call, body).await
    }
}

impl Plugin for Surreal {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default().event(events::SPACE_DELETED)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        Ok(Self { service: Service::open(&config, host.data_dir()).await?.telling(host) })
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on_raw(EXECUTE, Self::execute);
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        if event.name == events::SPACE_DELETED {
            self.service.remove(&event.space).await?;
        }
        Ok(())
    }

    async fn ready(self: Arc<Self>) -> Result<()> {
        self.service.engine().health().await
    }

    async fn stop(self: Arc<Self>) -> Result<()> {
        self.service.engine().close().await
    }
}

export_plugin!(Surreal);
