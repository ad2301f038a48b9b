//! The conformance kits of the contracts, with a gateway that keeps trades.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_plugin::conformance::cloudcall::{Behaviour, Count, Sender};
use sdk_plugin::conformance::login::{Apps, Verdict};
use sdk_plugin::conformance::{cloudcall, login};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::{Delivery, Effect, Request};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Call, Error, Reply, Result, codes};
use serde_json::{Value, json};

use crate::adapter::Adapter;
use crate::credentials::Credentials;
use crate::find::find;
use crate::login::METHOD;
use crate::notification::receive;
use crate::protocol::keys::PrivateKey;
use crate::protocol::text::{Parameters, signed_text};
use crate::testing::gateway::{Answer as How, Gateway, Heard};
use crate::testing::{APP_ID, certified, keys, with};

const SELLER: &str = "2088000000000009";
const BUYER: &str = "2088000000000001";

/// What the gateway knows.
struct State {
    behaviour: Behaviour,
    trades: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    transfers: BTreeMap<String, Value>,
    /// How often each method was asked for.
    asked: BTreeMap<String, usize>,
    paid: usize,
    closed: usize,
    cancelled: usize,
    login: How,
}

/// The plugin without a host.
#[derive(Clone)]
struct Plugin {
    gateway: Arc<Gateway>,
    adapter: Arc<Adapter>,
    apps: Apps,
    state: Arc<Mutex<State>>,
}

async fn open() -> Plugin {
    let state = State {
        behaviour: Behaviour::Honest,
        trades: BTreeMap::new(),
        refunds: BTreeMap::new(),
        transfers: BTreeMap::new(),
        asked: BTreeMap::new(),
        paid: 0,
        closed: 0,
        cancelled: 0,
        login: How::Silence,
    };
    let state = Arc::new(Mutex::new(state));
    let script = state.clone();
    let gateway = Gateway::start(move |heard| script.lock().unwrap().answer(heard)).await;
    let apps = Apps::new(with(certified(), "sellerId", SELLER));
    Plugin { adapter: Arc::new(gateway.adapter()), gateway: Arc::new(gateway), apps, state }
}

fn failed(sub: &str) -> Value {
    json!({"code": "40004", "msg": "Business Failed", "sub_code": sub, "sub_msg": "in words"})
}

fn done(fields: &Value) -> Value {
    let mut node = json!({"code": "10000", "msg": "Success"});
    node.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    node
}

impl State {
    fn answer(&mut self, heard: &Heard) -> How {
        let method = heard.text("method");
        if method == "alipay.system.oauth.token" {
            return self.login.clone();
        }
        *self.asked.entry(method.to_owned()).or_default() += 1;
        match self.behaviour {
            Behaviour::Busy => return How::Signed(json!({"code": "20000", "msg": "Service Unavailable", "sub_code": "aop.unknow-error"})),
            Behaviour::Refuses if !method.ends_with("query") => return How::Signed(failed("ACQ.SELLER_BALANCE_NOT_ENOUGH")),
            _ => {}
        }
        let node = self.carry_out(method, &heard.content);
        match self.behaviour {
            Behaviour::HangsUp => How::HangUp,
            Behaviour::Silent => How::Silence,
            Behaviour::BadSignature => How::WrongSignature(node),
            Behaviour::Garbage => How::Text("<html>".into()),
            Behaviour::Honest | Behaviour::Refuses | Behaviour::Busy => How::Signed(node),
        }
    }

