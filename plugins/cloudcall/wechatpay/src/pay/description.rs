//! What the adapter offers.

use sdk_plugin::contract::cloudcall::{Api, Description, Effect, Kind, Param, Setting};
use sdk_plugin::contract::platforms::WECHAT;

use crate::merchant::settings;

/// The API that opens data which WeChat encrypted for the user's session.
pub const OPEN_DATA: &str = "util.openData.decrypt";

/// What the adapter is.
pub fn description() -> Description {
    let api = |name: &str, effect, params: &[(&str, Kind, bool)]| {
        let params = params.iter().map(|(name, kind, required)| Param { name: (*name).to_owned(), kind: *kind, required: *required });
        Api { name: name.to_owned(), params: params.collect(), effect }
    };
    let order = ("outTradeNo", Kind::Text, true);
    let setting = |name: &str, secret, about: &str| Setting { name: name.to_owned(), about: about.to_owned(), secret };
    Description {
        platform: WECHAT.to_owned(),
        seller: settings::MERCHANT.to_owned(),
        apis: vec![
            api(
                "payment.common.create",
                Effect::Create,
                &[("subject", Kind::Text, true), order, ("totalAmount", Kind::Amount, true), ("buyerId", Kind::Text, false)],
            ),
            api("payment.common.query", Effect::Query, &[order]),
            api("payment.common.refund", Effect::Refund, &[order, ("refundAmount", Kind::Amount, true)]),
            api("payment.common.close", Effect::Close, &[order]),
            api(OPEN_DATA, Effect::None, &[("encryptedData", Kind::Text, true), ("iv", Kind::Text, true)]),
        ],
        settings: vec![
            setting(settings::APP_SECRET, true, "AppSecret of the mini program (mp.weixin.qq.com, development settings)."),
            setting(settings::MERCHANT, false, "Number of the merchant (pay.weixin.qq.com)."),
            setting(settings::API_V3_KEY, true, "APIv3 key, 32 characters (pay.weixin.qq.com, API security)."),
            setting(settings::KEY, true, "Private key of the merchant's API certificate, apiclient_key.pem."),
            setting(settings::SERIAL, false, "Serial number of the merchant's API certificate."),
            setting(settings::PUBLIC_KEY, false, "Public key of WeChat Pay, pub_key.pem; without it platform certificates are used."),
            setting(settings::PUBLIC_KEY_ID, false, "Id of that public key, PUB_KEY_ID_…"),
        ],
    }
}
