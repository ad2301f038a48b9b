//! What WeChat Pay keeps account of, and what its calls do.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::wire::{nonce, seal};
use super::{APP_ID, Heard, MERCHANT, PLATFORM_CERTIFICATE, PLATFORM_SERIAL};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// `NOTPAY`
    Waiting,
    /// `SUCCESS`
    Paid,
    /// `REFUND`: paid, and something was given back.
    Refunded,
    /// `CLOSED`
    Closed,
}

impl User {
    /// Encrypts with the session key, as WeChat does for the mini program; the vector and the data
    /// in Base64.
    ///
    /// # Panics
    /// When the session key is not of 16 bytes.
    pub fn encrypts(&self, data: &Value) -> (String, String) {
        let key = STANDARD.decode(&self.session_key).ok().and_then(|key| key.try_into().ok()).expect("16 bytes");
        let vector: [u8; 16] = rand::random();
        (STANDARD.encode(vector), STANDARD.encode(aes_cbc::encrypt(&key, &vector, data.to_string().as_bytes())))
    }
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "NOTPAY",
            Self::Paid => "SUCCESS",
            Self::Refunded => "REFUND",
            Self::Closed => "CLOSED",
        }
    }
}

/// A user of WeChat.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The id in the app.
    pub openid: String,
    /// The id in all apps of a team; empty where there is none.
    pub unionid: String,
    /// The key of what the mini program encrypts for the app's server: 16 bytes in Base64.
    pub session_key: String,
}

pub(super) struct Order {
    pub number: String,
    pub total: u64,
    pub payer: String,
    pub state: State,
    pub notify_url: String,
    description: String,
}

pub(super) struct Refund {
    pub order: String,
    pub number: String,
    pub amount: u64,
    pub notify_url: String,
    done: bool,
}

impl Refund {
    pub fn status(&self) -> &'static str {
        if self.done { "SUCCESS" } else { "PROCESSING" }
    }
}

/// The book.
#[derive(Default)]
pub(super) struct Book {
    /// By `out_trade_no`.
    pub orders: BTreeMap<String, Order>,
    /// By `out_refund_no`.
    pub refunds: BTreeMap<String, Refund>,
    /// Who signs in with which code; nobody any more when it was used.
    pub codes: BTreeMap<String, Option<User>>,
    numbers: u64,
}

type Answer = (u16, Value);

impl Book {
    /// Does what a request asks: status and body of the answer.
    pub fn execute(&mut self, heard: &Heard) -> Answer {
        match heard.kind {
            "certificates" => certificates(),
            "create" => self.create(&heard.body),
            "query" => match self.orders.get(&heard.number) {
                Some(order) => (200, shown(&heard.number, order)),
                None => refused(404, "ORDER_NOT_EXIST"),
            },
            "close" => self.close(heard),
            "refund" => self.refund(&heard.body),
            _ => match self.refunds.get(&heard.number) {
                Some(refund) => (200, self.shown_refund(&heard.number, refund)),
                None => refused(404, "RESOURCE_NOT_EXISTS"),
            },
        }
    }

    pub fn settle(&mut self) {
        self.refunds.values_mut().for_each(|refund| refund.done = true);
    }

    fn number(&mut self, kind: &str) -> String {
        self.numbers += 1;
        format!("{kind}{:018}", self.numbers)
    }

    fn create(&mut self, asked: &Value) -> Answer {
        let number = text(&asked["out_trade_no"]);
        let good = (6..=32).contains(&number.len())
            && asked["appid"] == APP_ID
            && asked["mchid"] == MERCHANT
            && !text(&asked["description"]).is_empty()
            && !text(&asked["payer"]["openid"]).is_empty()
            && text(&asked["notify_url"]).starts_with("https://")
            && !text(&asked["notify_url"]).contains('?');
        let Some(total) = asked["amount"]["total"].as_u64().filter(|total| good && *total > 0) else {
            return refused(400, "PARAM_ERROR");
        };
        let (number, serial) = (number.to_owned(), self.number("4200002026"));
        let order = self.orders.entry(number).or_insert_with(|| Order {
            number: serial,
            total,
            payer: text(&asked["payer"]["openid"]).to_owned(),
            state: State::Waiting,
            notify_url: text(&asked["notify_url"]).to_owned(),
            description: text(&asked["description"]).to_owned(),
        });
        match order.state {
            State::Paid | State::Refunded => refused(400, "ORDERPAID"),
            State::Closed => refused(400, "ORDER_CLOSED"),
            State::Waiting if order.total != total || order.description != text(&asked["description"]) => refused(403, "OUT_TRADE_NO_USED"),
            State::Waiting => (200, json!({"prepay_id": prepaid(order)})),
        }
    }