    fn carry_out(&mut self, method: &str, content: &Value) -> Value {
        let text = |name: &str| content[name].as_str().unwrap_or_default().to_owned();
        let (order, refund, transfer) = (text("out_trade_no"), text("out_request_no"), text("out_biz_no"));
        let trade = |status: &str| {
            json!({"trade_no": format!("2026{order}"), "out_trade_no": order, "total_amount": text("total_amount"), "trade_status": status,
                   "buyer_user_id": BUYER})
        };
        match method {
            "alipay.trade.create" => {
                let made = self.trades.entry(order.clone()).or_insert(trade("WAIT_BUYER_PAY"));
                done(&json!({"trade_no": made["trade_no"], "out_trade_no": order}))
            }
            "alipay.trade.pay" => {
                self.paid += usize::from(!self.trades.contains_key(&order));
                done(self.trades.entry(order.clone()).or_insert(trade("TRADE_SUCCESS")))
            }
            "alipay.trade.fastpay.refund.query" if self.trades.contains_key(&order) => {
                done(self.refunds.get(&refund).unwrap_or(&json!({})))
            }
            "alipay.trade.refund" if self.trades.contains_key(&order) => {
                let made = json!({"trade_no": format!("2026{order}"), "out_trade_no": order, "out_request_no": refund,
                                  "refund_amount": text("refund_amount"), "refund_status": "REFUND_SUCCESS"});
                let changed = self.refunds.insert(refund, made).is_none();
                done(&json!({"trade_no": format!("2026{order}"), "refund_fee": "2.30", "fund_change": if changed { "Y" } else { "N" }}))
            }
            "alipay.fund.trans.uni.transfer" => {
                let made = json!({"out_biz_no": transfer, "order_id": format!("2026{transfer}"), "pay_fund_order_id": format!("F{transfer}"),
                                  "status": "SUCCESS", "trans_amount": text("trans_amount")});
                done(self.transfers.entry(transfer).or_insert(made))
            }
            "alipay.fund.trans.common.query" => self.transfers.get(&transfer).map_or_else(|| failed("ORDER_NOT_EXIST"), done),
            _ => match self.trades.get_mut(&order) {
                None => failed("ACQ.TRADE_NOT_EXIST"),
                Some(trade) if method == "alipay.trade.query" => done(trade),
                Some(trade) if method == "alipay.trade.close" => {
                    if trade["trade_status"] == "WAIT_BUYER_PAY" {
                        trade["trade_status"] = json!("TRADE_CLOSED");
                        self.closed += 1;
                    }
                    done(&json!({"trade_no": trade["trade_no"], "out_trade_no": order}))
                }
                Some(trade) if method == "alipay.trade.cancel" => {
                    self.cancelled += usize::from(trade["trade_status"] != "TRADE_CLOSED");
                    trade["trade_status"] = json!("TRADE_CLOSED");
                    done(&json!({"trade_no": trade["trade_no"], "out_trade_no": order, "retry_flag": "N", "action": "refund"}))
                }
                Some(_) => failed("isv.invalid-method"),
            },
        }
    }
}

impl Plugin {
    fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        what(&mut self.state.lock().unwrap())
    }
}

impl Calls for Plugin {
    async fn make(&self, call: Call) -> Result<Reply> {
        let remaining = call.remaining();
        match call.method.as_str() {
            "cloudcall.adapter.alipay.describe" => Reply::json(&Adapter::describe()),
            "cloudcall.adapter.alipay.check" => {
                Credentials::of(&call.decode::<App>()?)?;
                Reply::json(&json!({}))
            }
            "cloudcall.adapter.alipay.call" => Reply::json(&self.adapter.call(&call.decode()?, remaining).await?),
            "cloudcall.adapter.alipay.find" => Reply::json(&find(&self.adapter, &call.decode()?, remaining).await?),
            "cloudcall.adapter.alipay.receive" => Reply::json(&receive(&call.decode()?)?),
            METHOD => Reply::json(&crate::login::login(&self.adapter, &self.apps, &call, call.decode()?).await?),
            method => Err(Error::new(codes::INVALID_METHOD, method.to_owned())),
        }
    }
}

