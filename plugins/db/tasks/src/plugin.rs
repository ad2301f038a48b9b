//! The plugin: which methods, addresses and events lead to the service.

use std::sync::Arc;

use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::{Call, Event, Host, HttpRequest, HttpResponse, Manifest, Methods, Plugin, Result, events};
use serde_json::Value;

use crate::backup::nightly::{CRON, SCHEDULE};
use crate::config::Config;
use crate::manage::{BackupParams, DeleteParams, ExportParams, ImportParams, NoParams, RenameParams, RestoreParams, TaskParams};
use crate::service::Service;
use crate::signature::PREFIX;

/// The plugin of exports, imports and backups.
pub struct DbTasks(Arc<Service<Host>>);

impl DbTasks {
    async fn create_export(self: Arc<Self>, call: Call, params: ExportParams) -> Result<Value> {
        self.0.create_export(&call.space, params).await
    }

    async fn query_export(self: Arc<Self>, call: Call, params: TaskParams) -> Result<Value> {
        self.0.query_export(&call.space, params).await
    }

    async fn create_import(self: Arc<Self>, call: Call, params: ImportParams) -> Result<Value> {
        self.0.create_import(&call.space, params).await
    }

    async fn query_import(self: Arc<Self>, call: Call, params: TaskParams) -> Result<Value> {
        self.0.query_import(&call.space, params).await
    }

    async fn create_backup(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        self.0.create_backup(&call.space).await
    }

    async fn query_backup(self: Arc<Self>, call: Call, params: TaskParams) -> Result<Value> {
        self.0.query_backup(&call.space, params).await
    }

    async fn list_backups(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        self.0.list_backups(&call.space).await
    }

    async fn list_backup_collections(self: Arc<Self>, call: Call, params: BackupParams) -> Result<Value> {
        self.0.list_backup_collections(&call.space, params).await
    }

    async fn create_restore(self: Arc<Self>, call: Call, params: RestoreParams) -> Result<Value> {
        self.0.create_restore(&call.space, params).await
    }

    async fn query_restore(self: Arc<Self>, call: Call, params: TaskParams) -> Result<Value> {
        self.0.query_restore(&call.space, params).await
    }

    async fn rename_collection(self: Arc<Self>, call: Call, params: RenameParams) -> Result<Value> {
        self.0.rename_collection(&call.space, params).await
    }

    async fn delete_collection(self: Arc<Self>, call: Call, params: DeleteParams) -> Result<Value> {
        self.0.delete_collection(&call.space, params).await
    }
}

impl Plugin for DbTasks {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default()
            .calls(EXECUTE)
            .calls("storage.*")
            .calls("core.endpoint")
            .calls("core.spaces")
            .internal("admin.*")
            .http(PREFIX)
            .secret("transfer")
            .event(events::SPACE_DELETED)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let secret = host.secret("transfer")?;
        let service = Service::new(config, host.clone(), secret);
        if service.nightly.is_some() {
            host.schedule(SCHEDULE, CRON).await?;
        }
        tokio::spawn(service.clone().keep_house());
        Ok(Self(service))
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on("admin.CreateDBExportTask", Self::create_export);
        methods.on("admin.QueryDBExportTaskStatus", Self::query_export);
        methods.on("admin.CreateDBImportTask", Self::create_import);
        methods.on("admin.QueryDBImportTaskStatus", Self::query_import);
        methods.on("admin.CreateDBBackupTask", Self::create_backup);
        methods.on("admin.QueryDBBackupTaskStatus", Self::query_backup);
        methods.on("admin.QueryDBBackupDumpTimes", Self::list_backups);
        methods.on("admin.QueryDBBackupCollections", Self::list_backup_collections);
        methods.on("admin.CreateDBRestoreTask", Self::create_restore);
        methods.on("admin.QueryDBRestoreTaskStatus", Self::query_restore);
        methods.on("admin.RenameDBCollection", Self::rename_collection);
        methods.on("admin.DeleteDBCollection", Self::delete_collection);
    }

    async fn http(self: Arc<Self>, request: HttpRequest) -> Result<HttpResponse> {
        Ok(self.0.transfer(request).await)
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        match event.name.as_str() {
            events::SPACE_DELETED => self.0.remove_space(&event.space).await,
            events::SCHEDULE_DUE => {
                self.0.look_at_the_clock();
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
