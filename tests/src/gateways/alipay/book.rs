//! What Alipay keeps account of, and what its methods do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Heard, SELLER};
use crate::gateways::money;

/// Where a trade stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `WAIT_BUYER_PAY`
    Waiting,
    /// `TRADE_SUCCESS`
    Paid,
    /// `TRADE_CLOSED`: without a payment, or all of it was given back.
    Closed,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "WAIT_BUYER_PAY",
            Self::Paid => "TRADE_SUCCESS",
            Self::Closed => "TRADE_CLOSED",
        }
    }
}

/// A user of Alipay.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The older kind of id, 2088….
    pub user_id: String,
    /// The newer one; empty where the app has not got it.
    pub open_id: String,
    /// Empty where the app has not got it.
    pub union_id: String,
}

pub(super) struct Trade {
    pub number: String,
    pub subject: String,
    pub total: u64,
    pub buyer: String,
    pub status: Status,
    pub notify_url: String,
    /// By `out_request_no`.
    pub refunds: BTreeMap<String, u64>,
}

impl Trade {
    pub fn paid(buyer: &str) -> Self {
        Self {
            number: "2026112622001000000000000000001".to_owned(),
            subject: "茶".to_owned(),
            total: 1230,
            buyer: buyer.to_owned(),
            status: Status::Paid,
            notify_url: String::new(),
            refunds: BTreeMap::new(),
        }
    }
}

pub(super) struct Transfer {
    pub number: String,
    pub amount: u64,
    content: Value,
}

/// The book.
#[derive(Default)]
pub(super) struct Book {
    pub trades: BTreeMap<String, Trade>,
    pub transfers: BTreeMap<String, Transfer>,
    /// Who signs in with which code.
    pub codes: BTreeMap<String, User>,
    numbers: u64,
}

impl Book {
    /// Does what a request asks; the node of the answer.
    pub fn execute(&mut self, heard: &Heard) -> Value {
        let content = &heard.content;
        match heard.method.as_str() {
            "alipay.trade.create" => self.create(heard),
            "alipay.trade.pay" => self.take(heard),
            "alipay.trade.query" => self.query(content),
            "alipay.trade.refund" => self.refund(content),
            "alipay.trade.fastpay.refund.query" => self.query_refund(content),
            "alipay.trade.close" => self.close(content),
            "alipay.trade.cancel" => self.cancel(content),
            "alipay.fund.trans.uni.transfer" | "alipay.fund.trans.common.query" if heard.text("app_cert_sn").is_empty() => {
                json!({"code": "40006", "msg": "Insufficient Permissions", "sub_code": "isv.insufficient-isv-permissions"})
            }
            "alipay.fund.trans.uni.transfer" => self.transfer(content),
            "alipay.fund.trans.common.query" => self.query_transfer(content),
            "alipay.system.oauth.token" => self.token(heard),
            "alipay.open.app.qrcode.create" => {
                done(json!({"qr_code_url": format!("http://qr.example.test/{}", text(content, "query_param"))}))
            }
            "alipay.security.risk.content.detect" => done(json!({"action": "PASSED", "keywords": [], "unique_id": "risk-1"})),
            "alipay.open.app.mini.templatemessage.send" => done(json!({})),
            "alipay.user.certify.open.initialize" => done(json!({"certify_id": format!("certify-{}", text(content, "outer_order_no"))})),
            "alipay.user.certify.open.query" => done(json!({"passed": "T"})),
            "alipay.user.info.share" => done(json!({"nick_name": "小明", "auth_token": heard.text("auth_token")})),
            _ => json!({"code": "40004", "msg": "Business Failed", "sub_code": "isv.invalid-method", "sub_msg": "不存在的方法名"}),
        }
    }

    fn number(&mut self, kind: &str) -> String {
        self.numbers += 1;
        format!("{kind}{:018}", self.numbers)
    }

    /// Makes a trade, or says what is the matter with one that is there.
    fn make(&mut self, heard: &Heard, buyer: &str) -> Result<&mut Trade, Value> {
        let content = &heard.content;
        let number = text(content, "out_trade_no").to_owned();
        let total = money::read(text(content, "total_amount")).filter(|total| *total > 0);
        let subject = text(content, "subject");
        let (Some(total), false, false) = (total, number.is_empty(), subject.is_empty()) else {
            return Err(failed("ACQ.INVALID_PARAMETER"));
        };
        let serial = self.number("2026112622001");
        let trade = self.trades.entry(number).or_insert_with(|| Trade {
            number: serial,
            subject: subject.to_owned(),
            total,
            buyer: buyer.to_owned(),
            status: Status::Waiting,
            notify_url: heard.text("notify_url").to_owned(),
            refunds: BTreeMap::new(),
        });
        match trade.status {
            Status::Paid => Err(failed("ACQ.TRADE_HAS_SUCCESS")),
            Status::Closed => Err(failed("ACQ.TRADE_HAS_CLOSE")),
            Status::Waiting if trade.total != total || trade.subject != subject => Err(failed("ACQ.CONTEXT_INCONSISTENT")),
            Status::Waiting => Ok(trade),
        }
    }

