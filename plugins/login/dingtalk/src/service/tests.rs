#![allow(clippy::unwrap_used)]

use outbound::Outbound;
use sdk_plugin::contract::login::REFUSED;
use sdk_plugin::{Reply, codes};
use serde_json::{Value, json};

use super::*;
use crate::testing::{APP_ID, Gate, SECRET};

/// The plugin of platforms, with one app.
#[derive(Clone)]
struct Platforms(App);

impl Calls for Platforms {
    async fn make(&self, call: Call) -> Result<Reply> {
        assert_eq!((call.space.as_str(), call.method.as_str()), ("space-1", APP));
        assert_eq!(call.decode::<Value>()?, json!({"platform": "dingtalk", "appId": APP_ID}));
        Reply::json(&self.0)
    }
}

fn app(flavour: &str) -> App {
    let settings = [("appSecret", SECRET), ("flavour", flavour)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    App { platform: DINGTALK.into(), app_id: APP_ID.into(), settings: settings.into() }
}

async fn start(flavour: &str) -> (Gate, Service<Platforms>) {
    let gate = Gate::start().await;
    let wire = Wire::new(Outbound::new(None, None).unwrap(), gate.base.clone(), gate.base.clone());
    let service = Service { calls: Platforms(app(flavour)), wire, tokens: Tokens::default(), timeout: Duration::from_secs(10) };
    (gate, service)
}

async fn sign_in(service: &Service<Platforms>, code: &str) -> Result<Identity> {
    let login = Login { client_identifier: APP_ID.into(), auth_code: code.into() };
    service.login(&Call::new("space-1", "login.dingtalk_openapi", "{}"), &login).await
}

async fn error(service: &Service<Platforms>, code: &str) -> Error {
    let error = sign_in(service, code).await.unwrap_err();
    let shown = format!("{error:?}");
    assert!(!shown.contains("secret+of") && !shown.contains("secret%2Bof") && !shown.contains("token/"), "{shown}");
    error
}

#[tokio::test]
async fn every_flavour_knows_who_a_code_is_for() {
    for (flavour, id) in [("", "open-1"), ("personal", "open-1"), ("enterprise", "user-1"), ("oauth2", "open-1")] {
        let (_gate, service) = start(flavour).await;
        let identity = sign_in(&service, "code-1").await.unwrap();
        assert_eq!(identity.o_auth_user_id, id, "{flavour}");
        assert_eq!(identity.ids, [("unionId".to_owned(), "union-1".to_owned())].into());
        assert!(identity.secrets.is_empty());
        assert_eq!(error(&service, "code-2").await.code(), REFUSED, "{flavour}");
        assert_eq!(error(&service, "").await.code(), codes::INVALID_PARAMS);
    }
    assert_eq!(error(&start("other").await.1, "code-1").await.code(), codes::CONFIG);
}

#[tokio::test]
async fn a_wrong_secret_is_a_mistake_in_the_settings() {
    for flavour in ["personal", "enterprise"] {
        let (_gate, mut service) = start(flavour).await;
        service.calls.0.settings.insert("appSecret".into(), "another".into());
        assert_eq!(error(&service, "code-1").await.code(), codes::CONFIG, "{flavour}");
        service.calls.0.settings.remove("appSecret");
        assert_eq!(error(&service, "code-1").await.code(), codes::CONFIG, "{flavour}");
    }
}

#[tokio::test]
async fn what_dingtalk_answers_in_trouble_may_pass() {
    for (flavour, path) in [
        ("personal", "/sns/getuserinfo_bycode"),
        ("enterprise", "/gettoken"),
        ("enterprise", "/topapi/v2/user/getuserinfo"),
        ("oauth2", "/v1.0/oauth2/userAccessToken"),
        ("oauth2", "/v1.0/contact/users/me"),
    ] {
        let (gate, service) = start(flavour).await;
        for (status, answer) in [(502, json!("down")), (200, json!({})), (200, json!([]))] {
            gate.with(|seen| seen.fault = Some((path.into(), status, answer)));
            let error = error(&service, "code-1").await;
            assert_eq!((error.code(), error.is_retryable()), (codes::UNAVAILABLE, true), "{path}");
        }
        if flavour != "oauth2" {
            for (errcode, code) in [(-1, codes::UNAVAILABLE), (90018, codes::THROTTLED), (50001, codes::CONFIG)] {
                gate.with(|seen| seen.fault = Some((path.into(), 200, json!({"errcode": errcode}))));
                assert_eq!(error(&service, "code-1").await.code(), code, "{path}");
            }
        }
        gate.with(|seen| seen.fault = None);
        sign_in(&service, "code-1").await.unwrap();
    }
    let (_gate, service) = start("oauth2").await;
    let away = Service { wire: Wire::new(Outbound::new(None, None).unwrap(), String::new(), "http://127.0.0.1:1".into()), ..service };
    assert_eq!(error(&away, "code-1").await.code(), codes::UNAVAILABLE);
}

fn fetched(gate: &Gate) -> usize {
    gate.with(|seen| seen.paths.iter().filter(|path| *path == "GET /gettoken").count())
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_who_wait_and_kept() {
    let (gate, service) = start("enterprise").await;
    let all: Vec<_> = (0..8).map(|_| sign_in(&service, "code-1")).collect();
    for identity in futures_util::future::join_all(all).await {
        identity.unwrap();
    }
    sign_in(&service, "code-1").await.unwrap();
    assert_eq!(fetched(&gate), 1);
    // Another secret is another app.
    let mut other = Service { calls: service.calls.clone(), ..service };
    other.calls.0.settings.insert("appSecret".into(), "another".into());
    error(&other, "code-1").await;
    assert_eq!(fetched(&gate), 2);
}

#[tokio::test]
async fn a_token_that_was_withdrawn_is_fetched_again_once() {
    let (gate, service) = start("enterprise").await;
    sign_in(&service, "code-1").await.unwrap();
    gate.with(|seen| seen.tokens += 1);
    sign_in(&service, "code-1").await.unwrap();
    assert_eq!(fetched(&gate), 2);
    gate.with(|seen| seen.fault = Some(("/topapi/v2/user/getuserinfo".into(), 200, json!({"errcode": 42001}))));
    assert_eq!(error(&service, "code-1").await.code(), codes::CONFIG);
    assert_eq!(fetched(&gate), 3, "no more than once");
}

#[tokio::test]
async fn a_token_about_to_end_is_not_kept() {
    let (gate, service) = start("enterprise").await;
    gate.with(|seen| seen.expires_in = 300);
    sign_in(&service, "code-1").await.unwrap();
    sign_in(&service, "code-1").await.unwrap();
    assert_eq!(fetched(&gate), 2);
}
