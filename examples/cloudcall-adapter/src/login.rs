//! Logins: who a code is for.

use std::time::Duration;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::login::{Identity, Login, REFUSED};
use sdk_plugin::contract::platforms::{APP, App, Which};
use sdk_plugin::{Call, Error, Result};
use serde_json::json;

use crate::gateway::{Gateway, Keys, Said, Trouble};

/// Turns an authorization code into who it is.
///
/// # Errors
/// `InvalidAuthCode` when Cards does not take the code, `ServiceUnavailable` when it does not
/// answer, and those of `platforms.app` and of the app's settings.
pub async fn login(calls: &impl Calls, gateway: &Gateway, call: &Call, patience: Duration) -> Result<Identity> {
    let login: Login = call.decode()?;
    let which = Which { platform: "cards".into(), app_id: login.client_identifier };
    let params = serde_json::to_vec(&which).map_err(Error::internal)?;
    let app: App = calls.make(call.follow(APP, params)).await?.decode()?;
    let keys = Keys::of(&app)?;
    let said = gateway.ask(&keys, "/users/look", &json!({"code": login.auth_code}), patience).await;
    let user = match said.map_err(Trouble::of_question)? {
        Said::Done(user) => user,
        Said::Refused(error, _) => return Err(Error::new(REFUSED, "Cards does not take the code").with_context("error", error)),
    };
    let text = |name: &str| user[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let o_auth_user_id = text("user").ok_or_else(|| Trouble::Unknown("the answer names nobody").of_question())?;
    let named = |name: &str| text(name).map(|value| (name.to_owned(), value)).into_iter().collect();
    Ok(Identity { o_auth_user_id, ids: named("card"), secrets: named("session") })
}