    fn create(&mut self, heard: &Heard) -> Value {
        let content = &heard.content;
        let buyer = match (text(content, "buyer_id"), text(content, "buyer_open_id")) {
            ("", "") => return failed("ACQ.BUYER_NOT_EXIST"),
            ("", open) => open,
            (user, _) if user.starts_with("2088") && user.len() == 16 => user,
            _ => return failed("ACQ.BUYER_NOT_EXIST"),
        };
        match self.make(heard, buyer) {
            Ok(trade) => done(json!({"out_trade_no": text(content, "out_trade_no"), "trade_no": trade.number})),
            Err(node) => node,
        }
    }

    /// A payment by a code that the payer shows. One that begins with 29 waits for the password.
    fn take(&mut self, heard: &Heard) -> Value {
        let (content, waits) = (&heard.content, text(&heard.content, "auth_code").starts_with("29"));
        if text(content, "scene") != "bar_code" {
            return failed("ACQ.INVALID_PARAMETER");
        }
        match self.make(heard, "2088102122524333") {
            Ok(trade) if waits => {
                let told = json!({"out_trade_no": text(content, "out_trade_no"), "trade_no": trade.number});
                with(json!({"code": "10003", "msg": "order success pay inprocess"}), told)
            }
            Ok(trade) => {
                trade.status = Status::Paid;
                done(shown(text(content, "out_trade_no"), trade))
            }
            Err(node) => node,
        }
    }

    fn query(&self, content: &Value) -> Value {
        let number = text(content, "out_trade_no");
        match self.trades.get(number) {
            Some(trade) => done(with(shown(number, trade), json!({"trade_status": trade.status.name()}))),
            None => failed("ACQ.TRADE_NOT_EXIST"),
        }
    }

    fn refund(&mut self, content: &Value) -> Value {
        let number = text(content, "out_trade_no");
        let Some(trade) = self.trades.get_mut(number) else { return failed("ACQ.TRADE_NOT_EXIST") };
        let request = Some(text(content, "out_request_no")).filter(|request| !request.is_empty()).unwrap_or(number);
        let Some(amount) = money::read(text(content, "refund_amount")).filter(|amount| *amount > 0) else {
            return failed("ACQ.INVALID_PARAMETER");
        };
        let mut change = "N";
        match trade.refunds.get(request) {
            Some(before) if *before != amount => return failed("ACQ.DISCORDANT_REPEAT_REQUEST"),
            Some(_) => {}
            None if trade.status != Status::Paid => return failed("ACQ.TRADE_STATUS_ERROR"),
            None => {
                let sum: u64 = trade.refunds.values().sum::<u64>() + amount;
                if sum > trade.total {
                    return failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
                }
                trade.refunds.insert(request.to_owned(), amount);
                if sum == trade.total {
                    trade.status = Status::Closed;
                }
                change = "Y";
            }
        }
        done(json!({
            "trade_no": trade.number,
            "out_trade_no": number,
            "buyer_user_id": trade.buyer,
            "fund_change": change,
            "refund_fee": money::write(trade.refunds.values().sum()),
            "gmt_refund_pay": "2026-11-26 16:00:00",
        }))
    }

    /// Of a refund that there is not, Alipay tells nothing, and calls that a success.
    fn query_refund(&self, content: &Value) -> Value {
        let number = text(content, "out_trade_no");
        let Some(trade) = self.trades.get(number) else { return failed("ACQ.TRADE_NOT_EXIST") };
        let request = text(content, "out_request_no");
        match trade.refunds.get(request) {
            None => done(json!({})),
            Some(amount) => done(json!({
                "trade_no": trade.number,
                "out_trade_no": number,
                "out_request_no": request,
                "total_amount": money::write(trade.total),
                "refund_amount": money::write(*amount),
                "refund_status": "REFUND_SUCCESS",
            })),
        }
    }

    fn close(&mut self, content: &Value) -> Value {
        let number = text(content, "out_trade_no");
        match self.trades.get_mut(number) {
            None => failed("ACQ.TRADE_NOT_EXIST"),
            Some(trade) if trade.status == Status::Waiting => {
                trade.status = Status::Closed;
                done(json!({"trade_no": trade.number, "out_trade_no": number}))
            }
            Some(_) => failed("ACQ.TRADE_STATUS_ERROR"),
        }
    }

