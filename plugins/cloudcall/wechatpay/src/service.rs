//! What the plugin does with calls, whoever carries its own.

#[cfg(test)]
mod tests;

use std::time::Duration;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::codes::INVALID_PARAM;
use sdk_plugin::contract::cloudcall::{Answer, Delivery, Find, Finding, Received, Request};
use sdk_plugin::contract::login::{Identity, Login, SESSION, Secrets, SessionOf};
use sdk_plugin::contract::platforms::{APP, App, WECHAT, Which};
use sdk_plugin::{Call, Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::login::{Logins, SESSION_KEY};
use crate::merchant::{Merchant, setting, settings};
use crate::open_data::open;
use crate::pay::{OPEN_DATA, Pay};

/// What a caller keeps of its time to hear that an outcome is not known.
const MARGIN: Duration = Duration::from_millis(250);

/// Payments, logins and encrypted data.
pub struct Service<C> {
    /// Makes calls of other plugins.
    pub calls: C,
    /// Payments.
    pub pay: Pay,
    /// Logins.
    pub logins: Logins,
    /// How long WeChat may take.
    pub timeout: Duration,
}

/// Data that WeChat encrypted for a user's session.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sealed {
    /// Base64.
    pub encrypted_data: String,
    /// Base64.
    pub iv: String,
    /// The user's id in the space. Whoever the function works for, when empty.
    #[serde(default)]
    pub user_id: String,
}

impl<C: Calls> Service<C> {
    /// Says whether an app's settings can be used: it signs users in, or has a merchant, or both.
    ///
    /// # Errors
    /// `InvalidConfiguration` naming the setting that is absent or cannot be used.
    pub fn check(app: &App) -> Result<()> {
        let pays =
            [settings::MERCHANT, settings::API_V3_KEY, settings::KEY, settings::SERIAL, settings::PUBLIC_KEY, settings::PUBLIC_KEY_ID];
        if pays.iter().any(|name| app.setting(name).is_some()) {
            Merchant::of(app).map(drop)
        } else {
            setting(app, settings::APP_SECRET).map(drop)
        }
    }

    /// Makes a cloud call.
    pub async fn call(&self, call: &Call, request: &Request) -> Result<Answer> {
        if request.api == OPEN_DATA {
            return self.open_data(call, request).await;
        }
        self.pay.call(request, self.patience(call)).await
    }

    /// Finds out what became of something.
    pub async fn find(&self, call: &Call, find: &Find) -> Result<Finding> {
        self.pay.find(find, self.patience(call)).await
    }

    /// Checks a notification.
    pub async fn receive(&self, call: &Call, delivery: &Delivery) -> Result<Received> {
        self.pay.receive(delivery, self.patience(call)).await
    }

    /// Signs a user in.
    pub async fn login(&self, call: &Call, login: &Login) -> Result<Identity> {
        if login.auth_code.is_empty() {
            return Err(Error::invalid_params("authCode is missing"));
        }
        let which = Which { platform: WECHAT.to_owned(), app_id: login.client_identifier.clone() };
        let app: App = self.ask(call, APP, &which).await?;
        self.logins.identity(&app, &login.auth_code, self.patience(call)).await
    }

    /// Opens data for the user who asks, or for one whom a function or server names.
    async fn open_data(&self, call: &Call, request: &Request) -> Result<Answer> {
        let sealed: Sealed = serde_json::from_value(Value::Object(request.arguments.clone()))
            .map_err(|e| Error::new(INVALID_PARAM, format!("arguments of {OPEN_DATA}: {e}")))?;
        let chosen = !sealed.user_id.is_empty() && !request.client;
        let user = if chosen { &sealed.user_id } else { &request.user_id };
        let opened = self.open(call, user, &sealed, &request.app.app_id).await?;
        let Value::Object(fields) = opened else { return Err(Error::new(INVALID_PARAM, "encryptedData is no object")) };
        Ok(Answer { code: "10000".into(), msg: "Success".into(), fields, ..Answer::default() })
    }

    async fn open(&self, call: &Call, user: &str, sealed: &Sealed, app: &str) -> Result<Value> {
        if user.is_empty() {
            return Err(Error::new(INVALID_PARAM, "nobody is signed in: pass userId"));
        }
        let kept: Secrets = self.ask(call, SESSION, &SessionOf { user_id: user.to_owned() }).await?;
        let session = kept.secrets.get(SESSION_KEY).filter(|_| app == kept.app);
        let session = session.ok_or_else(|| Error::new(INVALID_PARAM, "the user has not signed in with WeChat"))?;
        open(session, &sealed.iv, &sealed.encrypted_data, &kept.app)
    }

    async fn ask<T: DeserializeOwned>(&self, call: &Call, method: &str, params: &impl Serialize) -> Result<T> {
        let mut question = Call::json(&call.space, method, params)?;
        question.deadline = call.deadline;
        question.request_id.clone_from(&call.request_id);
        question.depth = call.depth.saturating_add(1);
        self.calls.make(question).await?.decode()
    }

    fn patience(&self, call: &Call) -> Duration {
        self.timeout.min(call.remaining().saturating_sub(MARGIN))
    }
}
