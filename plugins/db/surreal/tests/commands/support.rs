//! A database with one space, and the commands of the SDK on it.

use std::sync::Arc;

use db_surreal::{Config, Service};
use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::{Call, Caller, CallerKind, Error};
use serde_json::{Value, json};

pub struct Db {
    pub service: Arc<Service>,
    pub space: String,
    _folder: tempfile::TempDir,
}

pub async fn memory() -> Db {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { url: crate::URL.to_owned(), ..Config::default() };
    let service = Arc::new(Service::open(&config, folder.path()).await.unwrap());
    Db { service, space: "space-1".to_owned(), _folder: folder }
}

pub async fn call_as(service: &Service, kind: CallerKind, space: &str, params: Value) -> Result<Value, Error> {
    let mut call = Call::json(space, EXECUTE, &params).unwrap();
    call.caller = Caller::of(kind);
    service.execute(&call).await?.decode()
}

impl Db {
    pub async fn try_run(&self, command: &str, mut params: Value) -> Result<Value, Error> {
        params["command"] = command.into();
        if params.get("collection").is_none() {
            params["collection"] = "c".into();
        }
        call_as(&self.service, CallerKind::Client, &self.space, params).await
    }

    pub async fn run(&self, command: &str, params: Value) -> Value {
        self.try_run(command, params.clone()).await.unwrap_or_else(|e| panic!("{command} {params}: {e:?}"))
    }

    pub async fn fails(&self, command: &str, params: Value) -> Error {
        match self.try_run(command, params.clone()).await {
            Ok(answer) => panic!("{command} {params} answered {answer}"),
            Err(error) => error,
        }
    }

    pub async fn ids(&self, query: Value, options: Value) -> Vec<Value> {
        let found = self.run("find", json!({"query": query, "options": options})).await;
        found["result"].as_array().unwrap().iter().map(|doc| doc["_id"].clone()).collect()
    }

    pub async fn fill(&self, docs: Value) {
        self.run("insertMany", json!({"docs": docs})).await;
    }
}
