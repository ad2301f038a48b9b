//! The plugin: which methods, addresses and events lead to the service.

use std::sync::Arc;

use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::contract::files::{ALLOWS, DELETE, INFO, REPORT, RESOLVE, Resolution, Resolve, SIGN};
use sdk_plugin::{Call, Event, Host, HttpRequest, HttpResponse, Manifest, Methods, Plugin, Reply, Result, events};
use serde::Deserialize;
use serde_json::Value;

use crate::config::Config;
use crate::manage::{FileParams, ListParams, NoParams, SaveRulesParams, SignedUrlParams};
use crate::resource::{DeleteParams, InfoParams, PUT, Proximal, PutParams, ReportParams, SignParams};
use crate::service::{PREFIX, Service};
use crate::usage::Figures;

/// How much a space uses: `{}` → its figures.
const USAGE: &str = "files.usage";

/// The schedules, every ten minutes and every night (UTC).
const SWEEP: (&str, &str) = ("sweep", "0 */10 * * * *");
const RECOUNT: (&str, &str) = ("recount", "0 17 19 * * *");

/// The file service.
pub struct Files(Arc<Service<Host>>);

impl Files {
    async fn sign(self: Arc<Self>, call: Call, params: SignParams) -> Result<Proximal> {
        self.0.sign(&call, params).await
    }

    async fn report(self: Arc<Self>, call: Call, params: ReportParams) -> Result<Value> {
        self.0.report(&call, params).await
    }

    async fn info(self: Arc<Self>, call: Call, params: InfoParams) -> Result<Vec<Value>> {
        self.0.info(&call, params).await
    }

    async fn delete(self: Arc<Self>, call: Call, params: DeleteParams) -> Result<Value> {
        self.0.delete(&call, params).await
    }

    async fn put(self: Arc<Self>, mut call: Call) -> Result<Reply> {
        let params: PutParams = call.decode()?;
        Reply::json(&self.0.put(&mut call, params).await?)
    }

    async fn resolve(self: Arc<Self>, call: Call, params: Resolve) -> Result<Resolution> {
        self.0.resolve(&call.space, &params).await
    }

    async fn usage(self: Arc<Self>, call: Call, _: NoParams) -> Result<Figures> {
        self.0.usage.figures(&call.space, self.0.config.quota(&call.space)).await
    }

    async fn describe_upload_url(self: Arc<Self>, call: Call, params: SignedUrlParams) -> Result<Value> {
        self.0.describe_upload_url(&call, params).await
    }

    async fn register_file(self: Arc<Self>, call: Call, params: FileParams) -> Result<Value> {
        self.0.register_file(&call.space, params).await
    }

    async fn delete_file(self: Arc<Self>, call: Call, params: FileParams) -> Result<Value> {
        self.0.delete_file(&call.space, params).await
    }

    async fn list_files(self: Arc<Self>, call: Call, params: ListParams) -> Result<Value> {
        self.0.list_files(&call.space, params).await
    }

    async fn describe_domain(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        self.0.describe_domain(&call.space).await
    }

    async fn save_rules(self: Arc<Self>, call: Call, params: SaveRulesParams) -> Result<Value> {
        self.0.save_rules(&call.space, params).await
    }
}

impl Plugin for Files {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default()
            .calls(EXECUTE)
            .calls("storage.*")
            .calls("core.endpoint")
            .calls("core.checkSpace")
            .calls(ALLOWS)
            .internal("admin.*")
            .internal("files.*")
            .http(PREFIX)
            .secret("transfer")
            .event(events::SPACE_DELETED)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let secret = host.secret("transfer")?;
        let service = Service::new(config, host.clone(), secret);
        for (name, cron) in [SWEEP, RECOUNT] {
            host.schedule(name, cron).await?;
        }
        tokio::spawn(service.clone().keep_house());
        Ok(Self(service))
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on(SIGN, Self::sign);
        methods.on(REPORT, Self::report);
        methods.on(INFO, Self::info);
        methods.on(DELETE, Self::delete);
        methods.on_raw(PUT, Self::put);
        methods.on(RESOLVE, Self::resolve);
        methods.on(USAGE, Self::usage);
        methods.on("admin.DescribeFileUploadSignedUrl", Self::describe_upload_url);
        methods.on("admin.RegisterFile", Self::register_file);
        methods.on("admin.DeleteFile", Self::delete_file);
        methods.on("admin.ListFile", Self::list_files);
        methods.on("admin.DescribeCdnDomain", Self::describe_domain);
        methods.on("admin.SaveCdnDomainConfig", Self::save_rules);
    }

    async fn http(self: Arc<Self>, request: HttpRequest) -> Result<HttpResponse> {
        Ok(self.0.transfer(request).await)
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        #[derive(Deserialize)]
        struct Due {
            name: String,
        }
        match event.name.as_str() {
            events::SPACE_DELETED => self.0.remove_space(&event.space).await,
            events::SCHEDULE_DUE if event.decode::<Due>()?.name == RECOUNT.0 => self.0.recount().await,
            events::SCHEDULE_DUE => {
                self.0.clean_up().await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn drain(self: Arc<Self>) -> Result<()> {
        self.0.stop().await;
        Ok(())
    }
}
