//! A DingTalk on this machine, which checks what the real one checks, and can fail.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ring::hmac::{HMAC_SHA256, Key, verify};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const APP_ID: &str = "dingoa&1";
pub const SECRET: &str = "the/secret+of the app";

/// What it has seen, and how it answers.
#[derive(Default)]
pub struct Seen {
    /// Paths of requests.
    pub paths: Vec<String>,
    /// The number of tokens it gave out. Only the last is valid.
    pub tokens: usize,
    /// How long tokens hold, in seconds.
    pub expires_in: u64,
    /// An answer with a status that stands in for the right one, for a path.
    pub fault: Option<(String, u16, Value)>,
}

/// A running DingTalk.
#[derive(Clone)]
pub struct Gate {
    pub base: String,
    pub seen: Arc<Mutex<Seen>>,
}

impl Gate {
    /// Starts one. It ends with the test.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let seen = Arc::new(Mutex::new(Seen { expires_in: 7200, ..Seen::default() }));
        let gate = Self { base: format!("http://{}", listener.local_addr().unwrap()), seen };
        let serving = gate.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let gate = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let gate = gate.clone();
                        async move { gate.answer(request).await }
                    });
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        gate
    }

    pub fn with<T>(&self, what: impl FnOnce(&mut Seen) -> T) -> T {
        what(&mut self.seen.lock().unwrap())
    }

    async fn answer(&self, request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let query = |name: &str| {
            let pairs = parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value).unwrap_or_default();
            percent_encoding::percent_decode_str(found).decode_utf8().unwrap().into_owned()
        };
        let token = parts.headers.get("x-acs-dingtalk-access-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (status, answer) = self.with(|seen| {
            seen.paths.push(format!("{} {path}", parts.method));
            match &seen.fault {
                Some((faulty, status, answer)) if *faulty == path => return (*status, answer.clone()),
                _ => {}
            }
            let answer = match (parts.method.as_str(), path.as_str()) {
                ("POST", "/sns/getuserinfo_bycode") => {
                    let key = Key::new(HMAC_SHA256, SECRET.as_bytes());
                    let signature = STANDARD.decode(query("signature")).unwrap();
                    if query("accessKey") != APP_ID || verify(&key, query("timestamp").as_bytes(), &signature).is_err() {
                        json!({"errcode": 853004, "errmsg": "signature"})
                    } else if body != json!({"tmp_auth_code": "code-1"}) {
                        json!({"errcode": 40078, "errmsg": "no such code"})
                    } else {
                        json!({"errcode": 0, "errmsg": "ok", "user_info": {"nick": "N", "openid": "open-1", "unionid": "union-1"}})
                    }
                }
                ("GET", "/gettoken") => {
                    if query("appkey") != APP_ID || query("appsecret") != SECRET {
                        json!({"errcode": 40089, "errmsg": "secret"})
                    } else {
                        seen.tokens += 1;
                        json!({"errcode": 0, "access_token": format!("token/{}", seen.tokens), "expires_in": seen.expires_in})
                    }
                }
                ("POST", "/topapi/v2/user/getuserinfo") => {
                    if query("access_token") != format!("token/{}", seen.tokens) {
                        json!({"errcode": 40014, "errmsg": "token"})
                    } else if body != json!({"code": "code-1"}) {
                        json!({"errcode": 40078, "errmsg": "no such code"})
                    } else {
                        json!({"errcode": 0, "result": {"userid": "user-1", "unionid": "union-1", "name": "N"}})
                    }
                }
                ("POST", "/v1.0/oauth2/userAccessToken") => {
                    let expected = json!({"clientId": APP_ID, "clientSecret": SECRET, "code": "code-1", "grantType": "authorization_code"});
                    if body != expected {
                        return (400, json!({"code": "invalidParameter.authCode.notFound", "message": "no such code"}));
                    }
                    json!({"accessToken": "user-token", "refreshToken": "r", "expireIn": 7200})
                }
                ("GET", "/v1.0/contact/users/me") if token == "user-token" => {
                    json!({"openId": "open-1", "unionId": "union-1", "nick": "N"})
                }
                _ => return (403, json!({"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied"})),
            };
            (200, answer)
        });
        Ok(Response::builder().status(status).body(answer.to_string().into()).unwrap())
    }
}
