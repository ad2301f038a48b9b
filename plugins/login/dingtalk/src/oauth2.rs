//! Sign-in by OAuth 2: a token of the user, and with it the user.

use std::time::{Duration, Instant};

use http::StatusCode;
use sdk_plugin::Result;
use sdk_plugin::contract::login::Identity;
use sdk_plugin::contract::platforms::App;
use serde_json::{Value, json};

use crate::wire::{Wire, misconfigured, refused, secret, text, unavailable};

/// Who a code is for.
pub async fn identity(wire: &Wire, app: &App, code: &str, patience: Duration) -> Result<Identity> {
    let end = Instant::now() + patience;
    let body = json!({"clientId": app.app_id, "clientSecret": secret(app)?, "code": code, "grantType": "authorization_code"});
    let (status, answer) = wire.new_interface("/v1.0/oauth2/userAccessToken", Some(&body), None, patience).await?;
    done(status, &answer)?;
    let token = text(&answer["accessToken"]).ok_or_else(unavailable)?;
    let left = end.saturating_duration_since(Instant::now());
    let (status, user) = wire.new_interface("/v1.0/contact/users/me", None, Some(&token), left).await?;
    done(status, &user)?;
    let o_auth_user_id = text(&user["openId"]).ok_or_else(unavailable)?;
    let ids = text(&user["unionId"]).map(|id| ("unionId".to_owned(), id)).into_iter().collect();
    Ok(Identity { o_auth_user_id, ids, ..Identity::default() })
}

fn done(status: StatusCode, answer: &Value) -> Result<()> {
    if status.is_success() {
        return Ok(());
    }
    let code = answer["code"].as_str().unwrap_or_default();
    let error = match code.to_ascii_lowercase() {
        code if code.contains("authcode") || code.contains("auth_code") => refused(),
        code if code.starts_with("throttling") || status == StatusCode::TOO_MANY_REQUESTS => unavailable(),
        _ => misconfigured(),
    };
    Err(error.with_context("status", status).with_context("code", code))
}
