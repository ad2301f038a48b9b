//! Notifications: forms that the gateway posts to us, signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_plugin::contract::cloudcall::{Delivery, Known, Notice, Received, Response, State, Subject};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result};
use serde_json::{Map, Value};

use crate::amount::normal;
use crate::apis::{known, trade_state, transfer_state};
use crate::credentials::Credentials;
use crate::protocol::keys::PublicKey;
use crate::protocol::text::{Parameters, signed_text};

/// The most parameters that a notification may have. Genuine ones have about thirty.
const MAX_PARAMETERS: usize = 200;

/// Checks a notification. One that is not genuine, or is for somebody else, has no notice.
///
/// # Errors
/// `InvalidConfiguration` for settings; `InvalidParams.Format` when the body is not Base64.
pub fn receive(delivery: &Delivery) -> Result<Received> {
    let body = STANDARD.decode(&delivery.body).map_err(|_| Error::invalid_params("body is not Base64"))?;
    let credentials = Credentials::of(&delivery.app)?;
    let genuine = parameters(&body).filter(|form| genuine(form, &credentials.public));
    let Some(form) = genuine else {
        tracing::warn!(app = delivery.app.app_id, "a notification is not signed by Alipay");
        return Ok(Received { notice: None, reply: refusal(), refusal: refusal() });
    };
    if !meant(&form, &delivery.app) {
        tracing::warn!(app = delivery.app.app_id, "a notification is for another app or seller");
        return Ok(Received { notice: None, reply: refusal(), refusal: refusal() });
    }
    match told(&form) {
        Told::Notice(notice) => Ok(Received { notice: Some(*notice), reply: response(200, "success"), refusal: refusal() }),
        Told::Nothing => Ok(Received { notice: None, reply: response(200, "success"), refusal: refusal() }),
        Told::Incomplete => {
            tracing::warn!(app = delivery.app.app_id, "a notification of a payment does not say of which, or how much");
            Ok(Received { notice: None, reply: refusal(), refusal: refusal() })
        }
    }
}

/// Anything but `success` has Alipay send it again.
fn refusal() -> Response {
    response(400, "fail")
}

fn response(status: u16, body: &str) -> Response {
    Response { status, content_type: "text/plain".to_owned(), body: body.to_owned() }
}

/// The form, decoded once. None when a name comes twice, since it would not be clear which is signed.
fn parameters(body: &[u8]) -> Option<Parameters> {
    let mut parameters = Parameters::new();
    for (name, value) in form_urlencoded::parse(body) {
        if parameters.len() >= MAX_PARAMETERS || parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(parameters)
}

/// Notifications of trades are signed without `sign_type`, other messages with it.
fn genuine(form: &Parameters, key: &PublicKey) -> bool {
    let sign = text(form, "sign");
    text(form, "sign_type") == "RSA2"
        && [&["sign", "sign_type"][..], &["sign"]].iter().any(|without| key.verifies(&signed_text(form, without), sign))
}

/// Whether a genuine notification is for this app and its seller.
fn meant(form: &Parameters, app: &App) -> bool {
    let (app_id, seller) = (text(form, "app_id"), text(form, "seller_id"));
    app_id == app.app_id && (seller.is_empty() || app.setting("sellerId").is_none_or(|ours| ours == seller))
}

/// What a genuine notification tells.
enum Told {
    /// What became of an order or a transfer.
    Notice(Box<Notice>),
    /// Something that no accounts are kept of.
    Nothing,
    /// Something that accounts are kept of, without what it takes to check it.
    Incomplete,
}

fn told(form: &Parameters) -> Told {
    let content: Map<String, Value>;
    let (status, subject, our_number, told) = match (text(form, "notify_type"), text(form, "msg_method")) {
        ("trade_status_sync", _) => {
            let status = text(form, "trade_status");
            let Some(state) = trade_state(status) else { return Told::Nothing };
            let told = Known {
                number: text(form, "trade_no").to_owned(),
                amount: normal(text(form, "total_amount")),
                refunded: normal(text(form, "refund_fee")),
                user: ["buyer_open_id", "buyer_id"]
                    .iter()
                    .map(|name| text(form, name))
                    .find(|id| !id.is_empty())
                    .unwrap_or_default()
                    .to_owned(),
                ..known(state)
            };
            (status, Subject::Order, text(form, "out_trade_no"), told)
        }
        (_, "alipay.fund.trans.order.changed") => {
            let Ok(read) = serde_json::from_str(text(form, "biz_content")) else { return Told::Incomplete };
            content = read;
            let field = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default();
            let state = transfer_state(field("status"));
            let told = Known { number: field("order_id").to_owned(), amount: normal(field("trans_amount")), ..known(state) };
            (field("status"), Subject::Transfer, field("out_biz_no"), told)
        }
        _ => return Told::Nothing,
    };
    let id = text(form, "notify_id");
    if our_number.is_empty() || id.is_empty() || (subject == Subject::Order && told.amount.is_empty() && told.state != State::Closed) {
        return Told::Incomplete;
    }
    Told::Notice(Box::new(Notice {
        id: format!("{id}/{status}"),
        subject,
        our_number: our_number.to_owned(),
        app_id: text(form, "app_id").to_owned(),
        seller: text(form, "seller_id").to_owned(),
        known: told,
        fields: fields(form),
    }))
}

/// All but what was needed to check it.
fn fields(form: &Parameters) -> Map<String, Value> {
    let kept = form.iter().filter(|(name, _)| !["sign", "sign_type"].contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect()
}

fn text<'f>(form: &'f Parameters, name: &str) -> &'f str {
    form.get(name).map(String::as_str).unwrap_or_default()
}
