//! What the plugin does with a login, whoever carries its calls.

#[cfg(test)]
mod tests;

use std::time::Duration;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::login::{Identity, Login};
use sdk_plugin::contract::platforms::{APP, App, DINGTALK, Which};
use sdk_plugin::{Call, Error, Result};

use crate::enterprise::Tokens;
use crate::flavour::Flavour;
use crate::wire::Wire;
use crate::{oauth2, personal};

/// Signs users in.
pub struct Service<C> {
    /// Makes calls of other plugins.
    pub calls: C,
    /// The way to DingTalk.
    pub wire: Wire,
    /// Access tokens of apps.
    pub tokens: Tokens,
    /// How long DingTalk may take.
    pub timeout: Duration,
}

impl<C: Calls> Service<C> {
    /// Who a code is for.
    ///
    /// # Errors
    /// `InvalidAuthCode` when DingTalk does not take the code, `ServiceUnavailable` when it cannot
    /// say, `InvalidConfiguration` when it does not take the app.
    pub async fn login(&self, call: &Call, login: &Login) -> Result<Identity> {
        if login.auth_code.is_empty() {
            return Err(Error::invalid_params("authCode is missing"));
        }
        let which = Which { platform: DINGTALK.to_owned(), app_id: login.client_identifier.clone() };
        let mut question = Call::json(&call.space, APP, &which)?;
        question.deadline = call.deadline;
        question.request_id.clone_from(&call.request_id);
        question.depth = call.depth.saturating_add(1);
        let app: App = self.calls.make(question).await?.decode()?;
        let (code, patience) = (login.auth_code.as_str(), self.timeout.min(call.remaining()));
        match Flavour::of(&app)? {
            Flavour::Personal => personal::identity(&self.wire, &app, code, patience).await,
            Flavour::Enterprise => self.tokens.identity(&self.wire, &app, code, patience).await,
            Flavour::Oauth2 => oauth2::identity(&self.wire, &app, code, patience).await,
        }
    }
}
