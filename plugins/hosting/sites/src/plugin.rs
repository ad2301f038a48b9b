//! The plugin: which methods, domains, addresses and events lead to the service.

use std::sync::Arc;
use std::time::Duration;

use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::contract::domains;
use sdk_plugin::{Bytes, Call, Event, Host, HttpRequest, HttpResponse, Manifest, Methods, Plugin, Result, events};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::config::Config;
use crate::manage::{DeploymentParams, FileParams, FilesParams, ListParams, NoParams, RefreshParams, RollbackParams, SettingsParams};
use crate::service::Service;
use crate::signature::PREFIX;
use crate::sweep::{CRON, SCHEDULE};
use crate::usage::Figures;

/// How often what was counted is written.
const COUNT: Duration = Duration::from_secs(10);
/// What is told when a space has opened its site.
const OPENED: &str = "site.opened";
/// The most requests and calls in flight: a visitor who reads slowly is one.
const MAX_REQUESTS: u32 = 10_000;

/// The plugin of websites.
pub struct Sites {
    service: Arc<Service<Host>>,
    counting: AbortHandle,
}

impl Sites {
    async fn open(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        let opened = self.service.open_site(&call.space).await?;
        // Whoever gets certificates for sites need not wait; it finds out by itself in the end.
        let event = Event { name: OPENED.to_owned(), space: call.space, payload: Bytes::new() };
        if let Err(error) = self.service.calls.emit(event).await {
            tracing::warn!(?error, "the opening of a site could not be told");
        }
        Ok(opened)
    }

    async fn status(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        self.service.site_status(&call.space).await
    }

    async fn settings(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        self.service.settings(&call.space).await
    }

    async fn modify(self: Arc<Self>, call: Call, params: SettingsParams) -> Result<Value> {
        self.service.modify_settings(&call.space, params).await
    }

    async fn credential(self: Arc<Self>, call: Call, params: FileParams) -> Result<Value> {
        self.service.upload_credential(&call.space, params).await
    }

    async fn list(self: Arc<Self>, call: Call, params: ListParams) -> Result<Value> {
        self.service.list_files(&call.space, params).await
    }

    async fn describe(self: Arc<Self>, call: Call, params: FileParams) -> Result<Value> {
        self.service.describe_file(&call.space, params).await
    }

    async fn delete(self: Arc<Self>, call: Call, params: FileParams) -> Result<Value> {
        self.service.delete_file(&call.space, params).await
    }

    async fn delete_batch(self: Arc<Self>, call: Call, params: FilesParams) -> Result<Value> {
        self.service.delete_files(&call.space, params).await
    }

    async fn refresh(self: Arc<Self>, call: Call, params: RefreshParams) -> Result<Value> {
        self.service.refresh(&call.space, params).await
    }

    async fn begin_deployment(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        self.service.begin_deployment(&call.space).await
    }

    async fn commit_deployment(self: Arc<Self>, call: Call, params: DeploymentParams) -> Result<Value> {
        self.service.commit_deployment(&call.space, params).await
    }

    async fn list_releases(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        self.service.list_releases(&call.space).await
    }

    async fn rollback(self: Arc<Self>, call: Call, params: RollbackParams) -> Result<Value> {
        self.service.rollback(&call.space, params).await
    }

    async fn usage(self: Arc<Self>, call: Call, _: NoParams) -> Result<Figures> {
        self.service.figures(&call.space).await
    }

    async fn sweep(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        Ok(json!({"removed": self.service.sweep(&call.space).await?}))
    }
}

impl Plugin for Sites {
    type Config = Config;

    fn manifest() -> Manifest {
        let manifest = Manifest::default()
            .calls(EXECUTE)
            .calls("storage.*")
            .calls(domains::ENDPOINT)
            .calls(domains::GET)
            .calls("core.checkSpace")
            .internal("admin.*")
            .internal("sites.*")
            .site(domains::HOSTING)
            .http(PREFIX)
            .secret("transfer")
            .event(events::SPACE_DELETED);
        Manifest { max_concurrent_calls: MAX_REQUESTS, ..manifest }
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let secret = host.secret("transfer")?;
        host.schedule(SCHEDULE, CRON).await?;
        let service = Service::new(config, host, secret);
        let counted = service.clone();
        let counting = tokio::spawn(async move {
            loop {
                tokio::time::sleep(COUNT).await;
                if let Err(error) = counted.usage.flush(&counted.calls).await {
                    tracing::warn!(?error, "the usage of sites could not be written");
                }
            }
        });
        Ok(Self { service, counting: counting.abort_handle() })
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on("admin.OpenWebHostingService", Self::open);
        methods.on("admin.GetWebHostingStatus", Self::status);
        methods.on("admin.GetWebHostingConfig", Self::settings);
        methods.on("admin.ModifyWebHostingConfig", Self::modify);
        methods.on("admin.GetWebHostingUploadCredential", Self::credential);
        methods.on("admin.ListWebHostingFiles", Self::list);
        methods.on("admin.DescribeWebHostingFile", Self::describe);
        methods.on("admin.DeleteWebHostingFile", Self::delete);
        methods.on("admin.BatchDeleteWebHostingFiles", Self::delete_batch);
        methods.on("admin.RefreshWebHostingCustomDomainCache", Self::refresh);
        methods.on("admin.CreateWebHostingDeployment", Self::begin_deployment);
        methods.on("admin.CommitWebHostingDeployment", Self::commit_deployment);
        methods.on("admin.ListWebHostingReleases", Self::list_releases);
        methods.on("admin.RollbackWebHosting", Self::rollback);
        methods.on("sites.usage", Self::usage);
        methods.on("sites.sweep", Self::sweep);
    }

    async fn http(self: Arc<Self>, request: HttpRequest) -> Result<HttpResponse> {
        let of_site = !request.space.is_empty();
        Ok(if of_site { self.service.serve(&request).await } else { self.service.transfer(request).await })
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        match event.name.as_str() {
            events::SPACE_DELETED => self.service.remove_space(&event.space).await,
            events::SCHEDULE_DUE => self.service.clone().sweep_all().await,
            _ => Ok(()),
        }
    }

    async fn drain(self: Arc<Self>) -> Result<()> {
        self.counting.abort();
        self.service.usage.flush(&self.service.calls).await
    }
}
