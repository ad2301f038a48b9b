//! Logins: `code2Session`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use outbound::{Failure, Outbound};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sdk_plugin::contract::login::{Identity, REFUSED};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;

use crate::merchant::{setting, settings};

/// Asks WeChat who a code is for.
pub struct Logins {
    outbound: Arc<Outbound>,
    base: String,
}

/// What WeChat answers. Some answers that are good have no `errcode`.
#[derive(Deserialize)]
struct Session {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    openid: String,
    #[serde(default)]
    session_key: String,
    #[serde(default)]
    unionid: String,
}

impl Logins {
    /// Asks WeChat at a base address.
    pub fn new(outbound: Arc<Outbound>, base: String) -> Self {
        Self { outbound, base }
    }

    /// Who a code is for, which `wx.login` gave to a user of an app.
    ///
    /// # Errors
    /// `InvalidAuthCode` when WeChat does not take it, `ServiceUnavailable` when it cannot say,
    /// `Throttling.Api` when the user signs in too often, `InvalidConfiguration` when it does not
    /// know the app or its secret.
    pub async fn identity(&self, app: &App, code: &str, patience: Duration) -> Result<Identity> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        // The address has the secret, and is in no error and no log.
        let address = format!(
            "{}/sns/jscode2session?appid={}&secret={}&js_code={}&grant_type=authorization_code",
            self.base,
            encoded(&app.app_id),
            encoded(setting(app, settings::APP_SECRET)?),
            encoded(code),
        );
        let request = Request::get(address).body(Bytes::new()).map_err(|_| Error::internal("the address of a login cannot be made"))?;
        let answer = self.outbound.send(request, patience).await.map_err(|failure| match failure {
            Failure::NotSent(cause) | Failure::Lost(cause) => unavailable().with_source(cause),
        })?;
        let decoded = serde_json::from_slice::<Session>(answer.body()).ok().filter(|_| answer.status().is_success());
        let session = decoded.ok_or_else(|| unavailable().with_context("status", answer.status()))?;
        let about = |error: Error| Err(error.with_context("errcode", session.errcode));
        match session.errcode {
            0 if !session.openid.is_empty() && !session.session_key.is_empty() => {}
            // Unknown, used before, or of a user whom WeChat has locked.
            40029 | 40163 | 40226 => return about(Error::new(REFUSED, "WeChat does not take the code")),
            45011 => return about(Error::new(codes::THROTTLED, "the user signs in too often").retryable()),
            40013 | 40125 | 41002 | 41004 => {
                return about(Error::new(codes::CONFIG, "WeChat does not know the app, or its secret is wrong"));
            }
            _ => return about(unavailable()),
        }
        let mut identity = Identity { o_auth_user_id: session.openid, ..Identity::default() };
        if !session.unionid.is_empty() {
            identity.ids.insert("unionId".into(), session.unionid);
        }
        identity.secrets.insert(SESSION_KEY.into(), session.session_key);
        Ok(identity)
    }
}

/// The name of the session key among the secrets of an identity.
pub const SESSION_KEY: &str = "sessionKey";

fn unavailable() -> Error {
    Error::new(codes::UNAVAILABLE, "WeChat cannot be reached, or does not answer").retryable()
}
