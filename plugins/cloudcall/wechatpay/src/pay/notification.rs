//! Notifications: what WeChat Pay tells of payments and refunds.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_plugin::contract::cloudcall::{Delivery, Notice, Received, Response, Subject};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Pay;
use super::answer::fields;
use super::orders::{is_of, known_order};
use super::refunds::known_refund;
use crate::gateway::Verdict;
use crate::merchant::Merchant;
use crate::resource::Resource;

/// How long fetching a certificate may take: WeChat Pay waits five seconds in all.
const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    event_type: String,
    resource_type: String,
    resource: Resource,
}

impl Pay {
    /// Checks a notification. Probes, whose signature is wrong on purpose, are refused like any
    /// other that is not genuine.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the app's settings cannot be used.
    pub async fn receive(&self, delivery: &Delivery, patience: Duration) -> Result<Received> {
        let merchant = Merchant::of(&delivery.app)?;
        let body = STANDARD.decode(&delivery.body).map_err(|e| Error::invalid_params("body must be Base64").with_source(e))?;
        let field = |name: &str| delivery.headers.get(name).map(String::as_str);
        match self.gateway.verdict(&merchant, &field, &body, patience.min(PATIENCE)).await {
            Verdict::Genuine => {}
            Verdict::Unsigned | Verdict::Forged => return Ok(told(None, fail(401, "the signature is wrong"))),
            // It comes again.
            Verdict::Untold(_) => return Ok(told(None, fail(503, "try again"))),
        }
        let opened = serde_json::from_slice::<Envelope>(&body).ok().filter(|envelope| envelope.resource_type == "encrypt-resource");
        let opened = opened.and_then(|envelope| {
            let value: Value = serde_json::from_slice(&envelope.resource.open(&merchant.api_v3_key)?).ok()?;
            Some((envelope, value))
        });
        let Some((envelope, value)) = opened else { return Ok(told(None, fail(400, "the notification does not open"))) };
        let kind = envelope.resource.original_type.as_deref().unwrap_or_default();
        let (subject, known) = match (kind, envelope.event_type.as_str()) {
            ("transaction", _) | ("", "TRANSACTION.SUCCESS") => (Subject::Order, known_order(&value).filter(|_| is_of(&value, &merchant))),
            ("refund", _) | ("", "REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED") => {
                (Subject::Refund, known_refund(&value, "refund_status").filter(|_| value["mchid"] == merchant.id))
            }
            // Of something that nobody here has asked for, such as a coupon.
            _ => return Ok(told(None, success())),
        };
        let our_number = value[if subject == Subject::Order { "out_trade_no" } else { "out_refund_no" }].as_str().map(str::to_owned);
        let whole = known.zip(our_number).filter(|(known, _)| !known.number.is_empty() && !known.amount.is_empty());
        let Some((known, our_number)) = whole else { return Ok(told(None, fail(400, "the notification is for somebody else"))) };
        let state = value[if subject == Subject::Order { "trade_state" } else { "refund_status" }].as_str().unwrap_or_default();
        let notice = Notice {
            id: format!("{kind}:{}:{state}", known.number),
            subject,
            our_number,
            app_id: merchant.app_id.clone(),
            seller: merchant.id.clone(),
            known,
            fields: fields(value),
        };
        Ok(told(Some(notice), success()))
    }
}

fn told(notice: Option<Notice>, reply: Response) -> Received {
    Received { notice, reply, refusal: fail(500, "the notification was not taken") }
}

fn success() -> Response {
    Response { status: 204, content_type: String::new(), body: String::new() }
}

fn fail(status: u16, message: &str) -> Response {
    let body = json!({"code": "FAIL", "message": message}).to_string();
    Response { status, content_type: "application/json".into(), body }
}
