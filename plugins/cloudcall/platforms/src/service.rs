//! The service: which apps spaces have, and with which settings.

use std::collections::BTreeMap;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::contract::platforms::{APP_NOT_FOUND, App, Which};
use sdk_plugin::{Call, CallerKind, Error, Result, codes};
use serde::Serialize;

use crate::apps::{Apps, Settings, Stored};
use crate::clock;
use crate::config::Config;
use crate::installed::{Installed, Platform};
use crate::mask::mask;
use crate::merge::merge;

/// The code for an app that is to be new and is not.
pub const APP_EXISTS: &str = "AppExists";
/// The code for an app more than a space can have.
pub const TOO_MANY: &str = "QuotaExceeded.PlatformApps";
/// The setting with the authorization of a mini program that the app acts for.
pub const AUTHORIZATION: &str = "appAuthToken";

/// The longest id of an app.
const MAX_ID: usize = 64;
/// How often a change is tried that others come before.
const ATTEMPTS: usize = 5;

/// The apps of all spaces.
pub struct Service<C> {
    pub(crate) installed: Installed<C>,
    pub(crate) calls: C,
    apps: Apps<C>,
    config: Config,
}

/// What is to be changed of an app. Settings are as [`merge`] takes them.
pub struct Change {
    /// The settings.
    pub settings: Settings,
    /// The mini program that the app acts for; none for whichever it was.
    pub merchant: Option<String>,
}

impl From<Settings> for Change {
    fn from(settings: Settings) -> Self {
        Self { settings, merchant: None }
    }
}

/// Which apps are saved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Saves {
    /// One that is there or not.
    Any,
    /// One that is not there.
    New,
    /// One that is there.
    Known,
}

/// An app as listings have it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listed {
    /// Its platform.
    pub platform: String,
    /// Its id there.
    pub app_id: String,
    /// The id of the mini program that it acts for; empty when that is not known, or it acts for
    /// itself.
    pub merchant_app_id: String,
    /// When it was added.
    pub create_time: String,
    /// When it was changed.
    pub update_time: String,
    /// Why it cannot be used; empty when nothing is known to be wrong.
    pub problem: String,
    /// Its settings, by name.
    pub settings: Vec<ListedSetting>,
}

/// A setting as listings have it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListedSetting {
    /// Its name.
    pub name: String,
    /// Whether it is a secret. What no adapter knows is taken for one.
    pub secret: bool,
    /// What it is; of a secret, its hash.
    pub value: String,
}

impl Listed {
    /// What is shown of a setting; empty when there is none.
    pub fn shown(&self, name: &str) -> &str {
        self.settings.iter().find(|setting| setting.name == name).map_or("", |setting| &setting.value)
    }
}

/// An app's id that came as a parameter.
///
/// # Errors
/// `MissingParameter`, `InvalidParameter`.
pub fn app_id<'a>(parameter: &str, text: &'a str) -> Result<&'a str> {
    let text = required(parameter, text.trim())?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if plain && text.len() <= MAX_ID {
        return Ok(text);
    }
    Err(Error::new(INVALID_PARAMETER, format!("{parameter} must be at most {MAX_ID} letters, digits, dots, hyphens and underscores")))
}

/// A parameter that must be there.
///
/// # Errors
/// `MissingParameter`.
pub fn required<'a>(parameter: &str, text: &'a str) -> Result<&'a str> {
    if text.is_empty() { Err(Error::new(MISSING_PARAMETER, format!("the parameter {parameter} is missing"))) } else { Ok(text) }
}

fn not_found(platform: &str, app_id: &str) -> Error {
    Error::new(APP_NOT_FOUND, format!("the space has no app {app_id} on {platform}"))
}

impl<C: Calls> Service<C> {
    /// A service; `key` seals the settings.
    ///
    /// # Errors
    /// `InternalError` when the key is not of 32 bytes.
    pub fn new(config: Config, calls: C, key: &[u8]) -> Result<Self> {
        Ok(Self { installed: Installed::new(calls.clone()), apps: Apps::new(calls.clone(), key)?, calls, config })
    }

    /// An app with its settings, for plugins: what an administrator asks for directly is refused.
    /// One that acts for another mini program is found by that one's id too.
    ///
    /// # Errors
    /// `AppNotFound`, `InvalidConfiguration` for settings that cannot be read, or what the database
    /// answers.
    pub async fn app(&self, call: &Call, which: Which) -> Result<App> {
        // A plugin's call has another one above it, or comes from no caller.
        if call.caller.kind != CallerKind::System && call.depth == 0 {
            return Err(Error::new(codes::PERMISSION_DENIED, "keys of apps are for plugins alone"));
        }
        let Which { platform, app_id } = which;
        let stored = if app_id.is_empty() {
            let mut first = self.apps.first_two(&call.space, &platform).await?;
            if first.len() > 1 {
                return Err(Error::new(APP_NOT_FOUND, format!("the space has several apps on {platform}: name one by its id")));
            }
            first.pop().ok_or_else(|| Error::new(APP_NOT_FOUND, format!("the space has no app on {platform}")))?
        } else {
            match self.apps.get(&call.space, &platform, &app_id).await? {
                Some(stored) => stored,
                None => {
                    let acting = self.apps.acting_for(&call.space, &platform, &app_id).await?;
                    acting.ok_or_else(|| not_found(&platform, &app_id))?
                }
            }
        };
        let settings = self.apps.open(&stored)?;
        Ok(App { platform: stored.platform, app_id: stored.app_id, settings })
    }

