//! The plugin: which methods lead where.

use std::sync::Arc;

use outbound::{Outbound, base};
use sdk_plugin::contract::cloudcall::Description;
use sdk_plugin::contract::login::{Identity, Login};
use sdk_plugin::contract::platforms::{APP, App};
use sdk_plugin::{Call, Host, Manifest, Methods, Plugin, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Config;
use crate::description::{check, description};
use crate::enterprise::Tokens;
use crate::service::Service;
use crate::wire::Wire;

/// The plugin of DingTalk.
pub struct Dingtalk(Service<Host>);

/// No parameters.
#[derive(Deserialize)]
struct Nothing {}

impl Dingtalk {
    async fn describe(self: Arc<Self>, _: Call, _: Nothing) -> Result<Description> {
        Ok(description())
    }

    async fn check(self: Arc<Self>, _: Call, app: App) -> Result<Value> {
        check(&app)?;
        Ok(json!({}))
    }

    async fn login(self: Arc<Self>, call: Call, login: Login) -> Result<Identity> {
        self.0.login(&call, &login).await
    }
}

impl Plugin for Dingtalk {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default().calls(APP).internal("cloudcall.adapter.dingtalk.*").internal("login.dingtalk_openapi")
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let outbound = Outbound::new(config.roots.as_deref(), config.proxy.as_deref())?;
        let wire = Wire::new(outbound, base("gateway", &config.gateway)?, base("api_gateway", &config.api_gateway)?);
        Ok(Self(Service { calls: host, wire, tokens: Tokens::default(), timeout: config.timeout()? }))
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on("cloudcall.adapter.dingtalk.describe", Self::describe);
        methods.on("cloudcall.adapter.dingtalk.check", Self::check);
        methods.on("login.dingtalk_openapi", Self::login);
    }
}
