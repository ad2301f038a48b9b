//! Which settings an app has.

use sdk_plugin::contract::cloudcall::{Description, Setting};
use sdk_plugin::contract::platforms::{App, DINGTALK};
use sdk_plugin::{Error, Result, codes};

use crate::flavour::Flavour;

/// The name of the setting with the app's secret.
pub const APP_SECRET: &str = "appSecret";

/// What the platform is: one for logins alone.
pub fn description() -> Description {
    let setting = |name: &str, secret, about: &str| Setting { name: name.to_owned(), about: about.to_owned(), secret };
    Description {
        platform: DINGTALK.to_owned(),
        apis: Vec::new(),
        settings: vec![
            setting(APP_SECRET, true, "AppSecret of the app (open-dev.dingtalk.com, credentials)."),
            setting(
                "flavour",
                false,
                "personal (a third-party personal mini program, the default), enterprise (an organisation's own app) or oauth2.",
            ),
        ],
        seller: String::new(),
    }
}

/// Says whether an app's settings can be used.
///
/// # Errors
/// `InvalidConfiguration` naming the setting that is absent or cannot be used.
pub fn check(app: &App) -> Result<()> {
    Flavour::of(app)?;
    match app.setting(APP_SECRET) {
        Some(_) => Ok(()),
        None => Err(Error::new(codes::CONFIG, format!("the DingTalk app has no setting {APP_SECRET}"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_missing_or_wrong_is_named() {
        let app = |settings: &[(&str, &str)]| App {
            platform: DINGTALK.to_owned(),
            app_id: "a".to_owned(),
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        assert!(check(&app(&[(APP_SECRET, "x")])).is_ok());
        for (settings, named) in
            [(&[][..], APP_SECRET), (&[(APP_SECRET, "")], APP_SECRET), (&[(APP_SECRET, "x"), ("flavour", "y")], "flavour")]
        {
            let error = check(&app(settings)).unwrap_err();
            assert_eq!(error.code(), codes::CONFIG);
            assert!(error.message().contains(named), "{error}");
        }
        let known: Vec<String> = description().settings.into_iter().map(|setting| setting.name).collect();
        assert_eq!(known, [APP_SECRET, "flavour"]);
    }
}
