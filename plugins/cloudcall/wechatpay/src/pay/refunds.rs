//! Refunds.

use std::time::{Duration, Instant};

use http::Method;
use sdk_plugin::Result;
use sdk_plugin::contract::cloudcall::{Answer, Known, Request, State};
use serde_json::{Map, Value, json};

use super::Pay;
use super::answer::{done, fields, refused};
use super::arguments::{amount, in_path, invalid, order, refund};
use super::orders::{Asked, absent, is_absent, notify_url, unlike_change, unlike_question};
use crate::amount::{fen, yuan};
use crate::gateway::{Said, unavailable};
use crate::merchant::Merchant;

/// Where refunds are.
const TARGET: &str = "/v3/refund/domestic/refunds";

impl Pay {
    /// Gives a part of an order's payment back. The gateway wants the order's whole amount too: it
    /// comes from the order book, or from the gateway itself.
    pub(super) async fn refund(&self, merchant: &Merchant, request: &Request, patience: Duration) -> Result<Answer> {
        let end = Instant::now() + patience;
        let arguments = &request.arguments;
        let (number, part, ours) = (order(arguments)?, amount(arguments, "refundAmount")?, refund(arguments)?);
        let notify = notify_url(&request.notify_url)?;
        let total = match request.order.as_ref().and_then(|order| fen(&order.amount)) {
            Some(total) => total,
            None => match self.order(merchant, number, patience).await? {
                Asked::Found(known, _) => fen(&known.amount).ok_or_else(unlike_question)?,
                Asked::Refused(refusal) => {
                    let known = is_absent(&refusal).then(absent);
                    return Ok(refused(refusal, known));
                }
            },
        };
        if part > total {
            return Err(invalid("refundAmount", "at most what was paid"));
        }
        let mut body = json!({
            "out_trade_no": number,
            "out_refund_no": ours,
            "amount": {"refund": part, "total": total, "currency": "CNY"},
        });
        if let Some(reason) = arguments.get("refundReason").and_then(Value::as_str).filter(|reason| !reason.is_empty()) {
            body["reason"] = json!(reason);
        }
        if let Some(url) = notify {
            body["notify_url"] = json!(url);
        }
        let patience = end.saturating_duration_since(Instant::now());
        let said = self.gateway.ask(merchant, Method::POST, TARGET, Some(&body), patience).await;
        let value = match said.map_err(|trouble| trouble.of_change())? {
            Said::Refused(refusal) => return Ok(refused(refusal, None)),
            Said::Done(value) => value,
        };
        let fits = value["out_trade_no"] == number && value["out_refund_no"] == ours && value["amount"]["refund"] == part;
        let known = known_refund(&value, "status").filter(|_| fits).ok_or_else(unlike_change)?;
        let mut told = fields(value);
        told.insert("tradeNo".into(), told.get("transactionId").cloned().unwrap_or_default());
        told.insert("outRequestNo".into(), json!(ours));
        told.insert("refundAmount".into(), json!(known.amount));
        told.insert("refundFee".into(), json!(known.amount));
        told.insert("fundChange".into(), json!(if known.state == State::Done { "Y" } else { "N" }));
        if let Some(time) = told.get("successTime").cloned() {
            told.insert("gmtRefundPay".into(), time);
        }
        Ok(done(told, known))
    }

    /// What became of a refund.
    pub(super) async fn find_refund(&self, merchant: &Merchant, arguments: &Map<String, Value>, patience: Duration) -> Result<Known> {
        let ours = refund(arguments)?;
        let target = format!("{TARGET}/{}", in_path(ours));
        let said = self.gateway.ask(merchant, Method::GET, &target, None, patience).await;
        match said.map_err(|trouble| trouble.of_question())? {
            Said::Refused(refusal) if is_absent(&refusal) => Ok(absent()),
            Said::Refused(refusal) => Err(unavailable().with_context("code", refusal.code)),
            Said::Done(value) => {
                let fits =
                    value["out_refund_no"] == ours && arguments.get("outTradeNo").is_none_or(|order| value["out_trade_no"] == *order);
                known_refund(&value, "status").filter(|_| fits).ok_or_else(unlike_question)
            }
        }
    }
}

/// What is told of a refund; none when it has no state that is known. One that did not reach the
/// payer's account, `ABNORMAL`, waits for the merchant.
pub(super) fn known_refund(value: &Value, status: &str) -> Option<Known> {
    let state = match value[status].as_str()? {
        "SUCCESS" => State::Done,
        "PROCESSING" | "ABNORMAL" => State::Pending,
        "CLOSED" => State::Failed,
        _ => return None,
    };
    Some(Known {
        state,
        number: value["refund_id"].as_str().unwrap_or_default().to_owned(),
        amount: value["amount"]["refund"].as_i64().map(yuan)?,
        refunded: String::new(),
        user: String::new(),
    })
}