    /// Adds or changes an app.
    ///
    /// # Errors
    /// `InvalidParameter` for settings that cannot be used; `PlatformNotInstalled`, `AppNotFound`,
    /// `AppExists`, `QuotaExceeded.PlatformApps`, `Conflict` when others keep changing it, or what
    /// the database answers.
    pub async fn save(&self, space: &str, platform: &str, app_id: &str, saves: Saves, change: &Change) -> Result<()> {
        let platform = self.installed.platform(platform).await?;
        for _ in 0..ATTEMPTS {
            if self.try_save(space, &platform, app_id, saves, change).await? {
                tracing::info!(space, platform = platform.name, app = app_id, "an app was saved");
                return Ok(());
            }
        }
        Err(Error::new(codes::CONFLICT, "others change the app at the same time: try again").retryable())
    }

    async fn try_save(&self, space: &str, platform: &Platform, app_id: &str, saves: Saves, change: &Change) -> Result<bool> {
        let old = self.apps.get(space, &platform.name, app_id).await?;
        if old.is_none() && saves == Saves::Known {
            return Err(not_found(&platform.name, app_id));
        }
        if old.is_some() && saves == Saves::New {
            return Err(Error::new(APP_EXISTS, format!("the space has the app {app_id} on {} already", platform.name)));
        }
        let before = old.as_ref().map(|old| self.apps.open(old)).transpose()?.unwrap_or_default();
        let settings = merge(platform, &before, &change.settings)?;
        let merchant = if settings.contains_key(AUTHORIZATION) { merchant(old.as_ref(), change)? } else { String::new() };
        let app = App { platform: platform.name.clone(), app_id: app_id.to_owned(), settings };
        self.installed.check(platform, space, &app).await?;
        if let Some(old) = old {
            return self.apps.replace(&old, &merchant, &app.settings).await;
        }
        self.require_room(space, 1).await?;
        if !self.apps.insert(space, &platform.name, app_id, &merchant, &app.settings).await? {
            return Ok(false);
        }
        // Others may have been added at the same time.
        if let Err(error) = self.require_room(space, 0).await {
            self.apps.delete(space, &platform.name, app_id).await?;
            return Err(error);
        }
        Ok(true)
    }

    /// Refuses more apps than a space can have.
    async fn require_room(&self, space: &str, further: u64) -> Result<()> {
        let most = self.config.max_apps_per_space;
        if most == 0 || self.apps.count(space).await? + further <= most {
            return Ok(());
        }
        Err(Error::new(
            TOO_MANY,
            format!("the space can have {most} apps on platforms, and has as many: delete one that is not needed any more"),
        ))
    }

    /// Removes an app. Its platform need not be installed.
    ///
    /// # Errors
    /// `AppNotFound`, or what the database answers.
    pub async fn delete(&self, space: &str, platform: &str, app_id: &str) -> Result<()> {
        if !self.apps.delete(space, platform, app_id).await? {
            return Err(not_found(platform, app_id));
        }
        tracing::info!(space, platform, app = app_id, "an app was deleted");
        Ok(())
    }

    /// The apps of a space on a platform, or on all, by platform and id.
    ///
    /// # Errors
    /// What the core and the database answer.
    pub async fn list(&self, space: &str, platform: &str) -> Result<Vec<Listed>> {
        let stored = self.apps.of_space(space).await?;
        let platforms = self.installed.all().await?;
        let platforms: BTreeMap<&str, &Platform> = platforms.iter().map(|platform| (platform.name.as_str(), platform)).collect();
        let wanted = stored.into_iter().filter(|stored| platform.is_empty() || stored.platform == platform);
        Ok(wanted.map(|stored| self.listed(&stored, platforms.get(stored.platform.as_str()).copied())).collect())
    }

    /// One app.
    ///
    /// # Errors
    /// `AppNotFound`, or what the core and the database answer.
    pub async fn show(&self, space: &str, platform: &str, app_id: &str) -> Result<Listed> {
        let stored = self.apps.get(space, platform, app_id).await?.ok_or_else(|| not_found(platform, app_id))?;
        let platforms = self.installed.all().await?;
        Ok(self.listed(&stored, platforms.iter().find(|known| known.name == platform)))
    }

    fn listed(&self, stored: &Stored, platform: Option<&Platform>) -> Listed {
        let (settings, problem) = match self.apps.open(stored) {
            Ok(settings) if platform.is_some() => (settings, String::new()),
            Ok(settings) => (settings, "no plugin for the platform is installed".to_owned()),
            Err(error) => (Settings::new(), error.message().to_owned()),
        };
        let setting = |(name, value): (String, String)| {
            let secret = platform.and_then(|platform| platform.setting(&name)).is_none_or(|setting| setting.secret);
            ListedSetting { value: if secret { mask(&value) } else { value }, name, secret }
        };
        Listed {
            platform: stored.platform.clone(),
            app_id: stored.app_id.clone(),
            merchant_app_id: stored.merchant.clone(),
            create_time: clock::text(stored.created),
            update_time: clock::text(stored.modified),
            problem,
            settings: settings.into_iter().map(setting).collect(),
        }
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove_space(&self, space: &str) -> Result<()> {
        self.apps.forget_space(space).await
    }
}

/// The mini program that an app acts for after a change. Orders are looked for with the one
/// authorization that an app has, so that another's must not take its place unnoticed.
fn merchant(old: Option<&Stored>, change: &Change) -> Result<String> {
    let before = old.map(|old| old.merchant.as_str()).unwrap_or_default();
    match change.merchant.as_deref() {
        Some(new) if !before.is_empty() && new != before => {
            let message = format!(
                "the app acts for {before} in this space: remove its {AUTHORIZATION} first, or have another space for another mini program"
            );
            Err(Error::new(INVALID_PARAMETER, message))
        }
        Some(new) => Ok(new.to_owned()),
        None => Ok(before.to_owned()),
    }
}
