//! Alipay's gateway.

mod book;
mod notification;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::http::request::Parts;
use serde_json::{Map, Value, json};

use self::book::Book;
pub use self::book::{ACCESS_TOKEN, REFRESH_TOKEN, Status, User};
pub use self::notification::Notification;
use super::Fault;
use super::fault::Faults;
use super::http::{Http, Reply};

/// The app that is registered.
pub const APP_ID: &str = "2021000000000001";
/// Who gets the money.
pub const SELLER: &str = "2088000000000001";
/// The key of encrypted content.
pub const AES: &str = "aa4BtZ4tspm2wnXLb1ThQA==";
/// The app's private key.
pub const APP_KEY: &str = include_str!("../../../../plugins/cloudcall/alipay/tests/keys/app.pem");
const ALIPAY_KEY: &str = include_str!("../../../../plugins/cloudcall/alipay/tests/keys/alipay.pem");
const OTHER_KEY: &str = include_str!("../../../../plugins/cloudcall/alipay/tests/keys/alipay2.pem");
const ALIPAY_PUBLIC: &str = include_str!("../../../../plugins/cloudcall/alipay/tests/keys/alipay.public.pem");
const APP_CERTIFICATE: &str = include_str!("../../../../plugins/cloudcall/alipay/tests/keys/app.crt");
const ALIPAY_CERTIFICATE: &str = include_str!("../../../../plugins/cloudcall/alipay/tests/keys/alipay.crt");
const ROOTS: &str = include_str!("../../../../plugins/cloudcall/alipay/tests/keys/roots.crt");

/// How the app and the gateway sign and encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With public keys.
    Keys,
    /// With certificates.
    Certificates,
    /// With public keys, and content is encrypted.
    Encrypted,
}

impl Mode {
    /// The settings of the app.
    pub fn settings(self) -> Value {
        let mut settings = json!({"privateKey": APP_KEY, "sellerId": SELLER});
        let more = match self {
            Self::Keys => json!({"publicKey": ALIPAY_PUBLIC}),
            Self::Certificates => {
                json!({"signMode": "cert", "appCert": APP_CERTIFICATE, "publicCert": ALIPAY_CERTIFICATE, "rootCert": ROOTS})
            }
            Self::Encrypted => json!({"publicKey": ALIPAY_PUBLIC, "aesKey": AES}),
        };
        if let (Some(settings), Value::Object(more)) = (settings.as_object_mut(), more) {
            settings.extend(more);
        }
        settings
    }
}

/// A request whose signature was right.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The method.
    pub method: String,
    /// `biz_content`, decrypted.
    pub content: Value,
    /// All parameters.
    pub parameters: Map<String, Value>,
    /// Whether it came as Alipay's documents want it: with `POST`, and its content in the body.
    pub posted: bool,
}

