//! Notifications: JSON that Cards posts to us, with its HMAC in the header field `cards-sign`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_plugin::contract::cloudcall::{Delivery, Notice, Received, Response, Subject};
use sdk_plugin::{Error, Result};
use serde_json::Value;

use crate::adapter::known;
use crate::gateway::Keys;

/// Checks a notification. Cards sends it again until it is answered with 200.
///
/// # Errors
/// `InvalidConfiguration` for the app's settings; `InvalidParams.Format` when the body is no Base64.
pub fn receive(delivery: &Delivery) -> Result<Received> {
    let keys = Keys::of(&delivery.app)?;
    let body = STANDARD.decode(&delivery.body).map_err(|_| Error::invalid_params("body is not Base64"))?;
    let signature = delivery.headers.get("cards-sign").map(String::as_str).unwrap_or_default();
    let notice = keys.verifies(&body, signature).then(|| notice(&keys, &body)).flatten();
    let reply = if notice.is_some() { response(200, "taken") } else { response(400, "not for us") };
    Ok(Received { notice, reply, refusal: response(503, "again") })
}

fn notice(keys: &Keys, body: &[u8]) -> Option<Notice> {
    let told: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    let (id, our_number, app_id, seller) = (text("id")?, text("order")?, text("app")?, text("shop")?);
    let known = known(&told);
    let ours = app_id == keys.app && seller == keys.shop && !known.amount.is_empty();
    ours.then(|| Notice {
        id,
        subject: Subject::Order,
        our_number,
        app_id,
        seller,
        known,
        fields: told.as_object().cloned().unwrap_or_default(),
    })
}

fn response(status: u16, body: &str) -> Response {
    Response { status, content_type: "text/plain".to_owned(), body: body.to_owned() }
}
