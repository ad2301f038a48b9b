//! The plugin: which methods, addresses and events lead to the service.

use std::sync::Arc;

use sdk_plugin::contract::cloudcall::{INVOKE, Invoke, METHODS};
use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::contract::domains::ENDPOINT;
use sdk_plugin::contract::management::MISSING_PARAMETER;
use sdk_plugin::contract::platforms::APP;
use sdk_plugin::{Call, Error, Event, Host, HttpRequest, HttpResponse, Manifest, Methods, Plugin, Result, events};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::notify::{PREFIX, RUN};
use crate::orders::{ORDERS, Which};
use crate::service::{PROFILE, Service};

/// The schedule at which orders are looked at, whatever else happens.
const SCHEDULE: &str = "orders";
/// Every minute.
const CRON: &str = "0 * * * * *";

/// The plugin of cloud calls.
pub struct CloudCalls {
    service: Arc<Service<Host>>,
    stopping: CancellationToken,
}

/// Binds a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Bind {
    /// Its name; empty for none.
    function_name: Option<String>,
}

#[derive(Deserialize)]
struct NoParams {}

impl CloudCalls {
    async fn invoke(self: Arc<Self>, call: Call, invoke: Invoke) -> Result<Value> {
        self.service.invoke(call, invoke).await
    }

    async fn orders(self: Arc<Self>, call: Call, which: Which) -> Result<Value> {
        self.service.orders(&call, which).await
    }

    async fn bind(self: Arc<Self>, call: Call, bind: Bind) -> Result<Value> {
        let function = bind.function_name.ok_or_else(|| Error::new(MISSING_PARAMETER, "the parameter FunctionName is missing"))?;
        if call.space.is_empty() {
            return Err(Error::new(MISSING_PARAMETER, "the parameter SpaceId is missing"));
        }
        self.service.desk.notices.bind(&call.space, &function).await?;
        Ok(json!({}))
    }

    async fn bound(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        Ok(json!({"FunctionName": self.service.desk.notices.bound(&call.space).await?}))
    }
}

impl Plugin for CloudCalls {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default()
            .calls(EXECUTE)
            .calls(METHODS)
            .calls("cloudcall.adapter.*")
            .calls(APP)
            .calls(PROFILE)
            .calls(ENDPOINT)
            .calls(RUN)
            .internal("admin.*")
            .http(PREFIX)
            .secret("orders")
            .event(events::SPACE_DELETED)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let service = Service::new(config, host.clone(), Clock::default(), &host.secret("orders")?)?;
        host.schedule(SCHEDULE, CRON).await?;
        let stopping = CancellationToken::new();
        tokio::spawn(service.clone().look_after(stopping.clone()));
        Ok(Self { service, stopping })
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on(INVOKE, Self::invoke);
        methods.on(ORDERS, Self::orders);
        methods.on("admin.SaveCloudCallNotifyConfig", Self::bind);
        methods.on("admin.GetCloudCallNotifyConfig", Self::bound);
    }

    async fn http(self: Arc<Self>, request: HttpRequest) -> Result<HttpResponse> {
        Ok(self.service.notified(request).await)
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        match event.name.as_str() {
            events::SPACE_DELETED => self.service.remove_space(&event.space).await,
            events::SCHEDULE_DUE => {
                self.service.kick.notify_one();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn drain(self: Arc<Self>) -> Result<()> {
        self.stopping.cancel();
        Ok(())
    }
}
