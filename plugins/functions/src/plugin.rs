//! The plugin: which methods, addresses and events lead to the service.

use std::sync::Arc;

use sdk_plugin::contract::domains;
use sdk_plugin::{Call, Event, Host, HttpRequest, HttpResponse, Manifest, Methods, Plugin, Reply, Result, events};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::config::Config;
use crate::manage::{CreateParams, DeployParams, ListDeploymentParams, ListParams, NameParams, RunParams, UpdateParams};
use crate::runtime::Runtime;
use crate::service::Service;
use crate::trigger::SwitchParams;
use crate::{engine, logs, signed_url, trigger};

/// The method that runs functions.
pub const INVOKE: &str = "serverless.function.runtime.invoke";

/// The functions plugin.
pub struct Functions(Arc<Service<Host>>);

impl Functions {
    async fn invoke(self: Arc<Self>, call: Call) -> Result<Reply> {
        self.0.invoke(call).await
    }

    async fn create(self: Arc<Self>, call: Call, params: CreateParams) -> Result<Value> {
        self.0.create_function(&call.space, params).await
    }

    async fn update(self: Arc<Self>, call: Call, params: UpdateParams) -> Result<Value> {
        self.0.update_function(&call.space, params).await
    }

    async fn describe(self: Arc<Self>, call: Call, params: NameParams) -> Result<Value> {
        self.0.describe_function(&call.space, params).await
    }

    async fn delete(self: Arc<Self>, call: Call, params: NameParams) -> Result<Value> {
        self.0.delete_function(&call.space, params).await
    }

    async fn list(self: Arc<Self>, call: Call, params: ListParams) -> Result<Value> {
        self.0.list_functions(&call.space, params).await
    }

    async fn create_deployment(self: Arc<Self>, call: Call, params: NameParams) -> Result<Value> {
        self.0.create_deployment(&call.space, params).await
    }

    async fn list_deployments(self: Arc<Self>, call: Call, params: ListDeploymentParams) -> Result<Value> {
        self.0.list_deployments(&call.space, params).await
    }

    async fn deploy(self: Arc<Self>, call: Call, params: DeployParams) -> Result<Value> {
        self.0.deploy(&call.space, params).await
    }

    async fn run(self: Arc<Self>, call: Call, params: RunParams) -> Result<Value> {
        self.0.run_function(call, params).await
    }

    async fn describe_http_trigger(self: Arc<Self>, call: Call, _: IgnoredAny) -> Result<Value> {
        self.0.describe_http_trigger(&call.space).await
    }

    async fn update_http_trigger(self: Arc<Self>, call: Call, params: SwitchParams) -> Result<Value> {
        self.0.update_http_trigger(&call.space, params).await
    }

    async fn list_logs(self: Arc<Self>, call: Call, params: logs::ListParams) -> Result<Value> {
        logs::list(&self.0.edge, &call.space, &params).await
    }
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Plugin for Functions {
    type Config = Config;

    fn manifest() -> Manifest {
        // A function may call whatever its space offers; the host knows that a function calls.
        Manifest::default()
            .calls("*")
            .internal("admin.*")
            .http(signed_url::PREFIX)
            .http(trigger::PREFIX)
            .http(trigger::PATH_PREFIX)
            .site(domains::FUNCTIONS)
            .secret("upload")
            .event(events::SPACE_DELETED)
            .event(events::FUNCTION_DEPLOYED)
            .event(events::FUNCTION_DELETED)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        // Not the first caller's time.
        let network = {
            let config = config.clone();
            let started = tokio::task::spawn_blocking(move || {
                engine::start();
                config.network()
            });
            Arc::new(started.await.map_err(sdk_plugin::Error::internal)??)
        };
        let secret = host.secret("upload")?;
        let service = Arc::new(Service::new(config, host, secret, network));
        service.watch_timers();
        Ok(Self(service))
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on_raw(INVOKE, Self::invoke);
        methods.on("admin.CreateFunction", Self::create);
        methods.on("admin.UpdateFunction", Self::update);
        methods.on("admin.DescribeFunction", Self::describe);
        methods.on("admin.DeleteFunction", Self::delete);
        methods.on("admin.ListFunction", Self::list);
        methods.on("admin.CreateFunctionDeployment", Self::create_deployment);
        methods.on("admin.ListFunctionDeployment", Self::list_deployments);
        methods.on("admin.DeployFunction", Self::deploy);
        methods.on("admin.RunFunction", Self::run);
        methods.on("admin.DescribeHttpTriggerConfig", Self::describe_http_trigger);
        methods.on("admin.UpdateHttpTriggerConfig", Self::update_http_trigger);
        methods.on("admin.ListFunctionLog", Self::list_logs);
    }

    async fn http(self: Arc<Self>, request: HttpRequest) -> Result<HttpResponse> {
        let of_package = request.space.is_empty() && request.path().starts_with(signed_url::PREFIX);
        Ok(if of_package { self.0.transfer(request).await } else { self.0.trigger(request).await })
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        match event.name.as_str() {
            events::SPACE_DELETED => self.0.remove_space(&event.space).await,
            events::FUNCTION_DEPLOYED | events::FUNCTION_DELETED => {
                let Named { name } = event.decode()?;
                self.0.invalidate(&event.space, Some(&name));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn drain(self: Arc<Self>) -> Result<()> {
        self.0.drain_timers(trigger::PATIENCE).await;
        self.0.logs.flush().await
    }

    async fn stop(self: Arc<Self>) -> Result<()> {
        self.0.engine.shut_down();
        Ok(())
    }
}
