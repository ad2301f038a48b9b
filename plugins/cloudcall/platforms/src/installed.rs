//! The platforms whose plugins are installed, and what these say of the settings of apps.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::{ADAPTER, CHECK, DESCRIBE, Description, METHODS, Names, Prefix, Setting};
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::contract::platforms::{ALIPAY, App, DINGTALK, WECHAT};
use sdk_plugin::{Call, Error, Result, codes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The code for a platform that no plugin is for.
pub const NOT_INSTALLED: &str = "PlatformNotInstalled";

/// The longest name of a platform.
const MAX_NAME: usize = 32;
/// From how many bytes on a value is looked for in what a plugin says of it.
const TELLING: usize = 6;

/// A platform.
pub struct Platform {
    /// Its name.
    pub name: String,
    /// The adapters that act on it.
    pub adapters: Vec<String>,
    /// What is known of an app there.
    pub settings: Vec<Setting>,
    /// The names of its APIs, without `cloud.`.
    pub apis: Vec<String>,
}

impl Platform {
    /// The setting of a name.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    fn add(&mut self, adapter: &str, description: Description) {
        self.adapters.push(adapter.to_owned());
        self.apis.extend(description.apis.into_iter().map(|api| api.name));
        for setting in description.settings {
            match self.settings.iter_mut().find(|known| known.name == setting.name) {
                Some(known) => known.secret |= setting.secret,
                None => self.settings.push(setting),
            }
        }
    }
}

/// Whether a text can be the name of a platform.
pub fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(letter)
}

/// The platforms that are installed.
pub struct Installed<C> {
    calls: C,
}

impl<C: Calls> Installed<C> {
    /// What calls reach.
    pub fn new(calls: C) -> Self {
        Self { calls }
    }

    /// The names of the methods that begin so.
    ///
    /// # Errors
    /// What the core answers.
    pub async fn methods(&self, prefix: &str) -> Result<Vec<String>> {
        let names: Names = self.ask("", METHODS, &Prefix { prefix: prefix.to_owned() }).await?;
        Ok(names.methods)
    }

    /// All platforms, by name.
    ///
    /// # Errors
    /// What the core answers.
    pub async fn all(&self) -> Result<Vec<Platform>> {
        let mut platforms: Vec<Platform> = Vec::new();
        for method in self.methods(ADAPTER).await? {
            let Some(adapter) = method.strip_prefix(ADAPTER).and_then(|rest| rest.strip_suffix(DESCRIBE)?.strip_suffix('.')) else {
                continue;
            };
            // One that is broken takes no other with it.
            let description: Description = match self.ask("", &method, &json!({})).await {
                Ok(description) => description,
                Err(error) => {
                    tracing::warn!(adapter, ?error, "an adapter does not describe itself");
                    continue;
                }
            };
            if !is_name(&description.platform) {
                tracing::warn!(adapter, "an adapter names no platform");
                continue;
            }
            if let Some(known) = platforms.iter_mut().find(|platform| platform.name == description.platform) {
                known.add(adapter, description);
                continue;
            }
            let name = description.platform.clone();
            let mut platform = Platform { name, adapters: Vec::new(), settings: Vec::new(), apis: Vec::new() };
            platform.add(adapter, description);
            platforms.push(platform);
        }
        platforms.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(platforms)
    }

    /// A platform.
    ///
    /// # Errors
    /// `PlatformNotInstalled` with what to install, or what the core answers.
    pub async fn platform(&self, name: &str) -> Result<Platform> {
        let mut all = self.all().await?;
        match all.iter().position(|platform| platform.name == name) {
            Some(place) => Ok(all.swap_remove(place)),
            None => Err(not_installed(name, &all)),
        }
    }

    /// Has the adapters of a platform look at all settings of an app.
    ///
    /// # Errors
    /// `InvalidParameter` with what they say of it.
    pub async fn check(&self, platform: &Platform, space: &str, app: &App) -> Result<()> {
        for adapter in &platform.adapters {
            let method = format!("{ADAPTER}{adapter}.{CHECK}");
            if let Err(error) = self.ask::<Value>(space, &method, app).await {
                return Err(refusal(error, adapter, app));
            }
        }
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(&self, space: &str, method: &str, params: &impl Serialize) -> Result<T> {
        self.calls.make(Call::json(space, method, params)?).await?.decode()
    }
}

/// What an adapter says of settings, unless it shows one.
fn refusal(error: Error, adapter: &str, app: &App) -> Error {
    let shows = |text: &str| app.settings.values().any(|value| value.len() >= TELLING && text.contains(value.as_str()));
    if error.code() != codes::CONFIG {
        let message = format!("the settings could not be checked: the plugin `{adapter}` does not answer");
        let failed = Error::new(codes::UNAVAILABLE, message).with_context("code", error.code());
        return if error.is_retryable() { failed.retryable() } else { failed };
    }
    let message = if shows(error.message()) { "the settings cannot be used" } else { error.message() };
    Error::new(INVALID_PARAMETER, message)
}

fn not_installed(name: &str, all: &[Platform]) -> Error {
    let known =
        [(ALIPAY, "alipay", "cloudcall_alipay"), (WECHAT, "wechat", "cloudcall_wechatpay"), (DINGTALK, "dingtalk", "login_dingtalk")];
    let advice = match known.iter().find(|(platform, ..)| *platform == name) {
        Some((_, id, library)) => format!("add [plugins.{id}] with library = \"{library}\" to the configuration"),
        None => "its adapter is a plugin that provides cloudcall.adapter.NAME.describe and .check; see `mpcloud plugin new`".to_owned(),
    };
    let shown = if is_name(name) { format!(" `{name}`") } else { String::new() };
    let installed = match all.iter().map(|platform| platform.name.as_str()).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "none".to_owned(),
        names => names,
    };
    Error::new(NOT_INSTALLED, format!("no plugin for the platform{shown} is installed ({advice}); installed are: {installed}"))
}
