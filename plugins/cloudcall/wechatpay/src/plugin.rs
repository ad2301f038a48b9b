//! The plugin: which methods lead where.

use std::sync::Arc;
use std::time::Duration;

use outbound::{Outbound, base};
use sdk_plugin::contract::cloudcall::{Answer, Delivery, Description, Find, Finding, Received, Request};
use sdk_plugin::contract::login::{Identity, Login, SESSION};
use sdk_plugin::contract::platforms::{APP, App};
use sdk_plugin::{Call, Host, Manifest, Methods, Plugin, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Config;
use crate::gateway::Gateway;
use crate::login::Logins;
use crate::pay::{Pay, description};
use crate::service::Service;

/// The plugin of WeChat.
pub struct Wechat(Service<Host>);

/// No parameters.
#[derive(Deserialize)]
struct Nothing {}

impl Wechat {
    async fn describe(self: Arc<Self>, _: Call, _: Nothing) -> Result<Description> {
        Ok(description())
    }

    async fn check(self: Arc<Self>, _: Call, app: App) -> Result<Value> {
        Service::<Host>::check(&app)?;
        Ok(json!({}))
    }

    async fn call(self: Arc<Self>, call: Call, request: Request) -> Result<Answer> {
        self.0.call(&call, &request).await
    }

    async fn find(self: Arc<Self>, call: Call, find: Find) -> Result<Finding> {
        self.0.find(&call, &find).await
    }

    async fn receive(self: Arc<Self>, call: Call, delivery: Delivery) -> Result<Received> {
        self.0.receive(&call, &delivery).await
    }

    async fn login(self: Arc<Self>, call: Call, login: Login) -> Result<Identity> {
        self.0.login(&call, &login).await
    }
}

impl Plugin for Wechat {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default().calls(APP).calls(SESSION).internal("cloudcall.adapter.wechat.*").internal("login.wechat_openapi")
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let timeout: Duration = config.timeout()?;
        let outbound = Arc::new(Outbound::new(config.roots.as_deref(), config.proxy.as_deref())?);
        let gateway = Gateway::new(outbound.clone(), base("gateway", &config.gateway)?);
        let logins = Logins::new(outbound, base("login_gateway", &config.login_gateway)?);
        Ok(Self(Service { calls: host, pay: Pay::new(gateway), logins, timeout }))
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on("cloudcall.adapter.wechat.describe", Self::describe);
        methods.on("cloudcall.adapter.wechat.check", Self::check);
        methods.on("cloudcall.adapter.wechat.call", Self::call);
        methods.on("cloudcall.adapter.wechat.find", Self::find);
        methods.on("cloudcall.adapter.wechat.receive", Self::receive);
        methods.on("login.wechat_openapi", Self::login);
    }
}
