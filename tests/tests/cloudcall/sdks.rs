//! The gateways against SDKs of merchants, so that what the server is tested against is tested too.

use e2e::gateways::{alipay, wechat};
use e2e::python_of;
use serde_json::{Value, json};

use crate::cloud::BUYER;

#[test]
fn sdks_of_merchants_agree_with_the_gateways() {
    let alipay = alipay::Alipay::start();
    for mode in [wechat::Mode::PublicKey, wechat::Mode::Certificates] {
        let wechat = wechat::Wechat::start(mode);
        let notification = alipay.paid("notified", BUYER);
        let form = |notification: &alipay::Notification| {
            Value::Object(notification.form().into_iter().map(|(name, value)| (name, Value::String(value))).collect())
        };
        let told = python_of(
            "gateways",
            "drive.py",
            &json!({
                "alipay": {
                    "appId": alipay::APP_ID,
                    "url": alipay.url(),
                    "modes": [alipay::Mode::Keys.settings(), alipay::Mode::Certificates.settings()],
                    "notifications": [form(&notification), form(&notification.clone().forged()), form(&notification.tampered("total_amount", "0.01"))],
                },
                "wechat": {"appId": wechat::APP_ID, "url": wechat.url(), "settings": mode.settings(), "order": "sdk_order_1"},
            }),
        );
        for (n, told) in told["alipay"].as_array().expect("both modes").iter().enumerate() {
            let steps = &told["steps"];
            let codes: Vec<&Value> = steps.as_array().expect("steps").iter().map(|step| &step["code"]).collect();
            assert_eq!(codes, ["10000", "10000", "10000", "40004"], "{steps}");
            assert_eq!(
                (&steps[1]["trade_status"], &steps[3]["sub_code"]),
                (&json!("WAIT_BUYER_PAY"), &json!("ACQ.TRADE_NOT_EXIST")),
                "{steps}"
            );
            assert_eq!(told["signatures"], json!([true, false, false]), "{told}");
            alipay.forget(&format!("sdk_{n}"));
        }
        let statuses: Vec<&Value> = told["wechat"]["steps"].as_array().expect("steps").iter().map(|step| &step[0]).collect();
        assert_eq!(statuses, [200, 200, 204, 404], "{}", told["wechat"]);
        assert_eq!(wechat.complaints(), [""; 0]);
    }
    assert_eq!(alipay.complaints(), [""; 0]);
}
