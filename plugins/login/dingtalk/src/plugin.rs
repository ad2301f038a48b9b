//! The plugin: which methods lead where.

use std::sync::Arc;

use outbound::{Outbound, base};
use sdk_plugin::contract::login::{Identity, Login};
use sdk_plugin::contract::platforms::APP;
use sdk_plugin::{Call, Host, Manifest, Methods, Plugin, Result};

use crate::config::Config;
use crate::enterprise::Tokens;
use crate::service::Service;
use crate::wire::Wire;

/// The plugin of DingTalk.
pub struct Dingtalk(Service<Host>);

impl Dingtalk {
    async fn login(self: Arc<Self>, call: Call, login: Login) -> Result<Identity> {
        self.0.login(&call, &login).await
    }
}

impl Plugin for Dingtalk {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default().calls(APP).internal("login.dingtalk_openapi")
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let outbound = Outbound::new(config.roots.as_deref(), config.proxy.as_deref())?;
        let wire = Wire::new(outbound, base("gateway", &config.gateway)?, base("api_gateway", &config.api_gateway)?);
        Ok(Self(Service { calls: host, wire, tokens: Tokens::default(), timeout: config.timeout()? }))
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on("login.dingtalk_openapi", Self::login);
    }
}
