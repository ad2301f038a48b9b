//! The plugin: which methods and events lead to the service.

use std::sync::Arc;

use sdk_plugin::contract::cloudcall::METHODS;
use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::contract::platforms::{ALIPAY, APP, App, DINGTALK, WECHAT, Which};
use sdk_plugin::{Call, Event, Host, Manifest, Methods, Plugin, Result, events};
use serde_json::Value;

use crate::config::Config;
use crate::manage::{
    AntParams, AppParams, ExtensionParams, ListParams, NoParams, OPEN_SITE, PageParams, SITE_STATUS, SaveParams, SecretParams,
    ServiceParams, TokenParams,
};
use crate::service::{Saves, Service};

/// The plugin of platforms.
pub struct Platforms {
    service: Service<Host>,
}

impl Platforms {
    async fn app(self: Arc<Self>, call: Call, which: Which) -> Result<App> {
        self.service.app(&call, which).await
    }

    async fn save(self: Arc<Self>, call: Call, params: SaveParams) -> Result<Value> {
        self.service.save_app(&call.space, params).await
    }

    async fn delete(self: Arc<Self>, call: Call, params: AppParams) -> Result<Value> {
        self.service.delete_app(&call.space, params).await
    }

    async fn list(self: Arc<Self>, call: Call, params: AppParams) -> Result<Value> {
        self.service.list_apps(&call.space, params).await
    }

    async fn platforms(self: Arc<Self>, _: Call, _: NoParams) -> Result<Value> {
        self.service.list_platforms().await
    }

    async fn save_ant(self: Arc<Self>, call: Call, params: AntParams) -> Result<Value> {
        self.service.save_ant(&call.space, params).await
    }

    async fn save_token(self: Arc<Self>, call: Call, params: TokenParams) -> Result<Value> {
        self.service.save_token(&call.space, params).await
    }

    async fn save_wechat(self: Arc<Self>, call: Call, params: SecretParams) -> Result<Value> {
        self.service.save_secret(&call.space, WECHAT, Saves::Any, params).await
    }

    async fn add_dingtalk(self: Arc<Self>, call: Call, params: SecretParams) -> Result<Value> {
        self.service.save_secret(&call.space, DINGTALK, Saves::New, params).await
    }

    async fn update_dingtalk(self: Arc<Self>, call: Call, params: SecretParams) -> Result<Value> {
        self.service.save_secret(&call.space, DINGTALK, Saves::Known, params).await
    }

    async fn delete_ant(self: Arc<Self>, call: Call, params: AppParams) -> Result<Value> {
        self.service.delete_config(&call.space, ALIPAY, params).await
    }

    async fn delete_wechat(self: Arc<Self>, call: Call, params: AppParams) -> Result<Value> {
        self.service.delete_config(&call.space, WECHAT, params).await
    }

    async fn delete_dingtalk(self: Arc<Self>, call: Call, params: AppParams) -> Result<Value> {
        self.service.delete_config(&call.space, DINGTALK, params).await
    }

    async fn list_configs(self: Arc<Self>, call: Call, params: ListParams) -> Result<Value> {
        self.service.list_configs(&call.space, params).await
    }

    async fn list_dingtalk(self: Arc<Self>, call: Call, _: NoParams) -> Result<Value> {
        self.service.list_dingtalk(&call.space).await
    }

    async fn extensions(self: Arc<Self>, _: Call, params: PageParams) -> Result<Value> {
        self.service.list_extensions(params).await
    }

    async fn enable(self: Arc<Self>, _: Call, params: ExtensionParams) -> Result<Value> {
        self.service.enable_extension(params).await
    }

    async fn open(self: Arc<Self>, call: Call, params: ServiceParams) -> Result<Value> {
        self.service.open_service(&call, params).await
    }

    async fn status(self: Arc<Self>, call: Call, params: ServiceParams) -> Result<Value> {
        self.service.service_status(&call, params).await
    }
}

impl Plugin for Platforms {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default()
            .calls(EXECUTE)
            .calls(METHODS)
            .calls("cloudcall.adapter.*")
            .calls(SITE_STATUS)
            .calls(OPEN_SITE)
            .internal("admin.*")
            .internal("platforms.*")
            .secret("apps")
            .event(events::SPACE_DELETED)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        let key = host.secret("apps")?;
        Ok(Self { service: Service::new(config, host, &key)? })
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on(APP, Self::app);
        methods.on("admin.SavePlatformApp", Self::save);
        methods.on("admin.DeletePlatformApp", Self::delete);
        methods.on("admin.ListPlatformApps", Self::list);
        methods.on("admin.ListPlatforms", Self::platforms);
        methods.on("admin.SaveAntOpenPlatformConfig", Self::save_ant);
        methods.on("admin.SaveAppAuthToken", Self::save_token);
        methods.on("admin.SaveWechatOpenPlatformConfig", Self::save_wechat);
        methods.on("admin.AddDingtalkOpenPlatformConfig", Self::add_dingtalk);
        methods.on("admin.UpdateDingtalkOpenPlatformConfig", Self::update_dingtalk);
        methods.on("admin.DeleteAntOpenPlatformConfig", Self::delete_ant);
        methods.on("admin.DeleteWechatOpenPlatformConfig", Self::delete_wechat);
        methods.on("admin.DeleteDingtalkOpenPlatformConfig", Self::delete_dingtalk);
        methods.on("admin.ListOpenPlatformConfig", Self::list_configs);
        methods.on("admin.ListDingtalkOpenPlatformConfigs", Self::list_dingtalk);
        methods.on("admin.ListExtensions", Self::extensions);
        methods.on("admin.EnableExtension", Self::enable);
        methods.on("admin.OpenService", Self::open);
        methods.on("admin.QueryServiceStatus", Self::status);
    }

    async fn event(self: Arc<Self>, event: Event) -> Result<()> {
        match event.name.as_str() {
            events::SPACE_DELETED => self.service.remove_space(&event.space).await,
            _ => Ok(()),
        }
    }
}
