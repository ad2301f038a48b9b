#![allow(clippy::unwrap_used)]

use std::sync::{Mutex, OnceLock};

use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::contract::login::{SESSION, Secrets};
use sdk_plugin::contract::platforms;
use serde_json::Value;

use super::*;
use crate::config::{Auth, Policy as PolicyConfig};
use crate::policy::Policy;
use crate::policy::testing::Database;

const KINDS: [CallerKind; 6] =
    [CallerKind::Client, CallerKind::Server, CallerKind::Function, CallerKind::Timer, CallerKind::Http, CallerKind::Admin];

/// The core with a login provider that answers what it is told to.
struct World {
    core: Arc<CoreMethods>,
    database: Database,
    provider: Arc<Mutex<Result<Value>>>,
    /// What the provider was asked.
    asked: Arc<Mutex<Vec<(CallerKind, String)>>>,
}

impl World {
    fn new() -> Self {
        let router = Router::new(Policy::new(PolicyConfig::default()));
        let database = Database::default();
        let core = Arc::new(CoreMethods {
            users: Users::new(router.clone(), &[7; 32]).unwrap(),
            sessions: Arc::new(Sessions::new(router.clone(), Auth::default())),
            spaces: Arc::new(Spaces::new(router.clone())),
            metrics: Arc::new(Metrics::default()),
            host: OnceLock::new(),
            endpoint: Endpoint { http: String::new(), sites: String::new(), sites_secure: false, https_port: None },
            router: router.clone(),
        });
        let provider: Arc<Mutex<Result<Value>>> = Arc::new(Mutex::new(Ok(Value::Null)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut table = core.table();
        let records = database.clone();
        table.methods.insert(
            EXECUTE,
            Arc::new(move |call| {
                let records = records.clone();
                async move { records.make(call).await }.boxed()
            }),
        );
        let (answer, heard) = (provider.clone(), asked.clone());
        let provide: CoreMethod = Arc::new(move |call: Call| {
            heard.lock().unwrap().push((call.caller.kind, String::from_utf8(call.params.to_vec()).unwrap()));
            let answer = match &*answer.lock().unwrap() {
                Ok(identity) => Reply::json(identity),
                Err(error) => Err(Error::new(error.code().to_owned(), error.message())),
            };
            async move { answer }.boxed()
        });
        table.methods.insert("login.test", provide.clone());
        table.methods.insert(platforms::APP, provide);
        router.set_core(table);
        Self { core, database, provider, asked }
    }

    fn answers(&self, identity: Result<Value>) {
        *self.provider.lock().unwrap() = identity;
    }

    async fn call(&self, kind: CallerKind, user: &str, method: &str, params: Value) -> Result<Value> {
        let mut call = Call::json("s", method, &params)?;
        call.caller.kind = kind;
        call.caller.user = user.to_owned();
        self.core.router.make(call).await?.decode()
    }

    /// Signs in, and says who that is.
    async fn sign_in(&self, params: Value) -> Result<String> {
        let authorized = self.call(CallerKind::Client, "", AUTHORIZE, params).await?;
        assert_eq!(authorized["expiresInSecond"], 600);
        let session = self.core.sessions.check("s", authorized["accessToken"].as_str().unwrap()).await?.unwrap();
        assert_eq!(session.app, "app");
        Ok(session.user.clone())
    }

    async fn secrets(&self, space: &str, user: &str) -> Secrets {
        self.core.router.make(Call::json(space, SESSION, &json!({"userId": user})).unwrap()).await.unwrap().decode().unwrap()
    }
}

fn asks() -> Value {
    json!({"authProvider": "test", "clientIdentifier": "app", "authCode": "code-1"})
}

#[tokio::test]
async fn ids_are_told_and_secrets_are_not() {
    let world = World::new();
    world.answers(Ok(json!({"oAuthUserId": "o-1", "ids": {"unionId": "u-1", "openId": "o-1"}, "secrets": {"sessionKey": "TOP-SECRET"}})));
    let mut asked = asks();
    asked["isvAppId"] = "isv".into();
    let user = world.sign_in(asked).await.unwrap();
    let heard = world.asked.lock().unwrap().clone();
    assert_eq!(heard, [(CallerKind::System, r#"{"clientIdentifier":"app","authCode":"code-1"}"#.to_owned())]);

    for kind in [CallerKind::Client, CallerKind::Function, CallerKind::Server] {
        let profile = world.call(kind, &user, GET_PROFILE, json!({})).await.unwrap();
        assert_eq!(profile["user"]["oAuthUserId"], "o-1");
        assert_eq!(profile["user"]["ids"], json!({"unionId": "u-1", "openId": "o-1"}));
        assert!(!profile.to_string().contains("ecret"), "{profile}");
    }
    let kept = world.secrets("s", &user).await;
    assert_eq!((kept.app.as_str(), kept.secrets["sessionKey"].as_str()), ("app", "TOP-SECRET"));
    assert!(world.secrets("other", &user).await.secrets.is_empty());
    assert!(world.secrets("s", "nobody").await.secrets.is_empty());
    let stored = world.database.stored();
    assert!(stored.contains("u-1") && !stored.contains("TOP-SECRET") && !stored.contains("sessionKey"), "{stored}");

    world.answers(Ok(json!({"oAuthUserId": "o-1", "ids": {"unionId": "u-2"}, "secrets": {"other": "NEWER"}})));
    assert_eq!(world.sign_in(asks()).await.unwrap(), user, "the same user signs in again");
    let profile = world.call(CallerKind::Function, &user, GET_PROFILE, json!({})).await.unwrap();
    assert_eq!(profile["user"]["ids"], json!({"unionId": "u-2"}));
    assert_eq!(world.secrets("s", &user).await.secrets, [("other".to_owned(), "NEWER".to_owned())].into());

    world.answers(Ok(json!({"oAuthUserId": "o-1"})));
    world.sign_in(asks()).await.unwrap();
    assert!(world.secrets("s", &user).await.secrets.is_empty(), "nothing is left of an older login");
    world.answers(Ok(json!({"oAuthUserId": "o-2"})));
    assert_ne!(world.sign_in(asks()).await.unwrap(), user);

    world.core.router.emit(Event::json(events::SPACE_DELETED, "s", &json!({})).unwrap()).await.unwrap();
    assert!(!world.database.stored().contains("o-1"));
}

#[tokio::test]
async fn an_anonymous_user_has_no_ids_and_no_secrets() {
    let world = World::new();
    let authorized = world.call(CallerKind::Client, "", ANONYMOUS_AUTHORIZE, json!({})).await.unwrap();
    let session = world.core.sessions.check("s", authorized["accessToken"].as_str().unwrap()).await.unwrap().unwrap();
    let profile = world.call(CallerKind::Client, &session.user, GET_PROFILE, json!({})).await.unwrap();
    assert_eq!((&profile["user"]["oAuthUserId"], &profile["user"]["ids"]), (&json!(""), &json!({})));
    assert!(world.secrets("s", &session.user).await.secrets.is_empty());
}

#[tokio::test]
async fn only_plugins_are_answered_secrets() {
    let world = World::new();
    world.answers(Ok(json!({"oAuthUserId": "o-1", "secrets": {"sessionKey": "TOP-SECRET"}})));
    let user = world.sign_in(asks()).await.unwrap();
    let before = world.asked.lock().unwrap().len();
    for kind in KINDS {
        for method in [SESSION, "login.test", platforms::APP] {
            let error = world.call(kind, &user, method, json!({"userId": user})).await.unwrap_err();
            let expected = if kind == CallerKind::Admin { codes::PERMISSION_DENIED } else { codes::INVALID_METHOD };
            assert_eq!(error.code(), expected, "{kind:?} {method}");
        }
        let listed = world.call(kind, &user, METHODS, json!({"prefix": ""})).await;
        assert_eq!(listed.is_ok(), kind == CallerKind::Admin, "{kind:?}");
        for method in ["core.spaces", "admin.x", "cloudcall.adapter.x.call", "cloudcall.orders", "platforms.x", "login.x"] {
            assert!(kind == CallerKind::Admin || world.call(kind, &user, method, json!({})).await.is_err(), "{kind:?} {method}");
        }
    }
    assert_eq!(world.asked.lock().unwrap().len(), before, "no provider was reached");
}

#[tokio::test]
async fn failures_of_providers_keep_their_codes_and_tell_no_secrets() {
    let world = World::new();
    for code in [login::REFUSED, codes::CONFIG, codes::UNAVAILABLE, platforms::APP_NOT_FOUND] {
        world.answers(Err(Error::new(code, "why")));
        let error = world.sign_in(asks()).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (code, "why"));
    }
    let many: serde_json::Map<String, Value> = (0..100).map(|n| (n.to_string(), "x".into())).collect();
    for identity in [
        Value::Null,
        json!([]),
        json!({}),
        json!({"oAuthUserId": ""}),
        json!({"oAuthUserId": "TOP-SECRET".repeat(100)}),
        json!({"oAuthUserId": 5, "secrets": {"sessionKey": "TOP-SECRET"}}),
        json!({"oAuthUserId": "o", "secrets": "TOP-SECRET"}),
        json!({"oAuthUserId": "o", "secrets": {"sessionKey": {"TOP-SECRET": 1}}}),
        json!({"oAuthUserId": "o", "secrets": {"TOP SECRET": "TOP-SECRET"}}),
        json!({"oAuthUserId": "o", "secrets": {"sessionKey": "TOP-SECRET".repeat(10_000)}}),
        json!({"oAuthUserId": "o", "ids": {"$set": "TOP-SECRET"}}),
        json!({"oAuthUserId": "o", "ids": {"a.b": "TOP-SECRET"}}),
        json!({"oAuthUserId": "o", "ids": many}),
    ] {
        world.answers(Ok(identity.clone()));
        let error = world.sign_in(asks()).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (codes::INTERNAL, "internal error"), "{identity}");
        assert!(!format!("{error:?}").contains("TOP"), "{error:?}");
    }
    assert_eq!(world.database.stored(), "{}", "nobody was signed in");
}

#[tokio::test]
async fn an_unknown_provider_is_named() {
    let world = World::new();
    for (params, named) in [
        (
            json!({"authProvider": "wechat_openapi", "clientIdentifier": "app", "authCode": "1"}),
            "no plugin provides `login.wechat_openapi`",
        ),
        (json!({"authProvider": "Test"}), "`login.Test`"),
        (json!({"clientIdentifier": "app"}), "authProvider is missing"),
    ] {
        let error = world.sign_in(params.clone()).await.unwrap_err();
        assert_eq!(error.code(), codes::INVALID_PARAMS, "{params}");
        assert!(error.message().contains(named), "{}", error.message());
    }
    assert!(world.asked.lock().unwrap().is_empty());
}

/// Users of one provider are nobody whom another one knows by the same id.
#[tokio::test]
async fn the_same_id_of_two_providers_is_two_users() {
    let world = World::new();
    let identity = login::Identity { o_auth_user_id: "2088".into(), ..login::Identity::default() };
    let mut users = std::collections::BTreeSet::new();
    for (space, app, provider) in [("s", "app", "a"), ("s", "app", "b"), ("s", "other", "a"), ("t", "app", "a"), ("s", "app", "a")] {
        users.insert(world.core.users.of_platform(space, app, provider, &identity).await.unwrap().id);
    }
    assert_eq!(users.len(), 4);
}
