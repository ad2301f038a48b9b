//! The kinds of apps.

use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result, codes};

/// A kind of app: the setting `flavour` of an app, `personal` by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// `personal`: a third-party personal mini program, which the manual has (8.2).
    Personal,
    /// `enterprise`: an app of an organisation's own.
    Enterprise,
    /// `oauth2`: a sign-in by OAuth 2, with any kind of app.
    Oauth2,
}

impl Flavour {
    /// That of an app.
    ///
    /// # Errors
    /// `InvalidConfiguration` when there is no such kind.
    pub fn of(app: &App) -> Result<Self> {
        match app.setting("flavour").unwrap_or("personal") {
            "personal" => Ok(Self::Personal),
            "enterprise" => Ok(Self::Enterprise),
            "oauth2" => Ok(Self::Oauth2),
            _ => Err(Error::new(codes::CONFIG, "the setting flavour of the DingTalk app must be personal, enterprise or oauth2")),
        }
    }
}
