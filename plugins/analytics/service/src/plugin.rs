//! The plugin: which methods, addresses and events lead to the service.

use std::sync::Arc;

use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::{Call, Event, Host, HttpRequest, HttpResponse, Manifest, Methods, Plugin, Reply, Result, events};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::apps::{App, Create, Update};
use crate::clock::Clock;
use crate::collect::Collected;
use crate::config::Config;
use crate::export::signature::PREFIX;
use crate::export::{ENDPOINT, List};
use crate::reports;
use crate::service::Service;

/// The plugin of analytics.
pub struct Analytics(Arc<Service<Host>>);

/// Names an application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Which {
    app_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Analytics {
    async fn collect(self: Arc<Self>, call: Call) -> Result<Reply> {
        let collected: Collected = self.0.collect(&call).await?;
        Reply::json(&collected)
    }

    async fn create(self: Arc<Self>, call: Call, create: Create) -> Result<App> {
        self.0.create_app(&call.space, create).await
    }

    async fn list(self: Arc<Self>, call: Call, _: Nothing) -> Result<Value> {
        Ok(json!({"apps": self.0.apps.list(&call.space).await?}))
    }

    async fn get(self: Arc<Self>, call: Call, which: Which) -> Result<Arc<App>> {
        self.0.apps.require(&call.space, &which.app_key).await
    }

    async fn update(self: Arc<Self>, call: Call, update: Update) -> Result<Arc<App>> {
        self.0.update_app(&call.space, update).await
    }

    async fn delete(self: Arc<Self>, call: Call, which: Which) -> Result<Value> {
        self.0.delete_app(&call.space, &which.app_key).await?;
        Ok(json!({}))
    }

    async fn report(self: Arc<Self>, call: Call) -> Result<Reply> {
        self.0.report(&call).await
    }

    async fn channels(self: Arc<Self>, call: Call, which: Which) -> Result<Value> {
        Ok(json!({"channels": self.0.channels(&call.space, &which.app_key).await?}))
    }

    async fn files(self: Arc<Self>, call: Call, list: List) -> Result<Value> {
        Ok(json!({"files": self.0.list_files(&call.space, list).await?}))
    }
}

impl Plugin for Analytics {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default()
            .calls(EXECUTE)
            .calls("storage.*")
            .calls(ENDPOINT)
            .internal("analytics.apps.*")
            .internal("analytics.report.*")
            .internal("analytics.channels")
            .internal("analytics.export.*")
            .http(PREFIX)
            .secret("export")
            .event(events::SPACE_DELETED)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let secret = host.secret("export")?;
        let service = Service::new(config, host, Clock::default(), secret);
        tokio::spawn(service.clone().keep_folding());
        Ok(Self(service))
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on_raw("analytics.collect", Self::collect);
        methods.on("analytics.apps.create", Self::create);
        methods.on("analytics.apps.list", Self::list);
        methods.on("analytics.apps.get", Self::get);
        methods.on("analytics.apps.update", Self::update);
        methods.on("analytics.apps.delete", Self::delete);
        for method in reports::METHODS {
            methods.on_raw(method, Self::report);
        }
        methods.on("analytics.channels", Self::channels);
        methods.on("analytics.export.list", Self::files);
    }

    async fn http(self: Arc<Self>, request: HttpRequest) -> Result<HttpResponse> {
        Ok(self.0.transfer(&request).await)
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        match event.name.as_str() {
            events::SPACE_DELETED => self.0.remove_space(&event.space).await,
            _ => Ok(()),
        }
    }

    async fn drain(self: Arc<Self>) -> Result<()> {
        self.0.stop().await;
        Ok(())
    }
}
