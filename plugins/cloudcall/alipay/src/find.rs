//! What became of an order, a refund or a transfer.

use std::time::Duration;

use sdk_plugin::contract::cloudcall::codes::{INVALID_PARAM, NOT_FOUND_PARAM};
use sdk_plugin::contract::cloudcall::{Find, Finding, Known, State, Subject};
use sdk_plugin::{Error, Result};
use serde_json::{Value, json};

use crate::adapter::{Adapter, refusal};
use crate::amount::normal;
use crate::apis::{known, of_order, of_transfer, transfer_product};
use crate::gateway::{Ask, Node, SUCCESS};

/// Finds it. Absent is only what Alipay says under its signature that it does not have.
///
/// # Errors
/// `NOT_FOUND_PARAM` without its number, `ServiceUnavailable` when nobody knows now.
pub async fn find(adapter: &Adapter, find: &Find, remaining: Duration) -> Result<Finding> {
    let (method, content, absent) = match find.subject {
        Subject::Order => ("alipay.trade.query", json!({"out_trade_no": number(find, "outTradeNo")?}), &["TRADE_NOT_EXIST"][..]),
        Subject::Refund => (
            "alipay.trade.fastpay.refund.query",
            json!({"out_trade_no": number(find, "outTradeNo")?, "out_request_no": number(find, "outRequestNo")?}),
            &["TRADE_NOT_EXIST", "REFUND_NOT_EXIST"][..],
        ),
        Subject::Transfer => {
            let product = transfer_product(&find.api).ok_or_else(|| Error::new(INVALID_PARAM, "the API pays nobody"))?;
            let number = number(find, "outBizNo")?;
            let content = json!({"out_biz_no": number, "product_code": product, "biz_scene": "DIRECT_TRANSFER"});
            ("alipay.fund.trans.common.query", content, &["ORDER_NOT_EXIST"][..])
        }
    };
    let merchant = if find.app_auth_token.is_empty() { find.app.setting("appAuthToken") } else { Some(&*find.app_auth_token) };
    let options = vec![("app_auth_token", merchant.unwrap_or_default().to_owned())];
    let node =
        adapter.look(&find.app, &Ask { method: method.to_owned(), content: Some(content), fields: Vec::new(), options }, remaining).await?;
    if node.text("code") != SUCCESS {
        let sub = node.text("sub_code");
        let sub = sub.strip_prefix("ACQ.").unwrap_or(sub);
        return if absent.contains(&sub) { Ok(Finding { known: known(State::Absent) }) } else { Err(refusal(&node)) };
    }
    let known = match find.subject {
        Subject::Order => of_order(&node),
        Subject::Refund => of_refund(&node),
        Subject::Transfer => of_transfer(&node),
    };
    Ok(Finding { known })
}

/// A refund that was made has a status or, in answers of older gateways, an amount only.
fn of_refund(node: &Node) -> Known {
    let amount = normal(node.text("refund_amount"));
    let state = match node.text("refund_status") {
        "REFUND_SUCCESS" => State::Done,
        "" if amount.is_empty() => State::Absent,
        "" => State::Done,
        "REFUND_FAIL" | "REFUND_FAILED" => State::Failed,
        _ => State::Pending,
    };
    Known { number: node.text("trade_no").to_owned(), amount, ..known(state) }
}

fn number<'f>(find: &'f Find, name: &str) -> Result<&'f str> {
    let number = find.arguments.get(name).and_then(Value::as_str).filter(|number| !number.is_empty());
    number.ok_or_else(|| Error::new(NOT_FOUND_PARAM, format!("{name} is missing")))
}
