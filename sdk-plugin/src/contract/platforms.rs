//! The mini programs of a space on their platforms, with the keys that the platforms gave out.
//!
//! An administrator adds them (manual, section 8). They are stored encrypted, and only plugins
//! that declare [`APP`] in their manifest read them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Reads an app of the call's space: [`Which`] → [`App`]. Only plugins call it.
///
/// Errors: [`APP_NOT_FOUND`] when there is none, or when several fit and none is named.
pub const APP: &str = "platforms.app";

/// The code for an app that nobody has added.
pub const APP_NOT_FOUND: &str = "AppNotFound";

/// Alipay: `appId` and the settings of `SaveAntOpenPlatformConfig`.
pub const ALIPAY: &str = "alipay";
/// WeChat, with WeChat Pay.
pub const WECHAT: &str = "wechat";
/// DingTalk.
pub const DINGTALK: &str = "dingtalk";

/// Names an app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Which {
    /// Its platform.
    pub platform: String,
    /// Its id there. The only one of the platform, when empty.
    #[serde(default)]
    pub app_id: String,
}

/// An app and what is known of it. What it shows of itself has no settings.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Its platform.
    pub platform: String,
    /// Its id there.
    pub app_id: String,
    /// Keys, certificates and choices by their names, such as `privateKey`. Which there are is for
    /// the adapter of the platform to say ([`Setting`](super::cloudcall::Setting)).
    pub settings: BTreeMap<String, String>,
}

impl App {
    /// A setting; empty ones count as absent.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.settings.keys().collect();
        f.debug_struct("App").field("platform", &self.platform).field("app_id", &self.app_id).field("settings", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_does_not_show_its_settings() {
        let settings = [("privateKey", "secret"), ("aesKey", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let app = App { platform: ALIPAY.into(), app_id: "1".into(), settings: settings.into() };
        assert!(!format!("{app:?}").contains("secret"));
        assert_eq!((app.setting("privateKey"), app.setting("aesKey"), app.setting("x")), (Some("secret"), None, None));
    }
}
