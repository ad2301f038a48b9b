//! Logins.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::login::{Identity, Login, REFUSED};
use sdk_plugin::contract::platforms::{APP, APP_NOT_FOUND, Which};
use sdk_plugin::{Call, Error, Reply, Result, codes};
use serde_json::{Value, json};

use crate::login::{METHOD, login};
use crate::testing::gateway::{Answer as How, Gateway};
use crate::testing::{APP_ID, app};

/// The plugin of platforms, which knows one app.
#[derive(Clone)]
struct Platforms;

impl Calls for Platforms {
    async fn make(&self, call: Call) -> Result<Reply> {
        assert_eq!((call.method.as_str(), call.space.as_str()), (APP, "space"));
        let which: Which = call.decode()?;
        if which.app_id != APP_ID {
            return Err(Error::new(APP_NOT_FOUND, "no such app"));
        }
        Reply::json(&app())
    }
}

async fn signed_in(client_identifier: &str, auth_code: &str, how: How) -> Result<Identity> {
    let gateway = Gateway::start(move |heard| {
        assert_eq!((heard.text("method"), heard.text("code")), ("alipay.system.oauth.token", "C"));
        assert_eq!((heard.text("grant_type"), heard.text("biz_content")), ("authorization_code", ""));
        how.clone()
    })
    .await;
    let call = Call::new("space", METHOD, sdk_plugin::Bytes::new());
    let asks = Login { client_identifier: client_identifier.into(), auth_code: auth_code.into() };
    login(&gateway.adapter(), &Platforms, &call, asks).await
}

#[tokio::test]
async fn a_user_is_the_open_id_or_else_the_user_id_and_tokens_are_secrets() {
    let node = |fields: Value| {
        let mut node = json!({"access_token": "SECRET", "refresh_token": "R", "expires_in": 1});
        node.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        How::Signed(node)
    };
    let identity = signed_in(APP_ID, "C", node(json!({"user_id": "2088", "open_id": "O", "union_id": "U"}))).await.unwrap();
    assert_eq!(identity.o_auth_user_id, "O");
    assert_eq!(serde_json::to_value(&identity.ids).unwrap(), json!({"userId": "2088", "openId": "O", "unionId": "U"}));
    assert_eq!(serde_json::to_value(&identity.secrets).unwrap(), json!({"accessToken": "SECRET", "refreshToken": "R"}));
    assert_eq!(signed_in(APP_ID, "C", node(json!({"user_id": "2088"}))).await.unwrap().o_auth_user_id, "2088");
    assert_eq!(signed_in(APP_ID, "C", node(json!({}))).await.unwrap_err().code(), codes::UNAVAILABLE);
}

#[tokio::test]
async fn what_is_not_a_login_is_told_apart() {
    let user = json!({"user_id": "2088"});
    let failed = |sub: &str| json!({"code": "40002", "msg": "Invalid Arguments", "sub_code": sub});
    for (how, code) in [
        (How::Error(failed("isv.code-invalid")), REFUSED),
        (How::UnsignedError(failed("isv.code-invalid")), REFUSED),
        (How::Error(failed("isv.invalid-signature")), codes::CONFIG),
        (How::Signed(json!({"code": "20000", "msg": "Service Currently Unavailable"})), codes::UNAVAILABLE),
        (How::Unsigned(user.clone()), codes::UNAVAILABLE),
        (How::WrongSignature(user.clone()), codes::UNAVAILABLE),
        (How::Twice(user, json!({"user_id": "2089"})), codes::UNAVAILABLE),
        (How::Silence, codes::UNAVAILABLE),
    ] {
        assert_eq!(signed_in(APP_ID, "C", how.clone()).await.unwrap_err().code(), code, "{how:?}");
    }
    assert_eq!(signed_in(APP_ID, "", How::Silence).await.unwrap_err().code(), REFUSED);
    assert_eq!(signed_in("other", "C", How::Silence).await.unwrap_err().code(), APP_NOT_FOUND);
}
