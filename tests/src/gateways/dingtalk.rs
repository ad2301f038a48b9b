//! DingTalk, as apps of all three kinds sign users in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, Mac};
use http_body_util::Full;
use hyper::Response;
use hyper::http::request::Parts;
use serde_json::{Value, json};
use sha2::Sha256;

use super::http::{Http, Reply, pairs};

/// The app that is registered.
pub const APP_ID: &str = "dingoa1234567890";
/// Its secret.
pub const APP_SECRET: &str = "the/secret+of the DingTalk app";
/// What tokens of users begin with.
const USER_TOKEN: &str = "user-token-of-";

/// A user of DingTalk.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The id in an organisation.
    pub userid: String,
    /// The id in the app.
    pub openid: String,
    /// The id in all apps of a team.
    pub unionid: String,
}

#[derive(Default)]
struct Gate {
    codes: BTreeMap<String, User>,
    /// Who has signed in by OAuth 2, by the codes.
    signed_in: BTreeMap<String, User>,
    tokens: usize,
    heard: Vec<String>,
}

/// A running DingTalk. It ends with this value.
pub struct Dingtalk {
    http: Http,
    gate: Arc<Mutex<Gate>>,
}

impl Dingtalk {
    /// Starts one.
    pub fn start() -> Self {
        let gate = Arc::<Mutex<Gate>>::default();
        let shared = gate.clone();
        let http = Http::start(move |parts, body| {
            let (status, answer) = answer(&mut lock(&shared), parts, body);
            let response = Response::builder().status(status).body(Full::new(Bytes::from(answer.to_string())));
            Reply::Answer(response.expect("a response"))
        });
        Self { http, gate }
    }

    /// Its base address, of the older and of the newer interface.
    pub fn url(&self) -> String {
        self.http.base()
    }

    /// Gives a user a code to sign in with, which is good once.
    pub fn login(&self, code: &str, user: &User) {
        lock(&self.gate).codes.insert(code.to_owned(), user.clone());
    }

    /// Withdraws the token of the app.
    pub fn withdraw(&self) {
        lock(&self.gate).tokens += 1;
    }

    /// The paths of all requests.
    pub fn heard(&self) -> Vec<String> {
        lock(&self.gate).heard.clone()
    }
}

fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn answer(gate: &mut Gate, parts: &Parts, body: &[u8]) -> (u16, Value) {
    let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
    let query = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let token = parts.headers.get("x-acs-dingtalk-access-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let app_token = |gate: &Gate| format!("app/token+{}", gate.tokens);
    gate.heard.push(parts.uri.path().to_owned());
    let answer = match (parts.method.as_str(), parts.uri.path()) {
        ("POST", "/sns/getuserinfo_bycode") => {
            let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("HMAC takes keys of any length");
            mac.update(query("timestamp").as_bytes());
            let signed = query("signature") == STANDARD.encode(mac.finalize().into_bytes());
            match (query("accessKey") == APP_ID && signed, body["tmp_auth_code"].as_str().and_then(|code| gate.codes.remove(code))) {
                (false, _) => json!({"errcode": 853_004, "errmsg": "signature"}),
                (true, None) => json!({"errcode": 40078, "errmsg": "不存在的临时授权码"}),
                (true, Some(user)) => {
                    json!({"errcode": 0, "errmsg": "ok", "user_info": {"nick": "小钉", "openid": user.openid, "unionid": user.unionid}})
                }
            }
        }
        ("GET", "/gettoken") if query("appkey") == APP_ID && query("appsecret") == APP_SECRET => {
            gate.tokens += 1;
            json!({"errcode": 0, "errmsg": "ok", "access_token": app_token(gate), "expires_in": 7200})
        }
        ("GET", "/gettoken") => json!({"errcode": 40089, "errmsg": "不合法的appkey或appsecret"}),
        ("POST", "/topapi/v2/user/getuserinfo") if query("access_token") != app_token(gate) => {
            json!({"errcode": 40014, "errmsg": "不合法的access_token"})
        }
        ("POST", "/topapi/v2/user/getuserinfo") => match body["code"].as_str().and_then(|code| gate.codes.remove(code)) {
            None => json!({"errcode": 40078, "errmsg": "不存在的临时授权码"}),
            Some(user) => json!({"errcode": 0, "errmsg": "ok", "result": {"userid": user.userid, "unionid": user.unionid, "name": "小钉"}}),
        },
        ("POST", "/v1.0/oauth2/userAccessToken") => {
            if body["clientId"] != APP_ID || body["clientSecret"] != APP_SECRET || body["grantType"] != "authorization_code" {
                return (400, json!({"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}));
            }
            let code = body["code"].as_str().unwrap_or_default();
            let Some(user) = gate.codes.remove(code) else {
                return (400, json!({"code": "invalidParameter.authCode.notFound", "message": "不存在的authCode"}));
            };
            gate.signed_in.insert(code.to_owned(), user);
            json!({"accessToken": format!("{USER_TOKEN}{code}"), "refreshToken": "refresh", "expireIn": 7200})
        }
        ("GET", "/v1.0/contact/users/me") => match token.strip_prefix(USER_TOKEN).and_then(|code| gate.signed_in.get(code)) {
            None => return (403, json!({"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "没有调用该接口的权限"})),
            Some(user) => json!({"openId": user.openid, "unionId": user.unionid, "nick": "小钉"}),
        },
        _ => return (404, json!({"code": "InvalidAction.NotFound", "message": "no such path"})),
    };
    (200, answer)
}
