//! Apps of an organisation: an access token of the app, and with it the user of a code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;
use ring::digest::{SHA256, digest};
use sdk_plugin::contract::login::Identity;
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result};
use serde_json::json;

use crate::wire::{Wire, errcode, failure, in_query, secret, text, unavailable};

/// The apps whose tokens are kept.
const APPS: u64 = 1000;
/// How long before its end a token is not used any more.
const EARLY: Duration = Duration::from_secs(300);
/// The longest that a token is kept, whatever DingTalk says.
const LONGEST: Duration = Duration::from_secs(7200);
/// Codes of `errcode` for a token that is not valid, or not any more.
const STALE: [i64; 3] = [40001, 40014, 42001];

/// An app with its secret: who knows another secret does not share the token.
type Id = [u8; 32];

struct Token {
    text: String,
    life: Duration,
}

struct Lives;

impl Expiry<Id, Arc<Token>> for Lives {
    fn expire_after_create(&self, _: &Id, token: &Arc<Token>, _: Instant) -> Option<Duration> {
        Some(token.life)
    }
}

/// Access tokens of apps. Each app's is fetched by one caller, and the others wait.
pub struct Tokens(Cache<Id, Arc<Token>>);

impl Default for Tokens {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(APPS).expire_after(Lives).build())
    }
}

impl Tokens {
    /// Who a code is for. A token that DingTalk has withdrawn is fetched again, once: that does
    /// not use the code up.
    pub async fn identity(&self, wire: &Wire, app: &App, code: &str, patience: Duration) -> Result<Identity> {
        let end = Instant::now() + patience;
        let left = || end.saturating_duration_since(Instant::now());
        let id = id(app)?;
        let mut again = true;
        loop {
            let token = self.token(id, wire, app, left()).await?;
            let target = format!("/topapi/v2/user/getuserinfo?access_token={}", in_query(&token.text));
            let answer = wire.old(&target, Some(&json!({"code": code})), left()).await?;
            match errcode(&answer) {
                0 => {
                    let user = &answer["result"];
                    let o_auth_user_id = text(&user["userid"]).ok_or_else(unavailable)?;
                    let ids = text(&user["unionid"]).map(|id| ("unionId".to_owned(), id)).into_iter().collect();
                    return Ok(Identity { o_auth_user_id, ids, ..Identity::default() });
                }
                code if again && STALE.contains(&code) => {
                    again = false;
                    // Another caller may have fetched one meanwhile.
                    if self.0.get(&id).await.is_some_and(|kept| Arc::ptr_eq(&kept, &token)) {
                        self.0.invalidate(&id).await;
                    }
                }
                code => return Err(failure(code)),
            }
        }
    }

    async fn token(&self, id: Id, wire: &Wire, app: &App, patience: Duration) -> Result<Arc<Token>> {
        self.0.try_get_with(id, fetch(wire, app, patience)).await.map_err(|shared| match Arc::try_unwrap(shared) {
            Ok(error) => error,
            // Several waited for it.
            Err(shared) => copy(&shared),
        })
    }
}

async fn fetch(wire: &Wire, app: &App, patience: Duration) -> Result<Arc<Token>> {
    let target = format!("/gettoken?appkey={}&appsecret={}", in_query(&app.app_id), in_query(secret(app)?));
    let answer = wire.old(&target, None, patience).await?;
    match errcode(&answer) {
        0 => {}
        code => return Err(failure(code)),
    }
    let text = text(&answer["access_token"]).ok_or_else(unavailable)?;
    let told = Duration::from_secs(answer["expires_in"].as_u64().unwrap_or_default());
    Ok(Arc::new(Token { text, life: told.min(LONGEST).saturating_sub(EARLY) }))
}

fn copy(error: &Error) -> Error {
    let copy = Error::new(error.code().to_owned(), error.message()).with_source(error.to_string());
    if error.is_retryable() { copy.retryable() } else { copy }
}

fn id(app: &App) -> Result<Id> {
    let mut id = Id::default();
    id.copy_from_slice(digest(&SHA256, format!("{}\n{}", app.app_id, secret(app)?).as_bytes()).as_ref());
    Ok(id)
}