    fn close(&mut self, heard: &Heard) -> Answer {
        if heard.body != json!({"mchid": MERCHANT}) {
            return refused(400, "PARAM_ERROR");
        }
        match self.orders.get_mut(&heard.number) {
            None => refused(404, "ORDER_NOT_EXIST"),
            Some(order) if matches!(order.state, State::Paid | State::Refunded) => refused(400, "ORDERPAID"),
            Some(order) => {
                order.state = State::Closed;
                (204, Value::Null)
            }
        }
    }

    fn refund(&mut self, asked: &Value) -> Answer {
        let (ours, theirs) = (text(&asked["out_trade_no"]).to_owned(), text(&asked["out_refund_no"]).to_owned());
        let serial = self.number("5030002026");
        let given_back: u64 = self.refunds.values().filter(|refund| refund.order == ours).map(|refund| refund.amount).sum();
        let Some(order) = self.orders.get_mut(&ours) else { return refused(404, "RESOURCE_NOT_EXISTS") };
        let amount = asked["amount"]["refund"].as_u64().filter(|amount| *amount > 0);
        let (Some(amount), false) = (amount, theirs.is_empty() || asked["amount"]["currency"] != "CNY") else {
            return refused(400, "PARAM_ERROR");
        };
        if asked["amount"]["total"] != order.total {
            return refused(400, "INVALID_REQUEST");
        }
        match self.refunds.get(&theirs) {
            Some(before) if before.amount != amount || before.order != ours => return refused(400, "INVALID_REQUEST"),
            Some(_) => {}
            None => {
                if !matches!(order.state, State::Paid | State::Refunded) {
                    return refused(400, "INVALID_REQUEST");
                }
                if given_back + amount > order.total {
                    return refused(403, "NOT_ENOUGH");
                }
                order.state = State::Refunded;
                let notify_url = text(&asked["notify_url"]).to_owned();
                self.refunds.insert(theirs.clone(), Refund { order: ours, number: serial, amount, notify_url, done: false });
            }
        }
        self.refunds.get(&theirs).map(|refund| (200, self.shown_refund(&theirs, refund))).unwrap_or((500, Value::Null))
    }

    fn shown_refund(&self, number: &str, refund: &Refund) -> Value {
        let order = self.orders.get(&refund.order);
        json!({
            "refund_id": refund.number,
            "out_refund_no": number,
            "out_trade_no": refund.order,
            "transaction_id": order.map(|order| order.number.clone()),
            "channel": "ORIGINAL",
            "status": refund.status(),
            "create_time": "2026-11-26T16:00:00+08:00",
            "amount": {"total": order.map(|order| order.total), "refund": refund.amount, "currency": "CNY"},
        })
    }
}

/// What an order is paid with.
pub(super) fn prepaid(order: &Order) -> String {
    format!("wx26{}", order.number)
}

/// An order as WeChat Pay tells of it.
pub(super) fn shown(number: &str, order: &Order) -> Value {
    let mut told = json!({
        "appid": APP_ID,
        "mchid": MERCHANT,
        "out_trade_no": number,
        "trade_state": order.state.name(),
        "trade_state_desc": "状态",
        "trade_type": "JSAPI",
        "attach": "",
        "payer": {"openid": order.payer},
        "amount": {"total": order.total, "currency": "CNY"},
    });
    if matches!(order.state, State::Paid | State::Refunded) {
        told["transaction_id"] = order.number.as_str().into();
        told["success_time"] = "2026-11-26T16:00:00+08:00".into();
    }
    told
}

fn certificates() -> Answer {
    let nonce = nonce(12);
    let sealed = seal(&nonce, "certificate", PLATFORM_CERTIFICATE);
    let encrypted = json!({"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": "certificate", "ciphertext": sealed});
    let listed = json!({
        "serial_no": PLATFORM_SERIAL,
        "effective_time": "2018-06-08T10:34:56+08:00",
        "expire_time": "2118-06-08T10:34:56+08:00",
        "encrypt_certificate": encrypted,
    });
    (200, json!({"data": [listed]}))
}

fn refused(status: u16, code: &str) -> Answer {
    (status, json!({"code": code, "message": "业务失败"}))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
