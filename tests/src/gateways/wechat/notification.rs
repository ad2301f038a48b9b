//! Notifications of payments and refunds.

use serde_json::{Value, json};

use super::book::{Order, Refund, shown};
use super::wire::{nonce, seal, signature};
use super::{MERCHANT, Mode, OTHER_KEY, PLATFORM_KEY};
use crate::wire::{agent, post};

/// A notification that is to be pushed.
#[derive(Clone, Debug)]
pub struct Notification {
    mode: Mode,
    id: String,
    event: &'static str,
    kind: &'static str,
    /// What is encrypted.
    told: Value,
    key: &'static str,
    probe: bool,
    tampered: bool,
    url: String,
}

impl Notification {
    pub(super) fn of_order(mode: Mode, out_trade_no: &str, order: &Order) -> Self {
        Self::new(mode, "TRANSACTION.SUCCESS", "transaction", shown(out_trade_no, order), &order.notify_url)
    }

    pub(super) fn of_refund(mode: Mode, out_refund_no: &str, refund: &Refund, order: Option<&Order>) -> Self {
        let total = order.map_or(0, |order| order.total);
        let told = json!({
            "mchid": MERCHANT,
            "out_trade_no": refund.order,
            "transaction_id": order.map(|order| order.number.clone()),
            "out_refund_no": out_refund_no,
            "refund_id": refund.number,
            "refund_status": refund.status(),
            "success_time": "2026-11-26T16:00:00+08:00",
            "amount": {"total": total, "refund": refund.amount, "payer_total": total, "payer_refund": refund.amount},
        });
        Self::new(mode, "REFUND.SUCCESS", "refund", told, &refund.notify_url)
    }

    fn new(mode: Mode, event: &'static str, kind: &'static str, told: Value, url: &str) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        Self { mode, id, event, kind, told, key: PLATFORM_KEY, probe: false, tampered: false, url: url.to_owned() }
    }

    /// With another value, at a path such as `/amount/total`, signed all the same.
    ///
    /// # Panics
    /// When there is no value at the path.
    #[must_use]
    pub fn with(mut self, path: &str, value: Value) -> Self {
        *self.told.pointer_mut(path).expect("there is a value") = value;
        self
    }

    /// With another encrypted part than was signed.
    #[must_use]
    pub fn tampered(self) -> Self {
        Self { tampered: true, ..self }
    }

    /// Signed by somebody else.
    #[must_use]
    pub fn forged(self) -> Self {
        Self { key: OTHER_KEY, ..self }
    }

    /// As a probe of the platform, whose signature is wrong on purpose.
    #[must_use]
    pub fn probe(self) -> Self {
        Self { probe: true, ..self }
    }

    /// Where it goes to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Pushes it to a server in the place of the one that it names; the status and body of its
    /// answer. Each time it is encrypted and signed anew.
    ///
    /// # Panics
    /// When nobody answers.
    #[track_caller]
    pub fn push(&self, server: &str) -> (u16, String) {
        let path = self.url.splitn(4, '/').nth(3).unwrap_or_default();
        let nonce = nonce(12);
        let envelope = |told: &Value| {
            json!({
                "id": self.id,
                "create_time": "2026-11-26T16:00:00+08:00",
                "resource_type": "encrypt-resource",
                "event_type": self.event,
                "summary": "支付成功",
                "resource": {
                    "original_type": self.kind,
                    "algorithm": "AEAD_AES_256_GCM",
                    "ciphertext": seal(&nonce, self.kind, &told.to_string()),
                    "associated_data": self.kind,
                    "nonce": nonce,
                },
            })
            .to_string()
        };
        let signed = envelope(&self.told);
        let mut fields = signature(self.mode, self.key, &signed);
        if self.probe {
            fields[4].1.insert_str(0, "WECHATPAY/SIGNTEST/");
        }
        let body = if self.tampered { envelope(&json!({})) } else { signed };
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
        let answer = post(&agent(), &format!("{server}/{path}"), &headers, body.as_bytes());
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }
}
