//! Apps of any platform.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::Setting;
use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::apps::Settings;
use crate::installed::is_name;
use crate::merge::shown;
use crate::service::{Saves, Service, app_id, required};

/// The parameters of `SavePlatformApp`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SaveParams {
    #[serde(default)]
    platform: String,
    #[serde(default)]
    app_id: String,
    /// Read by hand, as errors of decoding would show values.
    #[serde(default)]
    settings: Value,
}

/// The parameters of actions that name an app.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AppParams {
    #[serde(default)]
    platform: String,
    #[serde(default)]
    app_id: String,
}

/// The parameters of actions that name nothing.
#[derive(Debug, Deserialize)]
pub struct NoParams {}

impl AppParams {
    pub(super) fn app_id(&self) -> Result<&str> {
        app_id("AppId", &self.app_id)
    }
}

fn platform(text: &str) -> Result<&str> {
    let text = required("Platform", text)?;
    if is_name(text) { Ok(text) } else { Err(Error::new(INVALID_PARAMETER, "Platform must be a name such as alipay, in lower case")) }
}

fn settings(value: Value) -> Result<Settings> {
    let wrong = || Error::new(INVALID_PARAMETER, "Settings must be a JSON object of texts");
    let value = match value {
        Value::String(text) if !text.trim().is_empty() => serde_json::from_str(&text).map_err(|_| wrong())?,
        Value::String(_) => Value::Null,
        other => other,
    };
    let map = match value {
        Value::Object(map) => map,
        Value::Null => return Err(Error::new(MISSING_PARAMETER, "the parameter Settings is missing")),
        _ => return Err(wrong()),
    };
    let text = |(name, value): (String, Value)| match value {
        Value::String(value) => Ok((name, value)),
        _ => Err(Error::new(INVALID_PARAMETER, format!("Settings: {} must be text", shown(&name)))),
    };
    map.into_iter().map(text).collect()
}

impl<C: Calls> Service<C> {
    /// `SavePlatformApp`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `PlatformNotInstalled`, `QuotaExceeded.PlatformApps`,
    /// `Conflict`, or what the database answers.
    pub async fn save_app(&self, space: &str, params: SaveParams) -> Result<Value> {
        let (platform, id) = (platform(&params.platform)?, app_id("AppId", &params.app_id)?);
        self.save(space, platform, id, Saves::Any, &settings(params.settings)?.into()).await?;
        Ok(json!({"App": self.show(space, platform, id).await?}))
    }

    /// `DeletePlatformApp`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `AppNotFound`, or what the database answers.
    pub async fn delete_app(&self, space: &str, params: AppParams) -> Result<Value> {
        self.delete(space, platform(&params.platform)?, params.app_id()?).await?;
        Ok(json!({}))
    }

    /// `ListPlatformApps`. An app that is named must be there.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `AppNotFound`, or what the core and the database
    /// answer.
    pub async fn list_apps(&self, space: &str, params: AppParams) -> Result<Value> {
        if !params.app_id.is_empty() {
            let app = self.show(space, platform(&params.platform)?, params.app_id()?).await?;
            return Ok(json!({"Apps": [app]}));
        }
        let wanted = if params.platform.is_empty() { "" } else { platform(&params.platform)? };
        Ok(json!({"Apps": self.list(space, wanted).await?}))
    }

    /// `ListPlatforms`: those whose plugins are installed.
    ///
    /// # Errors
    /// What the core answers.
    pub async fn list_platforms(&self) -> Result<Value> {
        let all = self.installed.all().await?;
        let platforms = all.iter().map(|platform| {
            let setting = |setting: &Setting| json!({"Name": setting.name, "About": setting.about, "Secret": setting.secret});
            json!({
                "Platform": platform.name,
                "Adapters": platform.adapters,
                "Apis": platform.apis,
                "Settings": platform.settings.iter().map(setting).collect::<Vec<_>>(),
            })
        });
        Ok(json!({"Platforms": platforms.collect::<Vec<_>>()}))
    }
}
