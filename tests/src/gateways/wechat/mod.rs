//! WeChat's gateways: logins, and WeChat Pay's API v3.

mod book;
mod notification;
mod wire;

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::Full;
use hyper::http::request::Parts;
use hyper::{Method, Response};
use serde_json::{Value, json};

use self::book::Book;
pub use self::book::{State, User};
pub use self::notification::Notification;
use super::Fault;
use super::fault::Faults;
use super::http::{Http, Reply, pairs};
use super::key::Key;

/// The app that is registered.
pub const APP_ID: &str = "wx8888888888888888";
/// Its secret.
pub const APP_SECRET: &str = "the secret/of+the app";
/// The merchant.
pub const MERCHANT: &str = "1900000001";
/// The merchant's APIv3 key.
pub const API_V3_KEY: &str = "an APIv3 key of thirty two bytes";
/// The merchant's private key.
pub const MERCHANT_KEY: &str = include_str!("../../../../plugins/cloudcall/wechatpay/src/testing/keys/merchant.key");
const MERCHANT_SERIAL: &str = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C";
const PLATFORM_KEY: &str = include_str!("../../../../plugins/cloudcall/wechatpay/src/testing/keys/platform.key");
const PLATFORM_PUBLIC: &str = include_str!("../../../../plugins/cloudcall/wechatpay/src/testing/keys/platform.pub");
const PLATFORM_CERTIFICATE: &str = include_str!("../../../../plugins/cloudcall/wechatpay/src/testing/keys/platform.crt");
const PLATFORM_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012024";
const OTHER_KEY: &str = include_str!("../../../../plugins/cloudcall/wechatpay/src/testing/keys/other.key");

/// What the platform signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A certificate, which merchants download.
    Certificates,
    /// A public key, which merchants have been given.
    PublicKey,
}

impl Mode {
    /// The settings of the app.
    pub fn settings(self) -> Value {
        let mut settings = json!({
            "appSecret": APP_SECRET,
            "mchId": MERCHANT,
            "apiV3Key": API_V3_KEY,
            "merchantKey": MERCHANT_KEY,
            "merchantSerial": MERCHANT_SERIAL,
        });
        if self == Self::PublicKey {
            settings["publicKey"] = PLATFORM_PUBLIC.into();
            settings["publicKeyId"] = PUBLIC_KEY_ID.into();
        }
        settings
    }

    fn serial(self) -> &'static str {
        if self == Self::PublicKey { PUBLIC_KEY_ID } else { PLATFORM_SERIAL }
    }
}

/// A request whose signature was right.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What it asks for: `create`, `query`, `close`, `refund`, `query_refund` or `certificates`.
    pub kind: &'static str,
    /// The number in the path; empty when there is none.
    pub number: String,
    /// The body; `null` when there is none.
    pub body: Value,
}

struct Gate {
    mode: Mode,
    book: Book,
    faults: Faults,
    heard: Vec<Heard>,
    complaints: Vec<String>,
    nonces: Vec<String>,
}

/// A running gateway. It ends with this value.
pub struct Wechat {
    http: Http,
    gate: Arc<Mutex<Gate>>,
}

impl Wechat {
    /// Starts one.
    pub fn start(mode: Mode) -> Self {
        let gate =
            Gate { mode, book: Book::default(), faults: Faults::default(), heard: Vec::new(), complaints: Vec::new(), nonces: Vec::new() };
        let gate = Arc::new(Mutex::new(gate));
        let shared = gate.clone();
        Self { http: Http::start(move |parts, body| answer(&mut lock(&shared), parts, body)), gate }
    }

    /// Its base address, of logins and of payments.
    pub fn url(&self) -> String {
        self.http.base()
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        lock(&self.gate)
    }

    /// The settings of the app.
    pub fn settings(&self) -> Value {
        self.gate().mode.settings()
    }

    /// Has requests of a [kind](Heard::kind) fail.
    pub fn fails(&self, kind: &str, fault: Fault, times: usize) {
        self.gate().faults.add(kind, fault, times);
    }

    /// Has nothing fail any more.
    pub fn heals(&self) {
        self.gate().faults.clear();
    }

    /// The requests of a kind, of all kinds when it is empty.
    pub fn heard(&self, kind: &str) -> Vec<Heard> {
        let heard = |heard: &&Heard| kind.is_empty() || heard.kind == kind;
        self.gate().heard.iter().filter(heard).cloned().collect()
    }

    /// Why requests were refused before they were looked at.
    pub fn complaints(&self) -> Vec<String> {
        self.gate().complaints.clone()
    }

    /// Gives a user a code to sign in with, which is good once.
    pub fn login(&self, code: &str, user: &User) {
        self.gate().book.codes.insert(code.to_owned(), Some(user.clone()));
    }

    /// The payer pays.
    ///
    /// # Panics
    /// When there is no such order, or it does not wait to be paid.
    #[track_caller]
    pub fn pay(&self, out_trade_no: &str) {
        let mut gate = self.gate();
        let order = gate.book.orders.get_mut(out_trade_no).unwrap_or_else(|| panic!("no order {out_trade_no}"));
        assert_eq!(order.state, State::Waiting, "{out_trade_no}");
        order.state = State::Paid;
    }

    /// The payer pays with what `wx.requestPayment` takes.
    ///
    /// # Panics
    /// When it is not signed by the merchant for this order, or as [`pay`](Self::pay).
    #[track_caller]
    pub fn pay_with(&self, out_trade_no: &str, parameters: &Value) {
        let text = |name: &str| parameters[name].as_str().unwrap_or_else(|| panic!("no {name}: {parameters}"));
        let signed = format!("{APP_ID}\n{}\n{}\n{}\n", text("timeStamp"), text("nonceStr"), text("package"));
        assert!(Key::read(MERCHANT_KEY).signed(signed.as_bytes(), text("paySign")), "paySign: {parameters}");
        let prepaid = self.gate().book.orders.get(out_trade_no).map(book::prepaid).unwrap_or_default();
        assert_eq!(text("package"), format!("prepay_id={prepaid}"));
        self.pay(out_trade_no);
    }

