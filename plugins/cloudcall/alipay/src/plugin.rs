//! The plugin: the adapter behind the methods of its contracts.

use std::sync::Arc;

use sdk_plugin::contract::cloudcall::{Answer, Delivery, Description, Find, Finding, Received, Request};
use sdk_plugin::contract::login::{Identity, Login};
use sdk_plugin::contract::platforms::{APP, App};
use sdk_plugin::{Call, Host, Manifest, Methods, Plugin, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::adapter::Adapter;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::{find, login, notification};

/// The plugin of Alipay.
pub struct Alipay {
    adapter: Adapter,
    host: Host,
}

/// No parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

impl Alipay {
    async fn describe(self: Arc<Self>, _: Call, _: NoParams) -> Result<Description> {
        Ok(Adapter::describe())
    }

    async fn check(self: Arc<Self>, _: Call, app: App) -> Result<Value> {
        Credentials::of(&app)?;
        Ok(json!({}))
    }

    async fn call(self: Arc<Self>, call: Call, request: Request) -> Result<Answer> {
        self.adapter.call(&request, call.remaining()).await
    }

    async fn find(self: Arc<Self>, call: Call, find: Find) -> Result<Finding> {
        find::find(&self.adapter, &find, call.remaining()).await
    }

    async fn receive(self: Arc<Self>, _: Call, delivery: Delivery) -> Result<Received> {
        notification::receive(&delivery)
    }

    async fn login(self: Arc<Self>, call: Call, login: Login) -> Result<Identity> {
        login::login(&self.adapter, &self.host, &call, login).await
    }
}

impl Plugin for Alipay {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default().calls(APP).internal("cloudcall.adapter.*").internal("login.*")
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        Ok(Self { adapter: Adapter::new(&config)?, host })
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on("cloudcall.adapter.alipay.describe", Self::describe);
        methods.on("cloudcall.adapter.alipay.check", Self::check);
        methods.on("cloudcall.adapter.alipay.call", Self::call);
        methods.on("cloudcall.adapter.alipay.find", Self::find);
        methods.on("cloudcall.adapter.alipay.receive", Self::receive);
        methods.on(login::METHOD, Self::login);
    }
}
