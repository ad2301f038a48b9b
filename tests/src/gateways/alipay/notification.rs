//! Notifications of trades.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::book::{Status, Trade, Transfer};
use super::{ALIPAY_KEY, APP_ID, OTHER_KEY, SELLER};
use crate::gateways::key::Key;
use crate::gateways::money;
use crate::wire::{agent, post};

/// A notification that is to be pushed.
#[derive(Clone, Debug)]
pub struct Notification {
    fields: BTreeMap<String, String>,
    /// Fields that were changed after it was signed.
    changed: BTreeMap<String, String>,
    key: &'static str,
    /// What is not signed: trades go without `sign_type`, messages with it.
    unsigned: &'static str,
    url: String,
}

impl Notification {
    pub(super) fn of(out_trade_no: &str, trade: &Trade) -> Self {
        let time = humantime::format_rfc3339_seconds(SystemTime::now() + Duration::from_secs(8 * 3600)).to_string();
        let time = time.trim_end_matches('Z').replace('T', " ");
        let given_back: u64 = trade.refunds.values().sum();
        let total = money::write(trade.total);
        let mut fields = vec![
            ("notify_time", time.clone()),
            ("notify_type", "trade_status_sync".to_owned()),
            ("notify_id", format!("{}{}{given_back}", trade.number, trade.status.name().to_ascii_lowercase())),
            ("app_id", APP_ID.to_owned()),
            ("charset", "UTF-8".to_owned()),
            ("version", "1.0".to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("trade_no", trade.number.clone()),
            ("out_trade_no", out_trade_no.to_owned()),
            ("trade_status", trade.status.name().to_owned()),
            ("total_amount", total.clone()),
            ("seller_id", SELLER.to_owned()),
            ("buyer_id", trade.buyer.clone()),
            ("subject", trade.subject.clone()),
            ("gmt_create", time.clone()),
        ];
        if trade.status != Status::Waiting {
            fields.push(("receipt_amount", total.clone()));
            fields.push(("fund_bill_list", format!(r#"[{{"amount":"{total}","fundChannel":"ALIPAYACCOUNT"}}]"#)));
            fields.push(("gmt_payment", time));
        }
        if given_back > 0 {
            fields.push(("refund_fee", money::write(given_back)));
        }
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { fields, changed: BTreeMap::new(), key: ALIPAY_KEY, unsigned: "sign_type", url: trade.notify_url.clone() }
    }

    /// What is told of transfers goes to the address that the app subscribes with.
    pub(super) fn of_transfer(out_biz_no: &str, transfer: &Transfer, url: &str) -> Self {
        let content = json!({
            "out_biz_no": out_biz_no,
            "order_id": transfer.number,
            "pay_fund_order_id": transfer.number,
            "trans_amount": money::write(transfer.amount),
            "status": "SUCCESS",
            "biz_scene": "DIRECT_TRANSFER",
        });
        let fields = [
            ("notify_id", format!("{}success", transfer.number)),
            ("utc_timestamp", "1795680000000".to_owned()),
            ("msg_method", "alipay.fund.trans.order.changed".to_owned()),
            ("app_id", APP_ID.to_owned()),
            ("version", "1.1".to_owned()),
            ("charset", "UTF-8".to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("biz_content", content.to_string()),
        ];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { fields, changed: BTreeMap::new(), key: ALIPAY_KEY, unsigned: "", url: url.to_owned() }
    }

    /// With another value of a field, signed all the same.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With another value of a field than was signed.
    #[must_use]
    pub fn tampered(mut self, name: &str, value: &str) -> Self {
        self.changed.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Signed by somebody else.
    #[must_use]
    pub fn forged(self) -> Self {
        Self { key: OTHER_KEY, ..self }
    }

    /// Where it goes to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The form that is posted.
    pub fn form(&self) -> BTreeMap<String, String> {
        let signed = self.fields.iter().filter(|(name, value)| *name != self.unsigned && !value.is_empty());
        let signed: Vec<String> = signed.map(|(name, value)| format!("{name}={value}")).collect();
        let mut form = self.fields.clone();
        form.extend(self.changed.clone());
        form.insert("sign".to_owned(), Key::read(self.key).sign(signed.join("&").as_bytes()));
        form
    }

    /// The same in its code.
    pub fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.form()).finish()
    }

    /// Pushes it to a server in the place of the one that it names; the status and body of its
    /// answer.
    ///
    /// # Panics
    /// When nobody answers.
    #[track_caller]
    pub fn push(&self, server: &str) -> (u16, String) {
        let path = self.url.splitn(4, '/').nth(3).unwrap_or_default();
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let answer = post(&agent(), &format!("{server}/{path}"), &[("content-type", kind)], self.body().as_bytes());
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }
}
