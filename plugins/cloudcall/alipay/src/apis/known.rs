//! What answers tell of orders, refunds and transfers.

use sdk_plugin::contract::cloudcall::{Effect, Known, State};
use serde_json::{Map, Value};

use crate::amount::normal;
use crate::gateway::{Node, REFUSALS, SUCCESS};

/// The code of a payment that waits for the payer's password.
const WAITS: &str = "10003";
/// Failure of the business.
const FAILED: &str = "40004";

/// Whether it is not known what became of a call that changes something.
pub fn undecided(node: &Node) -> bool {
    let (code, sub) = (node.text("code"), node.text("sub_code"));
    match code {
        SUCCESS => node.text("retry_flag") == "Y",
        WAITS => false,
        FAILED => !node.signed || ["SYSTEM_ERROR", "REQUEST_PROCESSING", "UNKNOWN_ERROR"].iter().any(|end| sub.ends_with(end)),
        code => !REFUSALS.contains(&code),
    }
}

/// What the answer to a call tells of what it was about.
pub fn of_answer(effect: Effect, arguments: &Map<String, Value>, node: &Node) -> Option<Known> {
    let code = node.text("code");
    let number = |name: &str| node.text(name).to_owned();
    let just = |state| Some(Known { number: number("trade_no"), ..known(state) });
    if code != SUCCESS && code != WAITS {
        return refused(effect, node);
    }
    match effect {
        Effect::None => None,
        Effect::Create => just(State::Pending),
        Effect::Pay if code == WAITS => just(State::Pending),
        Effect::Pay => Some(Known { state: State::Done, ..of_order(node) }),
        Effect::Query => Some(of_order(node)),
        Effect::Close | Effect::Cancel => just(State::Closed),
        // "N" is also the answer to a refund that is asked for again.
        Effect::Refund => Some(Known {
            number: number("trade_no"),
            amount: arguments.get("refundAmount").and_then(Value::as_str).map(normal).unwrap_or_default(),
            refunded: normal(node.text("refund_fee")),
            user: buyer(node),
            ..known(if node.text("fund_change") == "Y" { State::Done } else { State::Pending })
        }),
        Effect::Transfer => Some(of_transfer(node)),
    }
}

/// What a refusal tells. Nothing, where the order may be in a state that the code does not say.
fn refused(effect: Effect, node: &Node) -> Option<Known> {
    let sub = node.text("sub_code");
    let sub = sub.strip_prefix("ACQ.").unwrap_or(sub);
    match (effect, sub) {
        (Effect::None, _) => None,
        (Effect::Query | Effect::Close | Effect::Cancel, "TRADE_NOT_EXIST") if node.signed => Some(known(State::Absent)),
        (Effect::Query | Effect::Close | Effect::Cancel, _) => None,
        (Effect::Create | Effect::Pay, "TRADE_HAS_SUCCESS") => Some(known(State::Done)),
        (Effect::Create | Effect::Pay, "TRADE_HAS_CLOSE") => Some(known(State::Closed)),
        // There is such an order, with something else in it.
        (Effect::Create | Effect::Pay, "CONTEXT_INCONSISTENT") => None,
        (Effect::Create | Effect::Pay | Effect::Refund | Effect::Transfer, _) => Some(known(State::Failed)),
    }
}

/// What the answer to `alipay.trade.query` tells.
pub fn of_order(node: &Node) -> Known {
    Known {
        number: node.text("trade_no").to_owned(),
        amount: normal(node.text("total_amount")),
        user: buyer(node),
        ..known(trade_state(node.text("trade_status")).unwrap_or(State::Pending))
    }
}

/// Where an order stands that has a status.
pub fn trade_state(status: &str) -> Option<State> {
    match status {
        "WAIT_BUYER_PAY" => Some(State::Pending),
        "TRADE_SUCCESS" => Some(State::Done),
        "TRADE_FINISHED" => Some(State::Final),
        "TRADE_CLOSED" => Some(State::Closed),
        _ => None,
    }
}

/// What the answer to a transfer, or to `alipay.fund.trans.common.query`, tells.
pub fn of_transfer(node: &Node) -> Known {
    let state = transfer_state(node.text("status"));
    Known { number: node.text("order_id").to_owned(), amount: normal(node.text("trans_amount")), ..known(state) }
}

/// Where a transfer stands that has a status.
pub fn transfer_state(status: &str) -> State {
    match status {
        "SUCCESS" => State::Done,
        "FAIL" => State::Failed,
        "REFUND" | "CLOSED" => State::Closed,
        _ => State::Pending,
    }
}

/// Nothing but a state.
pub fn known(state: State) -> Known {
    Known { state, number: String::new(), amount: String::new(), refunded: String::new(), user: String::new() }
}

fn buyer(node: &Node) -> String {
    ["buyer_open_id", "buyer_user_id"].iter().map(|name| node.text(name)).find(|id| !id.is_empty()).unwrap_or_default().to_owned()
}