    /// All refunds that are being made are done.
    pub fn settle(&self) {
        self.gate().book.settle();
    }

    /// Where an order stands; none when there is none.
    pub fn state(&self, out_trade_no: &str) -> Option<State> {
        self.gate().book.orders.get(out_trade_no).map(|order| order.state)
    }

    /// What was given back of an order, each time that money moved, in fen.
    pub fn given_back(&self, out_trade_no: &str) -> Vec<u64> {
        let gate = self.gate();
        gate.book.refunds.values().filter(|refund| refund.order == out_trade_no).map(|refund| refund.amount).collect()
    }

    /// What is pushed of an order as it stands.
    ///
    /// # Panics
    /// When there is no such order.
    #[track_caller]
    pub fn notification(&self, out_trade_no: &str) -> Notification {
        let gate = self.gate();
        let order = gate.book.orders.get(out_trade_no).unwrap_or_else(|| panic!("no order {out_trade_no}"));
        Notification::of_order(gate.mode, out_trade_no, order)
    }

    /// What is pushed of the refunds of an order.
    pub fn refund_notifications(&self, out_trade_no: &str) -> Vec<Notification> {
        let gate = self.gate();
        let refunds = gate.book.refunds.iter().filter(|(_, refund)| refund.order == out_trade_no);
        refunds.map(|(number, refund)| Notification::of_refund(gate.mode, number, refund, gate.book.orders.get(out_trade_no))).collect()
    }
}

fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn answer(gate: &mut Gate, parts: &Parts, body: &[u8]) -> Reply {
    if parts.uri.path() == "/sns/jscode2session" {
        let answer = login(&mut gate.book, parts);
        return Reply::Answer(Response::new(Full::new(Bytes::from(answer.to_string()))));
    }
    let heard = match wire::checked(gate.mode, &mut gate.nonces, parts, body).and_then(|()| heard(parts, body)) {
        Ok(heard) => heard,
        Err(complaint) => {
            gate.complaints.push(complaint.clone());
            let refusal = json!({"code": "SIGN_ERROR", "message": complaint});
            return Reply::Answer(wire::written(gate.mode, 401, &refusal, Some(Fault::UnsignedError)));
        }
    };
    gate.heard.push(heard.clone());
    let fault = gate.faults.take(heard.kind);
    let (status, answer) = match fault {
        Some(Fault::Error | Fault::UnsignedError) => (403, json!({"code": "NO_AUTH", "message": "商户无权限"})),
        Some(fault) if !fault.does() => (200, Value::Null),
        _ => gate.book.execute(&heard),
    };
    match fault {
        Some(Fault::Silence | Fault::Lost) => Reply::Silence,
        Some(Fault::HangUp) => Reply::HangUp,
        Some(Fault::Busy) => Reply::Answer(wire::written(gate.mode, 500, &json!({"code": "SYSTEM_ERROR", "message": "系统异常"}), fault)),
        fault => Reply::Answer(wire::written(gate.mode, status, &answer, fault)),
    }
}

fn heard(parts: &Parts, body: &[u8]) -> Result<Heard, String> {
    const ORDER: &str = "/v3/pay/transactions/out-trade-no/";
    const REFUND: &str = "/v3/refund/domestic/refunds";
    let path = parts.uri.path();
    let decoded = |text: &str| pairs(text.as_bytes()).into_iter().next().map(|(text, _)| text).unwrap_or_default();
    let (kind, number) = match (&parts.method, path) {
        (&Method::GET, "/v3/certificates") => ("certificates", ""),
        (&Method::POST, "/v3/pay/transactions/jsapi") => ("create", ""),
        (&Method::POST, REFUND) => ("refund", ""),
        (&Method::GET, path) if path.starts_with(REFUND) => ("query_refund", path[REFUND.len()..].trim_start_matches('/')),
        (&Method::GET, path) if path.starts_with(ORDER) => ("query", &path[ORDER.len()..]),
        (&Method::POST, path) if path.starts_with(ORDER) && path.ends_with("/close") => ("close", &path[ORDER.len()..path.len() - 6]),
        _ => return Err(format!("{} {path}", parts.method)),
    };
    if kind == "query" && !pairs(parts.uri.query().unwrap_or_default().as_bytes()).contains(&("mchid".to_owned(), MERCHANT.to_owned())) {
        return Err("mchid".to_owned());
    }
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).map_err(|error| error.to_string())? };
    Ok(Heard { kind, number: decoded(number), body })
}

fn login(book: &mut Book, parts: &Parts) -> Value {
    let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
    let text = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    if text("appid") != APP_ID {
        return json!({"errcode": 40013, "errmsg": "invalid appid"});
    }
    if text("secret") != APP_SECRET || text("grant_type") != "authorization_code" {
        return json!({"errcode": 40125, "errmsg": "invalid appsecret"});
    }
    match book.codes.get_mut(text("js_code")).map(Option::take) {
        None => json!({"errcode": 40029, "errmsg": "invalid code"}),
        Some(None) => json!({"errcode": 40163, "errmsg": "code been used"}),
        Some(Some(user)) => {
            let mut answer = json!({"openid": user.openid, "session_key": user.session_key});
            if !user.unionid.is_empty() {
                answer["unionid"] = user.unionid.into();
            }
            answer
        }
    }
}
