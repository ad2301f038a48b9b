//! Which API is which call of the gateway, with which arguments.

use sdk_plugin::contract::cloudcall::{self, Effect, Kind, Param};

/// An API.
pub struct Api {
    /// Its name after `cloud.`.
    pub name: &'static str,
    /// The gateway's method; empty when an argument names it.
    pub method: &'static str,
    /// What it changes, as far as accounts are kept of it.
    pub effect: Effect,
    /// How it is asked.
    pub way: Way,
    /// The arguments in their order. Those whose name ends in `?` may be absent.
    params: &'static [(&'static str, Kind)],
}

/// How an API is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// With `biz_content`.
    Content,
    /// With parameters beside it, as logins are.
    Login(&'static str),
    /// By an address that the page opens.
    Page,
    /// With a method and its content as they are given.
    Generic,
}

impl Api {
    /// The API of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        APIS.iter().find(|api| api.name == name)
    }

    /// The arguments.
    pub fn params(&self) -> impl Iterator<Item = Param> {
        self.params.iter().map(|&(name, kind)| match name.strip_suffix('?') {
            Some(name) => Param { name: name.to_owned(), kind, required: false },
            None => Param { name: name.to_owned(), kind, required: true },
        })
    }

    /// Whether a call whose answer is lost may have changed something.
    pub fn changes(&self) -> bool {
        !matches!(self.effect, Effect::None | Effect::Query) || self.way == Way::Generic
    }

    /// As the contract describes it.
    pub fn described(&self) -> cloudcall::Api {
        cloudcall::Api { name: self.name.to_owned(), params: self.params().collect(), effect: self.effect }
    }
}

/// `product_code` of what an API pays with; none when it pays nobody.
pub fn transfer_product(api: &str) -> Option<&'static str> {
    match api.strip_prefix("fund.")?.split('.').next()? {
        "transferAccount" => Some("TRANS_ACCOUNT_NO_PWD"),
        "transferBankcard" => Some("TRANS_BANKCARD_NO_PWD"),
        "b2cRedPacket" => Some("STD_RED_PACKET"),
        _ => None,
    }
}

const fn api(name: &'static str, method: &'static str, effect: Effect, params: &'static [(&'static str, Kind)]) -> Api {
    Api { name, method, effect, way: Way::Content, params }
}

const TOKEN: &str = "alipay.system.oauth.token";
const TRANSFER: &str = "alipay.fund.trans.uni.transfer";
const TRANSFER_QUERY: &str = "alipay.fund.trans.common.query";
const TEMPLATE: &str = "alipay.open.app.mini.templatemessage.send";

const TEMPLATE_PARAMS: &[(&str, Kind)] =
    &[("toUserId?", Kind::Text), ("formId", Kind::Text), ("userTemplateId", Kind::Text), ("page", Kind::Text), ("data", Kind::Json)];
const TRANSFER_PARAMS: &[(&str, Kind)] =
    &[("outBizNo", Kind::Text), ("transAmount", Kind::Amount), ("payee", Kind::Object), ("orderTitle", Kind::Text)];
const TRANSFER_QUERY_PARAMS: &[(&str, Kind)] = &[("payFundOrderId?", Kind::Text), ("outBizNo?", Kind::Text)];
const ORDER: &[(&str, Kind)] = &[("outTradeNo", Kind::Text)];

