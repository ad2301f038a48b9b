//! A Cards on this machine: it checks signatures, keeps orders, and fails on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ring::hmac::{HMAC_SHA256, Key, sign};
use sdk_plugin::contract::cloudcall::Effect;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use sdk_plugin::conformance::cloudcall::{Behaviour, Count};
use sdk_plugin::conformance::login::Verdict;

pub const APP_ID: &str = "app-1";
pub const SHOP: &str = "shop-1";
pub const SECRET: &str = "a secret/of Cards";

/// What it knows.
pub struct State {
    pub behaviour: Behaviour,
    pub heard: usize,
    pub orders: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    transfers: BTreeMap<String, Value>,
    /// The paths of all requests.
    paths: Vec<String>,
    ended: usize,
    /// Codes and whom they are for, while they can be used.
    codes: BTreeMap<String, &'static str>,
    away: bool,
}

/// A running one. It ends with the test.
#[derive(Clone)]
pub struct Platform {
    pub base: String,
    state: Arc<Mutex<State>>,
}

/// HMAC-SHA256 in hexadecimal digits.
pub fn signature(secret: &str, text: &str) -> String {
    hex::encode(sign(&Key::new(HMAC_SHA256, secret.as_bytes()), text.as_bytes()))
}

impl Platform {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State {
            behaviour: Behaviour::Honest,
            heard: 0,
            orders: BTreeMap::new(),
            refunds: BTreeMap::new(),
            transfers: BTreeMap::new(),
            paths: Vec::new(),
            ended: 0,
            codes: BTreeMap::new(),
            away: false,
        };
        let platform = Self { base: format!("http://{}", listener.local_addr().unwrap()), state: Arc::new(Mutex::new(state)) };
        let serving = platform.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let platform = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let platform = platform.clone();
                        async move { platform.answer(request).await }
                    });
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        platform
    }

    pub fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        what(&mut self.state.lock().unwrap())
    }

    async fn answer(&self, request: Request<Incoming>) -> std::io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
        let field = |name: &str| parts.headers[name].to_str().unwrap();
        let path = parts.uri.path();
        let signed = signature(SECRET, &format!("{}\n{path}\n{body}", field("cards-time")));
        let (behaviour, away) = self.with(|state| {
            state.heard += 1;
            (state.behaviour, state.away)
        });
        let plain = |status: StatusCode, text: &str| Ok(Response::builder().status(status).body(text.to_owned().into()).unwrap());
        if away {
            return plain(StatusCode::BAD_GATEWAY, "<html>");
        }
        if field("cards-app") != APP_ID || field("cards-sign") != signed {
            return plain(StatusCode::UNAUTHORIZED, "who is that?");
        }
        let answer = self.with(|state| state.carry_out(path, &serde_json::from_str(&body).unwrap())).to_string();
        match behaviour {
            Behaviour::HangsUp => return Err(std::io::Error::other("hangs up")),
            Behaviour::Silent => std::future::pending::<()>().await,
            Behaviour::Garbage => return plain(StatusCode::BAD_GATEWAY, "<html>"),
            _ => {}
        }
        let secret = if behaviour == Behaviour::BadSignature { "the secret of a stranger" } else { SECRET };
        let sign = signature(secret, &format!("{signed}\n{answer}"));
        Ok(Response::builder().header("cards-sign", sign).body(answer.into()).unwrap())
    }
}

fn refused(error: &str) -> Value {
    json!({"done": false, "error": error, "message": "in words"})
}

impl State {
    fn carry_out(&mut self, path: &str, asked: &Value) -> Value {
        self.paths.push(path.to_owned());
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let (order, refund, transfer) = (text("order"), text("refund"), text("transfer"));
        let changes = !path.ends_with("/look");
        match self.behaviour {
            Behaviour::Busy => return refused("TRY_AGAIN"),
            Behaviour::Refuses if changes => return refused("NO_MONEY"),
            _ => {}
        }
        let made = |number: String, state: &str| json!({"number": number, "state": state, "cents": asked["cents"]});
        let found = match path {
            "/orders/make" => {
                let mut made = made(format!("C{order}"), "open");
                made["order"] = json!(order);
                Some(self.orders.entry(order).or_insert(made).clone())
            }
            "/orders/end" => self.orders.get_mut(&order).map(|found| {
                self.ended += usize::from(found["state"] != "ended");
                found["state"] = json!("ended");
                found.clone()
            }),
            "/orders/look" => self.orders.get(&order).cloned(),
            "/refunds/make" if self.orders.contains_key(&order) => {
                Some(self.refunds.entry(refund.clone()).or_insert(made(format!("R{refund}"), "made")).clone())
            }
            "/refunds/look" => self.refunds.get(&refund).cloned(),
            "/transfers/make" => Some(self.transfers.entry(transfer.clone()).or_insert(made(format!("T{transfer}"), "made")).clone()),
            "/transfers/look" => self.transfers.get(&transfer).cloned(),
            "/users/look" => {
                let user = self.codes.remove(&text("code"));
                return user.map_or_else(
                    || refused("UNKNOWN_CODE"),
                    |user| json!({"done": true, "user": user, "card": format!("card of {user}"), "session": format!("session of {user}")}),
                );
            }
            _ => None,
        };
        let Some(mut found) = found else { return refused("UNKNOWN_NUMBER") };
        found["done"] = json!(true);
        found
    }

    pub fn count(&self, effect: Effect) -> Count {
        let (path, done) = match effect {
            Effect::Create => ("/orders/make", self.orders.len()),
            Effect::Close => ("/orders/end", self.ended),
            Effect::Refund => ("/refunds/make", self.refunds.len()),
            Effect::Transfer => ("/transfers/make", self.transfers.len()),
            _ => return Count::default(),
        };
        Count { asked: self.paths.iter().filter(|asked| *asked == path).count(), done }
    }

    pub fn pay(&mut self, number: &str) {
        let order = self.orders.get_mut(number).unwrap();
        (order["state"], order["card"]) = (json!("paid"), json!("card-9"));
    }

    pub fn code(&mut self, verdict: Verdict) -> String {
        self.away = verdict == Verdict::Away;
        let code = format!("code-{}", self.codes.len());
        match verdict {
            Verdict::User(first) => drop(self.codes.insert(code.clone(), if first { "ann" } else { "bob" })),
            // Used codes are forgotten.
            Verdict::Used | Verdict::Unknown | Verdict::Away => {}
        }
        code
    }
}
