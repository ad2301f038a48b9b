//! The calls of the contract, made at the gateway.

use std::time::Duration;

use sdk_plugin::contract::cloudcall::codes::FEATURE_NOT_SUPPORT;
use sdk_plugin::contract::cloudcall::{Answer, Api, Description, Effect, Find, Finding, Kind, Known, Param, Request, State, Subject};
use sdk_plugin::{Error, Result};
use serde_json::{Map, Value, json};

use crate::amount::{cents, decimal, text};
use crate::gateway::{Gateway, Keys, Said, settings};

/// An API: its name, where it is with Cards, what it changes, the arguments.
type Row = (&'static str, &'static str, Effect, &'static [(&'static str, Kind)]);

const APIS: [Row; 5] = [
    (
        "payment.common.create",
        "/orders/make",
        Effect::Create,
        &[("subject", Kind::Text), ("outTradeNo", Kind::Text), ("totalAmount", Kind::Amount)],
    ),
    ("payment.common.query", "/orders/look", Effect::Query, &[("outTradeNo", Kind::Text)]),
    ("payment.common.close", "/orders/end", Effect::Close, &[("outTradeNo", Kind::Text)]),
    ("payment.common.refund", "/refunds/make", Effect::Refund, &[("outTradeNo", Kind::Text), ("refundAmount", Kind::Amount)]),
    (
        "fund.transferCard.transfer",
        "/transfers/make",
        Effect::Transfer,
        &[("outBizNo", Kind::Text), ("transAmount", Kind::Amount), ("card", Kind::Text)],
    ),
];

/// What the adapter is.
pub fn description() -> Description {
    let param = |&(name, kind): &(&str, Kind)| Param { name: name.to_owned(), kind, required: true };
    let api = |(name, _, effect, params): Row| Api { name: name.to_owned(), params: params.iter().map(param).collect(), effect };
    Description { platform: "cards".into(), apis: APIS.map(api).into(), settings: settings(), seller: "shop".into() }
}

/// Makes a call.
///
/// # Errors
/// `OUTCOME_UNKNOWN` when Cards may have done it; the codes of cloud calls for arguments, and
/// `InvalidConfiguration`, when it has not.
pub async fn call(gateway: &Gateway, request: &Request, patience: Duration) -> Result<Answer> {
    let found = APIS.iter().find(|(name, ..)| *name == request.api);
    let (_, path, effect, _) = found.ok_or_else(|| Error::new(FEATURE_NOT_SUPPORT, format!("Cards has no {}", request.api)))?;
    let keys = Keys::of(&request.app)?;
    let arguments = &request.arguments;
    let mut body = match effect {
        Effect::Transfer => {
            json!({"transfer": text(arguments, "outBizNo")?, "cents": cents(arguments, "transAmount")?, "card": text(arguments, "card")?})
        }
        _ => json!({"order": text(arguments, "outTradeNo")?}),
    };
    match effect {
        Effect::Create => {
            body["title"] = text(arguments, "subject")?.into();
            body["cents"] = cents(arguments, "totalAmount")?.into();
            body["notify"] = request.notify_url.as_str().into();
        }
        Effect::Refund => {
            body["refund"] = text(arguments, "outRequestNo")?.into();
            body["cents"] = cents(arguments, "refundAmount")?.into();
        }
        _ => {}
    }
    let question = *effect == Effect::Query;
    let said = gateway.ask(&keys, path, &body, patience).await;
    match said.map_err(|trouble| if question { trouble.of_question() } else { trouble.of_change() })? {
        Said::Done(answer) => Ok(Answer {
            code: "10000".into(),
            msg: "Success".into(),
            fields: fields(arguments, &answer),
            known: Some(known(&answer)),
            ..Answer::default()
        }),
        Said::Refused(sub_code, sub_msg) => {
            let known = (sub_code == "UNKNOWN_NUMBER").then(|| known(&Value::Null));
            Ok(Answer { code: "40004".into(), msg: "Business Failed".into(), sub_code, sub_msg, known, ..Answer::default() })
        }
    }
}

/// Finds out what became of something.
///
/// # Errors
/// `ServiceUnavailable` when Cards does not tell.
pub async fn find(gateway: &Gateway, find: &Find, patience: Duration) -> Result<Finding> {
    let keys = Keys::of(&find.app)?;
    let (path, body) = match find.subject {
        Subject::Order => ("/orders/look", json!({"order": text(&find.arguments, "outTradeNo")?})),
        Subject::Refund => ("/refunds/look", json!({"refund": text(&find.arguments, "outRequestNo")?})),
        Subject::Transfer => ("/transfers/look", json!({"transfer": text(&find.arguments, "outBizNo")?})),
    };
    match gateway.ask(&keys, path, &body, patience).await.map_err(|trouble| trouble.of_question())? {
        Said::Done(answer) => Ok(Finding { known: known(&answer) }),
        Said::Refused(error, _) if error == "UNKNOWN_NUMBER" => Ok(Finding { known: known(&Value::Null) }),
        Said::Refused(error, _) => Err(crate::gateway::Trouble::NotSent.of_question().with_context("error", error)),
    }
}

/// What an answer or a notification tells. One without a state tells of nothing that is there.
pub fn known(told: &Value) -> Known {
    let state = match told["state"].as_str() {
        Some("paid" | "made") => State::Done,
        Some("ended") => State::Closed,
        Some("refused") => State::Failed,
        Some(_) => State::Pending,
        None => State::Absent,
    };
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    Known { state, number: text("number"), amount: decimal(&told["cents"]), refunded: decimal(&told["refunded"]), user: text("card") }
}

/// What applications read of an answer.
fn fields(arguments: &Map<String, Value>, answer: &Value) -> Map<String, Value> {
    let ours = ["outTradeNo", "outRequestNo", "outBizNo"].map(|name| (name.to_owned(), arguments.get(name).cloned().unwrap_or_default()));
    let theirs =
        [("tradeNo", "number"), ("state", "state"), ("payUrl", "pay")].map(|(name, theirs)| (name.to_owned(), answer[theirs].clone()));
    ours.into_iter().chain(theirs).filter(|(_, value)| !value.is_null()).collect()
}
