//! Third-party personal mini programs: `sns/getuserinfo_bycode`, signed with the app's secret.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{HMAC_SHA256, Key, sign};
use sdk_plugin::Result;
use sdk_plugin::contract::login::Identity;
use sdk_plugin::contract::platforms::App;
use serde_json::json;

use crate::wire::{Wire, errcode, failure, in_query, secret, text, unavailable};

/// Who a code is for.
pub async fn identity(wire: &Wire, app: &App, code: &str, patience: Duration) -> Result<Identity> {
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()).to_string();
    let signature = in_query(&signature(secret(app)?, &timestamp));
    let target = format!("/sns/getuserinfo_bycode?accessKey={}&timestamp={timestamp}&signature={signature}", in_query(&app.app_id));
    let answer = wire.old(&target, Some(&json!({"tmp_auth_code": code})), patience).await?;
    match errcode(&answer) {
        0 => {}
        code => return Err(failure(code)),
    }
    let user = &answer["user_info"];
    let o_auth_user_id = text(&user["openid"]).ok_or_else(unavailable)?;
    let ids = text(&user["unionid"]).map(|id| ("unionId".to_owned(), id)).into_iter().collect();
    Ok(Identity { o_auth_user_id, ids, ..Identity::default() })
}

/// HMAC-SHA256 of a timestamp in milliseconds, in Base64.
fn signature(secret: &str, timestamp: &str) -> String {
    STANDARD.encode(sign(&Key::new(HMAC_SHA256, secret.as_bytes()), timestamp.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_value() {
        let signature = signature("testappSecret", "1546084445901");
        assert_eq!(signature, "HCbG3xNE3vzhO+u7qCUL1jS5hsu2n5r2cFhnTrtyDAE=");
        assert_eq!(in_query(&signature), "HCbG3xNE3vzhO%2Bu7qCUL1jS5hsu2n5r2cFhnTrtyDAE%3D");
    }
}