impl Heard {
    fn text(&self, name: &str) -> &str {
        self.parameters.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

#[derive(Default)]
struct State {
    book: Book,
    faults: Faults,
    heard: Vec<Heard>,
    complaints: Vec<String>,
}

/// A running gateway. It ends with this value.
pub struct Alipay {
    http: Http,
    state: Arc<Mutex<State>>,
}

impl Alipay {
    /// Starts one.
    pub fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        Self { http: Http::start(move |parts, body| answer(&mut lock(&shared), parts, body)), state }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("{}/gateway.do", self.http.base())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Has calls of a method fail.
    pub fn fails(&self, method: &str, fault: Fault, times: usize) {
        self.state().faults.add(method, fault, times);
    }

    /// Has nothing fail any more.
    pub fn heals(&self) {
        self.state().faults.clear();
    }

    /// The requests of a method, of all methods when it is empty.
    pub fn heard(&self, method: &str) -> Vec<Heard> {
        let heard = |heard: &&Heard| method.is_empty() || heard.method == method;
        self.state().heard.iter().filter(heard).cloned().collect()
    }

    /// Why requests were refused before they were looked at.
    pub fn complaints(&self) -> Vec<String> {
        self.state().complaints.clone()
    }

    /// Gives a user a code to sign in with, which is good once.
    pub fn login(&self, code: &str, user: &User) {
        self.state().book.codes.insert(code.to_owned(), user.clone());
    }

    /// The buyer pays.
    ///
    /// # Panics
    /// When there is no such trade, or it does not wait to be paid.
    #[track_caller]
    pub fn pay(&self, out_trade_no: &str) {
        let mut state = self.state();
        let trade = state.book.trades.get_mut(out_trade_no).unwrap_or_else(|| panic!("no trade {out_trade_no}"));
        assert_eq!(trade.status, Status::Waiting, "{out_trade_no}");
        trade.status = Status::Paid;
    }

    /// Forgets a trade.
    pub fn forget(&self, out_trade_no: &str) {
        self.state().book.trades.remove(out_trade_no);
    }

    /// What is pushed of a trade of 12.30 that a buyer has made and paid elsewhere.
    pub fn paid(&self, out_trade_no: &str, buyer: &str) -> Notification {
        let trade = book::Trade::paid(buyer);
        Notification::of(out_trade_no, &trade)
    }

    /// Where a trade stands; none when there is none.
    pub fn status(&self, out_trade_no: &str) -> Option<Status> {
        self.state().book.trades.get(out_trade_no).map(|trade| trade.status)
    }

    /// What was given back of a trade, each time that money moved, in hundredths.
    pub fn given_back(&self, out_trade_no: &str) -> Vec<u64> {
        self.refunds(out_trade_no).into_values().collect()
    }

    /// The same by `out_request_no`; `cancel` for what a cancellation gave back.
    pub fn refunds(&self, out_trade_no: &str) -> BTreeMap<String, u64> {
        self.state().book.trades.get(out_trade_no).map(|trade| trade.refunds.clone()).unwrap_or_default()
    }

    /// What was transferred, by `out_biz_no`, in hundredths.
    pub fn transferred(&self) -> Vec<(String, u64)> {
        self.state().book.transfers.iter().map(|(number, transfer)| (number.clone(), transfer.amount)).collect()
    }

    /// What is pushed of a transfer, to an address that the app has subscribed with.
    ///
    /// # Panics
    /// When there is no such transfer.
    #[track_caller]
    pub fn transfer_notification(&self, out_biz_no: &str, url: &str) -> Notification {
        let state = self.state();
        let transfer = state.book.transfers.get(out_biz_no).unwrap_or_else(|| panic!("no transfer {out_biz_no}"));
        Notification::of_transfer(out_biz_no, transfer, url)
    }

    /// What is pushed of a trade as it stands.
    ///
    /// # Panics
    /// When there is no such trade.
    #[track_caller]
    pub fn notification(&self, out_trade_no: &str) -> Notification {
        let state = self.state();
        let trade = state.book.trades.get(out_trade_no).unwrap_or_else(|| panic!("no trade {out_trade_no}"));
        Notification::of(out_trade_no, trade)
    }
}

/// A gateway whose connection has panicked goes on.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn answer(state: &mut State, parts: &Parts, body: &[u8]) -> Reply {
    let heard = match wire::heard(parts, body) {
        Ok(heard) => heard,
        Err(complaint) => {
            let node = json!({"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature", "sub_msg": complaint});
            state.complaints.push(complaint);
            return reply(json!({"error_response": node}).to_string());
        }
    };
    state.heard.push(heard.clone());
    let fault = state.faults.take(&heard.method);
    let node = match fault {
        Some(fault) if !fault.does() => json!({"code": "20000", "msg": "Service Currently Unavailable", "sub_code": "isp.unknow-error"}),
        _ => state.book.execute(&heard),
    };
    match fault {
        Some(Fault::Silence | Fault::Lost) => Reply::Silence,
        Some(Fault::HangUp) => Reply::HangUp,
        fault => reply(wire::written(&heard, &node, fault)),
    }
}

fn reply(text: String) -> Reply {
    Reply::Answer(Response::new(Full::new(Bytes::from(text))))
}
