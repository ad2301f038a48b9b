//! The vendor's actions for Alipay, WeChat and DingTalk.

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::platforms::{ALIPAY, DINGTALK, WECHAT};
use serde::Deserialize;
use serde_json::{Value, json};

use super::AppParams;
use crate::apps::Settings;
use crate::service::{AUTHORIZATION, Change, Listed, Saves, Service, app_id, required};

/// The parameters of `SaveAntOpenPlatformConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AntParams {
    #[serde(default)]
    app_id: String,
    private_key: Option<String>,
    public_key: Option<String>,
    sign_mode: Option<String>,
    app_cert: Option<String>,
    public_cert: Option<String>,
    root_cert: Option<String>,
}

/// The parameters of `SaveAppAuthToken`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TokenParams {
    #[serde(default)]
    app_id: String,
    #[serde(default)]
    isv_app_id: String,
    #[serde(default)]
    app_auth_token: String,
}

/// The parameters of actions that save an app's secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecretParams {
    #[serde(default)]
    app_id: String,
    #[serde(default)]
    app_secret: String,
}

/// The parameters of `ListOpenPlatformConfig`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListParams {
    #[serde(default)]
    platform: String,
}

/// How signatures are made, as the setting has it. What is neither is for the adapter to refuse.
fn sign_mode(text: &str) -> String {
    match text.trim().to_ascii_lowercase().as_str() {
        "cert" | "certificate" => "cert".to_owned(),
        "key" | "public_key" | "publickey" | "public-key" => "key".to_owned(),
        other => other.to_owned(),
    }
}

/// The name of a platform. The vendor's texts are not of one mind.
fn platform(text: &str) -> String {
    match text.trim().to_ascii_lowercase().as_str() {
        "ant" | "alipay" => ALIPAY.to_owned(),
        "wechat" | "weixin" | "wx" => WECHAT.to_owned(),
        "dingtalk" | "dingding" | "ding" => DINGTALK.to_owned(),
        other => other.to_owned(),
    }
}

fn config(space: &str, app: &Listed) -> Value {
    json!({
        "SpaceId": space,
        "Platform": app.platform,
        "AppId": app.app_id,
        "AppSecret": app.shown("appSecret"),
        "PrivateKey": app.shown("privateKey"),
        "PublicKey": app.shown("publicKey"),
        "SignMode": app.shown("signMode"),
        "AppCert": app.shown("appCert"),
        "PublicCert": app.shown("publicCert"),
        "RootCert": app.shown("rootCert"),
    })
}

impl<C: Calls> Service<C> {
    /// `SaveAntOpenPlatformConfig`.
    ///
    /// # Errors
    /// As [`Service::save`], and `MissingParameter`.
    pub async fn save_ant(&self, space: &str, params: AntParams) -> Result<Value> {
        let id = app_id("AppId", &params.app_id)?;
        let named = [
            ("privateKey", params.private_key),
            ("publicKey", params.public_key),
            ("signMode", params.sign_mode.as_deref().map(sign_mode)),
            ("appCert", params.app_cert),
            ("publicCert", params.public_cert),
            ("rootCert", params.root_cert),
        ];
        let settings: Settings = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        self.save(space, ALIPAY, id, Saves::Any, &settings.into()).await?;
        Ok(json!({}))
    }

    /// `SaveAppAuthToken`: with it the third party's app `IsvAppId` acts for the mini program
    /// `AppId`, whose logins and calls are made with the third party's keys then. Without
    /// `IsvAppId` it is the authorization of the app `AppId` itself. An app acts for one mini program
    /// in a space.
    ///
    /// # Errors
    /// As [`Service::save`], and `MissingParameter`; `AppNotFound` when the app whose keys are used
    /// was not saved before.
    pub async fn save_token(&self, space: &str, params: TokenParams) -> Result<Value> {
        let merchant = app_id("AppId", &params.app_id)?;
        let third_party = params.isv_app_id.trim();
        let id = if third_party.is_empty() { merchant } else { app_id("IsvAppId", third_party)? };
        let token = required("AppAuthToken", params.app_auth_token.trim())?;
        let settings = [(AUTHORIZATION.to_owned(), token.to_owned())].into();
        let merchant = if merchant == id { String::new() } else { merchant.to_owned() };
        self.save(space, ALIPAY, id, Saves::Known, &Change { settings, merchant: Some(merchant) }).await?;
        Ok(json!({}))
    }

    /// `SaveWechatOpenPlatformConfig`, `AddDingtalkOpenPlatformConfig`,
    /// `UpdateDingtalkOpenPlatformConfig`.
    ///
    /// # Errors
    /// As [`Service::save`], and `MissingParameter`.
    pub async fn save_secret(&self, space: &str, platform: &str, saves: Saves, params: SecretParams) -> Result<Value> {
        let id = app_id("AppId", &params.app_id)?;
        let secret = required("AppSecret", params.app_secret.trim())?;
        let settings: Settings = [("appSecret".to_owned(), secret.to_owned())].into();
        self.save(space, platform, id, saves, &settings.into()).await?;
        Ok(json!({}))
    }

    /// `DeleteAntOpenPlatformConfig`, `DeleteWechatOpenPlatformConfig`,
    /// `DeleteDingtalkOpenPlatformConfig`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `AppNotFound`, or what the database answers.
    pub async fn delete_config(&self, space: &str, platform: &str, params: AppParams) -> Result<Value> {
        self.delete(space, platform, params.app_id()?).await?;
        Ok(json!({}))
    }

    /// `ListOpenPlatformConfig`: of a platform, or of all.
    ///
    /// # Errors
    /// What the core and the database answer.
    pub async fn list_configs(&self, space: &str, params: ListParams) -> Result<Value> {
        let apps = self.list(space, &platform(&params.platform)).await?;
        Ok(json!({"SecretList": apps.iter().map(|app| config(space, app)).collect::<Vec<_>>()}))
    }

    /// `ListDingtalkOpenPlatformConfigs`.
    ///
    /// # Errors
    /// What the core and the database answer.
    pub async fn list_dingtalk(&self, space: &str) -> Result<Value> {
        let config = |app: &Listed| {
            json!({
                "AppId": app.app_id,
                "AppSecret": app.shown("appSecret"),
                "CreateTime": app.create_time,
                "UpdateTime": app.update_time,
            })
        };
        Ok(json!({"Configs": self.list(space, DINGTALK).await?.iter().map(config).collect::<Vec<_>>()}))
    }
}
