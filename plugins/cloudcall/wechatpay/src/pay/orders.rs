//! Orders: made, asked for, ended.

use std::time::Duration;

use http::Method;
use sdk_plugin::contract::cloudcall::codes::NOT_FOUND_PARAM;
use sdk_plugin::contract::cloudcall::{Answer, Known, Request, State};
use sdk_plugin::{Error, Result};
use serde_json::{Map, Value, json};

use super::Pay;
use super::answer::{done, fields, refused};
use super::arguments::{amount, in_path, invalid, order, text};
use crate::amount::yuan;
use crate::clock::now;
use crate::gateway::{Refusal, Said, unavailable};
use crate::merchant::Merchant;
use crate::names::snake;
use crate::signature::{ClientParameters, nonce};

/// The longest description of an order, in characters.
const SUBJECT: usize = 127;

/// What the gateway told of an order.
pub enum Asked {
    /// What it is, and what the platform said.
    Found(Known, Value),
    /// It does not say.
    Refused(Refusal),
}

impl Pay {
    /// Makes an order, and signs what `wx.requestPayment` takes.
    pub(super) async fn create(&self, merchant: &Merchant, request: &Request, patience: Duration) -> Result<Answer> {
        let arguments = &request.arguments;
        let (number, total, subject) = (order(arguments)?, amount(arguments, "totalAmount")?, text(arguments, "subject")?);
        if subject.chars().count() > SUBJECT {
            return Err(invalid("subject", "at most 127 characters"));
        }
        let payer = match arguments.get("buyerId") {
            None | Some(Value::Null) if request.user.is_empty() => {
                return Err(Error::new(NOT_FOUND_PARAM, "buyerId is missing, and nobody is signed in"));
            }
            None | Some(Value::Null) => request.user.as_str(),
            Some(_) => text(arguments, "buyerId")?,
        };
        let own = ["subject", "outTradeNo", "totalAmount", "buyerId"];
        let mut body: Map<String, Value> = arguments
            .iter()
            .filter(|(name, value)| !own.contains(&name.as_str()) && !value.is_null())
            .filter_map(|(name, value)| match snake(json!({name: value})) {
                Value::Object(pair) => pair.into_iter().next(),
                _ => None,
            })
            .collect();
        // What was passed besides cannot take the place of these.
        for (name, value) in [
            ("appid", json!(merchant.app_id)),
            ("mchid", json!(merchant.id)),
            ("description", json!(subject)),
            ("out_trade_no", json!(number)),
            ("notify_url", json!(notify_url(&request.notify_url)?.ok_or_else(|| Error::new(NOT_FOUND_PARAM, "notify.url is missing"))?)),
            ("amount", json!({"total": total, "currency": "CNY"})),
            ("payer", json!({"openid": payer})),
        ] {
            body.insert(name.to_owned(), value);
        }
        let said = self.gateway.ask(merchant, Method::POST, "/v3/pay/transactions/jsapi", Some(&Value::Object(body)), patience).await;
        let prepaid = match said.map_err(|trouble| trouble.of_change())? {
            Said::Refused(refusal) => return Ok(refused(refusal, None)),
            Said::Done(value) => value["prepay_id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned).ok_or_else(unlike_change)?,
        };
        let nonce = nonce().ok_or_else(|| Error::internal("no random bytes"))?;
        let signed = ClientParameters::sign(&merchant.key, &merchant.app_id, &prepaid, now(), nonce);
        let signed = signed.ok_or_else(|| Error::internal("the parameters of a payment cannot be signed"))?;
        let told = json!({
            "outTradeNo": number,
            "prepayId": prepaid,
            "timeStamp": signed.timestamp.to_string(),
            "nonceStr": signed.nonce,
            "package": signed.package,
            "signType": "RSA",
            "paySign": signed.signature,
        });
        let known =
            Known { state: State::Pending, number: String::new(), amount: yuan(total), refunded: String::new(), user: payer.to_owned() };
        Ok(done(fields(told), known))
    }

    /// Asks for an order.
    pub(super) async fn query(&self, merchant: &Merchant, request: &Request, patience: Duration) -> Result<Answer> {
        let number = order(&request.arguments)?;
        match self.order(merchant, number, patience).await? {
            Asked::Refused(refusal) => {
                let known = is_absent(&refusal).then(absent);
                Ok(refused(refusal, known))
            }
            Asked::Found(known, value) => {
                let mut told = fields(value);
                let status = match known.state {
                    State::Done | State::Final => "TRADE_SUCCESS",
                    State::Closed | State::Failed => "TRADE_CLOSED",
                    State::Pending | State::Absent => "WAIT_BUYER_PAY",
                };
                told.insert("tradeNo".into(), json!(known.number));
                told.insert("tradeStatus".into(), json!(status));
                told.insert("totalAmount".into(), json!(known.amount));
                told.insert("buyerOpenId".into(), json!(known.user));
                Ok(done(told, known))
            }
        }
    }

    /// Ends an order that nobody has paid.
    pub(super) async fn close(&self, merchant: &Merchant, request: &Request, patience: Duration) -> Result<Answer> {
        let number = order(&request.arguments)?;
        let target = format!("/v3/pay/transactions/out-trade-no/{}/close", in_path(number));
        let said = self.gateway.ask(merchant, Method::POST, &target, Some(&json!({"mchid": merchant.id})), patience).await;
        match said.map_err(|trouble| trouble.of_change())? {
            Said::Refused(refusal) => {
                let known = is_absent(&refusal).then(absent);
                Ok(refused(refusal, known))
            }
            Said::Done(_) => Ok(done(fields(json!({"outTradeNo": number})), known(State::Closed))),
        }
    }

    /// What became of an order.
    pub(super) async fn find_order(&self, merchant: &Merchant, arguments: &Map<String, Value>, patience: Duration) -> Result<Known> {
        match self.order(merchant, order(arguments)?, patience).await? {
            Asked::Found(known, _) => Ok(known),
            Asked::Refused(refusal) if is_absent(&refusal) => Ok(absent()),
            Asked::Refused(refusal) => Err(unavailable().with_context("code", refusal.code)),
        }
    }

    /// Asks for an order by its number.
    pub(super) async fn order(&self, merchant: &Merchant, number: &str, patience: Duration) -> Result<Asked> {
        let target = format!("/v3/pay/transactions/out-trade-no/{}?mchid={}", in_path(number), merchant.id);
        let said = self.gateway.ask(merchant, Method::GET, &target, None, patience).await;
        match said.map_err(|trouble| trouble.of_question())? {
            Said::Refused(refusal) => Ok(Asked::Refused(refusal)),
            // A signature does not say which question it answers.
            Said::Done(value) if value["out_trade_no"] == number && is_of(&value, merchant) => match known_order(&value) {
                Some(known) => Ok(Asked::Found(known, value)),
                None => Err(unlike_question()),
            },
            Said::Done(_) => Err(unlike_question()),
        }
    }
}

/// Whether something is of a merchant and its app.
pub(super) fn is_of(value: &Value, merchant: &Merchant) -> bool {
    value["mchid"] == merchant.id && value["appid"] == merchant.app_id
}

/// What a `transaction` tells; none when it has no state that is known.
pub(super) fn known_order(value: &Value) -> Option<Known> {
    let state = match value["trade_state"].as_str()? {
        "SUCCESS" | "REFUND" => State::Done,
        "NOTPAY" | "USERPAYING" | "ACCEPT" => State::Pending,
        "CLOSED" | "REVOKED" => State::Closed,
        "PAYERROR" => State::Failed,
        _ => return None,
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(Known {
        state,
        number: text(&value["transaction_id"]),
        amount: value["amount"]["total"].as_i64().map(yuan).unwrap_or_default(),
        refunded: String::new(),
        user: text(&value["payer"]["openid"]),
    })
}

/// The address for notifications: HTTPS, without a query.
pub(super) fn notify_url(url: &str) -> Result<Option<&str>> {
    match url {
        "" => Ok(None),
        url if url.starts_with("https://") && !url.contains(['?', '#']) => Ok(Some(url)),
        _ => Err(invalid("notify.url", "an HTTPS address without a query")),
    }
}

/// Whether the platform says, signed, that it knows no such thing.
pub(super) fn is_absent(refusal: &Refusal) -> bool {
    refusal.genuine && matches!(refusal.code.as_str(), "ORDER_NOT_EXIST" | "ORDERNOTEXIST" | "RESOURCE_NOT_EXISTS")
}

/// The platform knows nothing of it.
pub(super) fn absent() -> Known {
    known(State::Absent)
}

/// Nothing but a state.
pub(super) fn known(state: State) -> Known {
    Known { state, number: String::new(), amount: String::new(), refunded: String::new(), user: String::new() }
}

/// A genuine answer to something else, after a change.
pub(super) fn unlike_change() -> Error {
    crate::gateway::Trouble::unlike().of_change()
}

/// A genuine answer to something else, after a question.
pub(super) fn unlike_question() -> Error {
    crate::gateway::Trouble::unlike().of_question()
}
