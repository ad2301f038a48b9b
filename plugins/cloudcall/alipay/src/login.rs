//! Logins of Alipay's mini programs.

use std::collections::BTreeMap;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::login::{Identity, Login, REFUSED};
use sdk_plugin::contract::platforms::{ALIPAY, APP, App, Which};
use sdk_plugin::{Call, Error, Result, codes};

use crate::adapter::{Adapter, refusal};
use crate::gateway::{Ask, Node, SUCCESS};

/// The method that the core calls.
pub const METHOD: &str = "login.alipay_openapi";

/// Turns an authorization code into who it is.
///
/// # Errors
/// `InvalidAuthCode` when Alipay does not take the code; `ServiceUnavailable` when it cannot be
/// asked; `AppNotFound` and `InvalidConfiguration` for the app.
pub async fn login(adapter: &Adapter, calls: &impl Calls, call: &Call, login: Login) -> Result<Identity> {
    if login.auth_code.is_empty() {
        return Err(Error::new(REFUSED, "there is no authorization code"));
    }
    let which = Which { platform: ALIPAY.to_owned(), app_id: login.client_identifier };
    let params = serde_json::to_vec(&which).map_err(Error::internal)?;
    let app: App = calls.make(call.follow(APP, params)).await?.decode()?;
    let fields = vec![("grant_type", "authorization_code".to_owned()), ("code", login.auth_code)];
    let options = vec![("app_auth_token", app.setting("appAuthToken").unwrap_or_default().to_owned())];
    let ask = Ask { method: "alipay.system.oauth.token".to_owned(), content: None, fields, options };
    let node = adapter.ask(&app, &ask, call.remaining()).await?;
    if node.text("code") != SUCCESS {
        return Err(refused(&node));
    }
    identity(&node).ok_or_else(|| Error::new(codes::UNAVAILABLE, "Alipay did not tell who the user is"))
}

/// Other refusals are about the app or Alipay itself, and another code would not help.
fn refused(node: &Node) -> Error {
    let about = |words: &[&str]| words.iter().any(|word| node.text("sub_code").contains(word));
    if about(&["code-invalid", "CODE_INVALID"]) {
        Error::new(REFUSED, "Alipay does not take the authorization code")
    } else if about(&["signature", "app-id"]) {
        Error::new(codes::CONFIG, "Alipay does not take the app's id or its keys")
    } else {
        refusal(node)
    }
}

fn identity(node: &Node) -> Option<Identity> {
    let kept = |names: &[(&str, &str)]| -> BTreeMap<String, String> {
        let told = names.iter().map(|(theirs, ours)| ((*ours).to_owned(), node.text(theirs).to_owned()));
        told.filter(|(_, value)| !value.is_empty()).collect()
    };
    let ids = kept(&[("open_id", "openId"), ("user_id", "userId"), ("union_id", "unionId")]);
    let o_auth_user_id = ids.get("openId").or_else(|| ids.get("userId"))?.clone();
    let secrets = kept(&[("access_token", "accessToken"), ("refresh_token", "refreshToken")]);
    Some(Identity { o_auth_user_id, ids, secrets })
}