impl cloudcall::Fixture for Plugin {
    fn adapter(&self) -> &'static str {
        "alipay"
    }

    fn app(&self) -> App {
        self.apps.app()
    }

    fn needed(&self) -> Vec<&'static str> {
        vec!["privateKey", "appCert", "publicCert", "rootCert"]
    }

    fn unusable(&self) -> Vec<(&'static str, &'static str)> {
        vec![
            ("privateKey", "k7Qw9-zR"),
            ("appCert", "k7Qw9-zR"),
            ("publicCert", "k7Qw9-zR"),
            ("rootCert", "k7Qw9-zR"),
            ("signMode", "k7Qw9-zR"),
            ("aesKey", "k7Qw9-zR"),
        ]
    }

    fn complete(&self, request: &mut Request) {
        let arguments = &mut request.arguments;
        arguments.entry("outRequestNo").or_insert("refund".into());
        for (name, value) in [("subject", json!("一杯茶")), ("buyerId", json!(BUYER)), ("orderTitle", json!("一杯茶"))] {
            arguments.insert(name.into(), value);
        }
        arguments.insert("authCode".into(), json!("2800000000000000"));
        arguments.insert("extendParams".into(), json!({"hb_fq_num": "3", "hb_fq_seller_percent": "0"}));
        let kind = if request.api == "fund.transferBankcard.transfer" { "BANKCARD_ACCOUNT" } else { "ALIPAY_USER_ID" };
        arguments.insert("payee".into(), json!({"identity": BUYER, "identity_type": kind, "name": "张三"}));
    }

    fn behave(&self, behaviour: Behaviour) {
        self.with(|state| state.behaviour = behaviour);
    }

    fn heard(&self) -> usize {
        self.gateway.heard().len()
    }

    fn count(&self, effect: Effect) -> Count {
        self.with(|state| {
            let (method, done) = match effect {
                Effect::Create => ("alipay.trade.create", state.trades.len() - state.paid),
                Effect::Pay => ("alipay.trade.pay", state.paid),
                Effect::Refund => ("alipay.trade.refund", state.refunds.len()),
                Effect::Close => ("alipay.trade.close", state.closed),
                Effect::Cancel => ("alipay.trade.cancel", state.cancelled),
                Effect::Transfer => ("alipay.fund.trans.uni.transfer", state.transfers.len()),
                Effect::None | Effect::Query => return Count::default(),
            };
            Count { asked: state.asked.get(method).copied().unwrap_or_default(), done }
        })
    }

    fn pay(&self, number: &str) {
        self.with(|state| state.trades.get_mut(number).unwrap()["trade_status"] = json!("TRADE_SUCCESS"));
    }

    fn notify(&self, number: &str, sender: Sender) -> Option<Delivery> {
        let trade = self.with(|state| state.trades[number].clone());
        let text = |name: &str| trade[name].as_str().unwrap().to_owned();
        let fields = [
            ("notify_type", "trade_status_sync".to_owned()),
            ("notify_id", format!("notice of {number}")),
            ("app_id", if sender == Sender::OfAnotherApp { "2021000000000002" } else { APP_ID }.to_owned()),
            ("seller_id", if sender == Sender::OfAnotherSeller { "2088000000000008" } else { SELLER }.to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("out_trade_no", number.to_owned()),
            ("trade_no", text("trade_no")),
            ("trade_status", text("trade_status")),
            ("total_amount", text("total_amount")),
            ("buyer_id", BUYER.to_owned()),
            ("subject", "一杯茶".to_owned()),
        ];
        let form: Parameters = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let key = if sender == Sender::Stranger { keys::APP } else { keys::ALIPAY };
        let sign = PrivateKey::read(key).unwrap().sign(&signed_text(&form, &["sign", "sign_type"])).unwrap();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).append_pair("sign", &sign).finish();
        Some(Delivery { app: self.apps.app(), headers: [].into(), body: STANDARD.encode(body) })
    }
}

impl login::Fixture for Plugin {
    fn provider(&self) -> &'static str {
        "alipay_openapi"
    }

    fn apps(&self) -> &Apps {
        &self.apps
    }

    fn stranger(&self) -> App {
        with(self.apps.app(), "privateKey", keys::ALIPAY)
    }

    fn code(&self, verdict: Verdict) -> String {
        let user = |id: &str| json!({"open_id": id, "union_id": format!("union of {id}"), "access_token": "a token", "refresh_token": "another token"});
        let refused = json!({"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.code-invalid", "sub_msg": "in words"});
        self.with(|state| {
            state.login = match verdict {
                Verdict::User(first) => How::Signed(user(if first { "ann" } else { "bob" })),
                Verdict::Used => How::Error(refused),
                Verdict::Unknown => How::UnsignedError(refused),
                Verdict::Away => How::Status(502),
            }
        });
        "code".to_owned()
    }

    fn secrets(&self) -> Vec<String> {
        vec!["a token".into(), "another token".into()]
    }
}

mod adapter {
    use super::open;

    sdk_plugin::conformance_cloudcall!(open);
}

mod provider {
    use super::open;

    sdk_plugin::conformance_login!(open);
}