    fn cancel(&mut self, content: &Value) -> Value {
        let number = text(content, "out_trade_no");
        let Some(trade) = self.trades.get_mut(number) else { return failed("ACQ.TRADE_NOT_EXIST") };
        let action = if trade.status == Status::Paid { "refund" } else { "close" };
        if trade.status == Status::Paid {
            let left = trade.total - trade.refunds.values().sum::<u64>();
            trade.refunds.insert("cancel".to_owned(), left);
        }
        trade.status = Status::Closed;
        done(json!({"trade_no": trade.number, "out_trade_no": number, "retry_flag": "N", "action": action}))
    }

    fn transfer(&mut self, content: &Value) -> Value {
        let number = text(content, "out_biz_no").to_owned();
        let amount = money::read(text(content, "trans_amount")).filter(|amount| *amount >= 1);
        let payee = &content["payee_info"];
        let product = text(content, "product_code");
        let named = !matches!(text(payee, "identity_type"), "ALIPAY_LOGON_ID" | "BANKCARD_ACCOUNT") || !text(payee, "name").is_empty();
        let (Some(amount), true) = (amount, named && !text(payee, "identity").is_empty() && !number.is_empty()) else {
            return failed("INVALID_PARAMETER");
        };
        if text(content, "biz_scene") != "DIRECT_TRANSFER" || !PRODUCTS.contains(&product) {
            return failed("PRODUCT_NOT_SIGN");
        }
        let serial = self.number("2026112615200");
        let transfer =
            self.transfers.entry(number.clone()).or_insert_with(|| Transfer { number: serial, amount, content: content.clone() });
        if transfer.content != *content {
            return failed("PAYMENT_INFO_INCONSISTENCY");
        }
        done(json!({
            "out_biz_no": number,
            "order_id": transfer.number,
            "pay_fund_order_id": transfer.number,
            "status": "SUCCESS",
            "trans_date": "2026-11-26 16:00:00",
        }))
    }

    fn query_transfer(&self, content: &Value) -> Value {
        let (ours, theirs) = (text(content, "out_biz_no"), text(content, "pay_fund_order_id"));
        let found = self.transfers.iter().find(|(number, transfer)| match theirs {
            "" => number.as_str() == ours && text(&transfer.content, "product_code") == text(content, "product_code"),
            theirs => transfer.number == theirs,
        });
        match found {
            None => failed("ORDER_NOT_EXIST"),
            Some((number, transfer)) => done(json!({
                "out_biz_no": number,
                "order_id": transfer.number,
                "pay_fund_order_id": transfer.number,
                "status": "SUCCESS",
                "trans_amount": money::write(transfer.amount),
                "pay_date": "2026-11-26 16:00:00",
            })),
        }
    }

    /// Successes of logins have no code.
    fn token(&mut self, heard: &Heard) -> Value {
        let code = match heard.text("grant_type") {
            "authorization_code" => heard.text("code"),
            "refresh_token" => heard.text("refresh_token"),
            _ => return failed("isv.grant-type-invalid"),
        };
        let Some(user) = self.codes.remove(code) else {
            return json!({"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.code-invalid", "sub_msg": "授权码code无效"});
        };
        let mut node = json!({
            "access_token": format!("{ACCESS_TOKEN}{code}"),
            "expires_in": "1296000",
            "refresh_token": format!("{REFRESH_TOKEN}{code}"),
            "re_expires_in": "2592000",
        });
        for (name, id) in [("user_id", &user.user_id), ("open_id", &user.open_id), ("union_id", &user.union_id)] {
            if !id.is_empty() {
                node[name] = id.as_str().into();
            }
        }
        node
    }
}

/// What access tokens of users begin with.
pub const ACCESS_TOKEN: &str = "authusrB-of-";
/// What refresh tokens of users begin with.
pub const REFRESH_TOKEN: &str = "authusrR-of-";

const PRODUCTS: [&str; 3] = ["TRANS_ACCOUNT_NO_PWD", "TRANS_BANKCARD_NO_PWD", "STD_RED_PACKET"];

fn shown(number: &str, trade: &Trade) -> Value {
    let total = money::write(trade.total);
    json!({
        "out_trade_no": number,
        "trade_no": trade.number,
        "total_amount": total,
        "receipt_amount": if trade.status == Status::Waiting { "0.00" } else { &total },
        "buyer_user_id": trade.buyer,
        "buyer_logon_id": "159****5620",
        "seller_id": SELLER,
    })
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn with(mut node: Value, more: Value) -> Value {
    if let (Some(node), Value::Object(more)) = (node.as_object_mut(), more) {
        node.extend(more);
    }
    node
}

fn done(more: Value) -> Value {
    with(json!({"code": "10000", "msg": "Success"}), more)
}

fn failed(sub_code: &str) -> Value {
    json!({"code": "40004", "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "业务失败"})
}
