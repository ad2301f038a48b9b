#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use outbound::Outbound;
use sdk_plugin::contract::cloudcall::codes::INVALID_PARAM;
use sdk_plugin::contract::login::REFUSED;
use sdk_plugin::{Caller, CallerKind, Reply, codes};
use serde_json::json;

use super::*;
use crate::gateway::Gateway;
use crate::open_data::tests::{IV, SESSION as KEY, phone, sealed};
use crate::testing::{APP_ID, APP_SECRET, Gate, app};

/// The core and the plugin of platforms.
#[derive(Clone)]
struct Others {
    session: Arc<Mutex<Value>>,
}

impl Calls for Others {
    async fn make(&self, call: Call) -> Result<Reply> {
        assert_eq!(call.space, "space-1");
        match call.method.as_str() {
            APP => {
                assert_eq!(call.decode::<Value>()?, json!({"platform": "wechat", "appId": APP_ID}));
                Reply::json(&app())
            }
            SESSION => {
                assert_eq!(call.decode::<Value>()?, json!({"userId": "user-1"}));
                Reply::json(&*self.session.lock().unwrap())
            }
            method => panic!("no method {method}"),
        }
    }
}

async fn start() -> (Gate, Service<Others>) {
    let gate = Gate::start().await;
    let outbound = Arc::new(Outbound::new(None, None).unwrap());
    let session = Arc::new(Mutex::new(json!({"app": APP_ID, "secrets": {"sessionKey": KEY}})));
    let pay = Pay::new(Gateway::new(outbound.clone(), gate.base.clone()));
    let logins = Logins::new(outbound, gate.base.clone());
    (gate, Service { calls: Others { session }, pay, logins, timeout: Duration::from_secs(10) })
}

fn call(kind: CallerKind) -> Call {
    let mut call = Call::new("space-1", "x", "{}");
    call.caller = Caller { user: "user-1".into(), ..Caller::of(kind) };
    call
}

fn login() -> Login {
    Login { client_identifier: APP_ID.into(), auth_code: "code/1".into() }
}

#[tokio::test]
async fn a_code_becomes_an_identity_whose_session_key_is_a_secret() {
    let (gate, service) = start().await;
    for errcode in [json!({}), json!({"errcode": 0, "errmsg": "ok"})] {
        let mut answer = json!({"openid": "openid-1", "session_key": KEY, "unionid": "union-1"});
        answer.as_object_mut().unwrap().extend(errcode.as_object().unwrap().clone());
        gate.with(|seen| seen.login = answer);
        let identity = service.login(&call(CallerKind::Client), &login()).await.unwrap();
        assert_eq!(identity.o_auth_user_id, "openid-1");
        assert_eq!(identity.ids, [("unionId".to_owned(), "union-1".to_owned())].into());
        assert_eq!(identity.secrets, [("sessionKey".to_owned(), KEY.to_owned())].into());
    }
    gate.with(|seen| seen.login = json!({"openid": "openid-1", "session_key": KEY}));
    assert!(service.login(&call(CallerKind::Client), &login()).await.unwrap().ids.is_empty());
}

#[tokio::test]
async fn what_wechat_refuses_has_its_code_and_no_secret() {
    let (gate, service) = start().await;
    for (answer, code) in [
        (json!({"errcode": 40029, "errmsg": "invalid code"}), REFUSED),
        (json!({"errcode": 40163, "errmsg": "code been used"}), REFUSED),
        (json!({"errcode": 45011}), codes::THROTTLED),
        (json!({"errcode": -1, "errmsg": "system error"}), codes::UNAVAILABLE),
        (json!({"errcode": 40125}), codes::CONFIG),
        (json!({}), codes::UNAVAILABLE),
        (json!({"openid": "openid-1"}), codes::UNAVAILABLE),
        (json!("no object"), codes::UNAVAILABLE),
    ] {
        gate.with(|seen| seen.login = answer.clone());
        let error = service.login(&call(CallerKind::Client), &login()).await.unwrap_err();
        assert_eq!(error.code(), code, "{answer}");
        assert!(!format!("{error:?}").contains(APP_SECRET));
    }
    let empty = Login { auth_code: String::new(), ..login() };
    assert_eq!(service.login(&call(CallerKind::Client), &empty).await.unwrap_err().code(), codes::INVALID_PARAMS);
    let away = Logins::new(Arc::new(Outbound::new(None, None).unwrap()), "http://127.0.0.1:1".into());
    let error = Service { logins: away, ..service }.login(&call(CallerKind::Client), &login()).await.unwrap_err();
    assert_eq!(error.code(), codes::UNAVAILABLE);
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_function_opens_the_phone_number_of_its_user() {
    let (_gate, service) = start().await;
    let request = |arguments: Value, app: App| Request {
        app,
        api: OPEN_DATA.into(),
        arguments: arguments.as_object().unwrap().clone(),
        app_auth_token: String::new(),
        notify_url: String::new(),
        user: String::new(),
        user_id: "user-1".into(),
        client: true,
        order: None,
    };
    let arguments = json!({"encryptedData": sealed(&phone(APP_ID)), "iv": IV});
    let answer = service.call(&call(CallerKind::Function), &request(arguments.clone(), app())).await.unwrap();
    assert_eq!((answer.code.as_str(), &answer.fields["phoneNumber"]), ("10000", &json!("13580006666")));
    let mut spying = arguments.clone();
    spying["userId"] = json!("user-2");
    service.call(&call(CallerKind::Client), &request(spying, app())).await.unwrap();
    let other = App { app_id: "wx1".into(), ..app() };
    let error = service.call(&call(CallerKind::Function), &request(arguments, other)).await.unwrap_err();
    assert_eq!(error.code(), INVALID_PARAM, "the user signed in to another app");
    let error = service.call(&call(CallerKind::Function), &request(json!({"iv": IV}), app())).await.unwrap_err();
    assert_eq!(error.code(), INVALID_PARAM);
}

#[tokio::test]
async fn a_call_ends_before_its_caller_stops_waiting() {
    let (gate, service) = start().await;
    gate.fails(crate::testing::Fault::Silent);
    let mut call = call(CallerKind::Function);
    call.deadline = std::time::Instant::now() + Duration::from_millis(700);
    let arguments = json!({"outTradeNo": "order_0001"});
    let request = Request {
        app: app(),
        api: "payment.common.close".into(),
        arguments: arguments.as_object().unwrap().clone(),
        app_auth_token: String::new(),
        notify_url: String::new(),
        user: String::new(),
        user_id: String::new(),
        client: false,
        order: None,
    };
    let error = service.call(&call, &request).await.unwrap_err();
    assert_eq!(error.code(), sdk_plugin::contract::cloudcall::OUTCOME_UNKNOWN);
    assert!(!call.remaining().is_zero(), "it can still be told");
}
