//! The service as a backend of the conformance kit.

use std::sync::Arc;

use db_surreal::{Config, Service};
use sdk_plugin::conformance::db::Backend;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::{Call, Caller, CallerKind, Reply, Result};
use serde_json::{Value, json};

/// A database of some form, with a folder that goes with it.
#[derive(Clone)]
pub struct Surreal {
    service: Arc<Service>,
    _folder: Arc<tempfile::TempDir>,
}

impl Surreal {
    /// Opens the database that a configuration describes, or one in the folder.
    pub async fn open(config: Config) -> Result<Self> {
        let folder = tempfile::tempdir().unwrap();
        Ok(Self { service: Arc::new(Service::open(&config, folder.path()).await?), _folder: Arc::new(folder) })
    }

    /// One of a URL.
    pub async fn at(url: &str) -> Self {
        Self::open(Config { url: url.to_owned(), ..Config::default() }).await.unwrap()
    }

    /// Makes a call.
    pub async fn call(&self, kind: CallerKind, space: &str, collection: &str, command: &str, mut params: Value) -> Result<Value> {
        params["collection"] = collection.into();
        params["command"] = command.into();
        if params.get("options").is_none() {
            params["options"] = json!({});
        }
        self.text(kind, space, &params.to_string()).await
    }

    /// Makes a call with parameters that are JSON text, in which the order of fields counts.
    pub async fn text(&self, kind: CallerKind, space: &str, params: &str) -> Result<Value> {
        let mut call = Call::new(space, EXECUTE, params.to_owned());
        call.caller = Caller::of(kind);
        call.deadline += std::time::Duration::from_secs(50);
        self.make(call).await?.decode()
    }
}

impl Calls for Surreal {
    async fn make(&self, mut call: Call) -> Result<Reply> {
        let body = call.body.take();
        self.service.execute_with(&call, body).await
    }
}

impl Backend for Surreal {
    async fn delete_space(&self, space: &str) -> Result<()> {
        self.service.remove(space).await
    }
}