/// All APIs.
pub static APIS: [Api; 23] = [
    Api { way: Way::Login("authorization_code"), ..api("base.oauth.getToken", TOKEN, Effect::None, &[("code", Kind::Text)]) },
    Api { way: Way::Login("refresh_token"), ..api("base.oauth.refreshToken", TOKEN, Effect::None, &[("refreshToken", Kind::Text)]) },
    api(
        "base.qrcode.create",
        "alipay.open.app.qrcode.create",
        Effect::None,
        &[("urlParam", Kind::Text), ("queryParam", Kind::Text), ("describe", Kind::Text), ("color?", Kind::Text), ("size?", Kind::Text)],
    ),
    api("marketing.templateMessage.send", TEMPLATE, Effect::None, TEMPLATE_PARAMS),
    // The manual spells it so.
    api("marketing.templateMessge.send", TEMPLATE, Effect::None, TEMPLATE_PARAMS),
    api(
        "member.identification.init",
        "alipay.user.certify.open.initialize",
        Effect::None,
        &[("outerOrderNo", Kind::Text), ("bizCode", Kind::Text), ("identityParam", Kind::Object), ("merchantConfig", Kind::Object)],
    ),
    Api {
        way: Way::Page,
        ..api("member.identification.certify", "alipay.user.certify.open.certify", Effect::None, &[("certifyId", Kind::Text)])
    },
    api("member.identification.query", "alipay.user.certify.open.query", Effect::None, &[("certifyId", Kind::Text)]),
    api(
        "payment.common.create",
        "alipay.trade.create",
        Effect::Create,
        &[("subject", Kind::Text), ("outTradeNo", Kind::Text), ("totalAmount", Kind::Amount), ("buyerId?", Kind::Text)],
    ),
    api("payment.common.query", "alipay.trade.query", Effect::Query, ORDER),
    api(
        "payment.common.refund",
        "alipay.trade.refund",
        Effect::Refund,
        &[("outTradeNo", Kind::Text), ("refundAmount", Kind::Amount), ("outRequestNo?", Kind::Text), ("refundReason?", Kind::Text)],
    ),
    api("payment.common.close", "alipay.trade.close", Effect::Close, ORDER),
    api("payment.common.cancel", "alipay.trade.cancel", Effect::Cancel, ORDER),
    api(
        "payment.huabei.create",
        "alipay.trade.create",
        Effect::Create,
        &[
            ("subject", Kind::Text),
            ("outTradeNo", Kind::Text),
            ("totalAmount", Kind::Amount),
            ("buyerId?", Kind::Text),
            ("extendParams", Kind::Object),
        ],
    ),
    api(
        "payment.faceToFace.pay",
        "alipay.trade.pay",
        Effect::Pay,
        &[("subject", Kind::Text), ("outTradeNo", Kind::Text), ("totalAmount", Kind::Amount), ("authCode", Kind::Text)],
    ),
    api("security.textRisk.detect", "alipay.security.risk.content.detect", Effect::None, &[("content", Kind::Text)]),
    api("fund.transferAccount.transfer", TRANSFER, Effect::Transfer, TRANSFER_PARAMS),
    api("fund.transferAccount.query", TRANSFER_QUERY, Effect::None, TRANSFER_QUERY_PARAMS),
    api("fund.transferBankcard.transfer", TRANSFER, Effect::Transfer, TRANSFER_PARAMS),
    api("fund.transferBankcard.query", TRANSFER_QUERY, Effect::None, TRANSFER_QUERY_PARAMS),
    api("fund.b2cRedPacket.send", TRANSFER, Effect::Transfer, TRANSFER_PARAMS),
    api("fund.b2cRedPacket.query", TRANSFER_QUERY, Effect::None, TRANSFER_QUERY_PARAMS),
    Api {
        way: Way::Generic,
        ..api("util.generic.execute", "", Effect::None, &[("method", Kind::Text), ("params", Kind::Object), ("options?", Kind::Object)])
    },
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_api_of_the_manual_is_there_once_and_what_needs_amounts_has_them() {
        for api in &APIS {
            assert_eq!(APIS.iter().filter(|other| other.name == api.name).count(), 1, "{}", api.name);
            let has = |name: &str, kind| api.params().any(|param| param.name == name && param.kind == kind && param.required);
            let right = match api.effect {
                Effect::None => true,
                Effect::Create | Effect::Pay => has("outTradeNo", Kind::Text) && has("totalAmount", Kind::Amount),
                Effect::Query | Effect::Close | Effect::Cancel => has("outTradeNo", Kind::Text),
                Effect::Refund => has("outTradeNo", Kind::Text) && has("refundAmount", Kind::Amount),
                Effect::Transfer => has("outBizNo", Kind::Text) && has("transAmount", Kind::Amount),
            };
            assert!(right, "{}", api.name);
            assert_eq!(api.effect == Effect::Transfer, api.method == TRANSFER, "{}", api.name);
        }
        let open = cloudcall::OPEN.iter().filter(|name| Api::named(name).is_some()).count();
        assert_eq!(open, cloudcall::OPEN.len(), "what mini programs may call exists");
        assert!(
            cloudcall::OPEN.iter().all(|name| matches!(Api::named(name).unwrap().effect, Effect::None | Effect::Create | Effect::Query))
        );
    }
}
