//! The conformance kits of the contracts, with the gateway on this machine.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outbound::Outbound;
use sdk_plugin::conformance::cloudcall::{Behaviour, Count, Sender};
use sdk_plugin::conformance::login::{Apps, Verdict};
use sdk_plugin::conformance::{cloudcall, login};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::{Delivery, Effect, Request};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Call, Error, Reply, Result, codes};
use serde_json::json;

use crate::gateway::Gateway;
use crate::login::Logins;
use crate::pay::{Pay, description};
use crate::service::Service;
use crate::testing::{API_V3_KEY, Fault, Gate, app, app_with_public_key, seal};

const SESSION_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";

/// The plugin without a host.
#[derive(Clone)]
struct Plugin {
    service: Arc<Service<Apps>>,
    gate: Gate,
}

async fn over(gate: Gate, app: App) -> Plugin {
    let outbound = Arc::new(Outbound::new(None, None).unwrap());
    let pay = Pay::new(Gateway::new(outbound.clone(), gate.base.clone()));
    let logins = Logins::new(outbound, gate.base.clone());
    let service = Service { calls: Apps::new(app), pay, logins, timeout: Duration::from_secs(10) };
    Plugin { service: Arc::new(service), gate }
}

impl Calls for Plugin {
    async fn make(&self, call: Call) -> Result<Reply> {
        match call.method.as_str() {
            "cloudcall.adapter.wechat.describe" => Reply::json(&description()),
            "cloudcall.adapter.wechat.check" => {
                Service::<Apps>::check(&call.decode()?)?;
                Reply::json(&json!({}))
            }
            "cloudcall.adapter.wechat.call" => Reply::json(&self.service.call(&call, &call.decode()?).await?),
            "cloudcall.adapter.wechat.find" => Reply::json(&self.service.find(&call, &call.decode()?).await?),
            "cloudcall.adapter.wechat.receive" => Reply::json(&self.service.receive(&call, &call.decode()?).await?),
            "login.wechat_openapi" => Reply::json(&self.service.login(&call, &call.decode()?).await?),
            method => Err(Error::new(codes::INVALID_METHOD, method.to_owned())),
        }
    }
}

impl cloudcall::Fixture for Plugin {
    fn adapter(&self) -> &'static str {
        "wechat"
    }

    fn app(&self) -> App {
        self.service.calls.app()
    }

    fn needed(&self) -> Vec<&'static str> {
        vec!["mchId", "apiV3Key", "merchantKey", "merchantSerial"]
    }

    fn unusable(&self) -> Vec<(&'static str, &'static str)> {
        vec![("mchId", "k7Qw9-zR"), ("merchantSerial", "k7Qw9-zR"), ("apiV3Key", "k7Qw9-zR"), ("merchantKey", "k7Qw9-zR")]
    }

    fn complete(&self, request: &mut Request) {
        request.notify_url = "https://cloud.example.com/cloudcall/notify/s/wechat/wx".into();
        if request.api == "payment.common.create" {
            request.arguments.insert("subject".into(), "一杯茶".into());
            request.arguments.insert("buyerId".into(), "openid-1".into());
        }
    }

    fn behave(&self, behaviour: Behaviour) {
        self.gate.fails(match behaviour {
            Behaviour::Honest => Fault::None,
            Behaviour::Refuses => Fault::Refuses(403, "NOT_ENOUGH"),
            Behaviour::Busy => Fault::Refuses(500, "SYSTEM_ERROR"),
            Behaviour::HangsUp => Fault::HangsUp,
            Behaviour::Silent => Fault::Silent,
            Behaviour::BadSignature => Fault::BadSignature,
            Behaviour::Garbage => Fault::Garbage,
        });
    }

    fn heard(&self) -> usize {
        self.gate.with(|seen| seen.requests.len() + seen.complaints.len())
    }

    fn count(&self, effect: Effect) -> Count {
        self.gate.with(|seen| {
            let asked = |fits: &dyn Fn(&str) -> bool| seen.requests.iter().filter(|request| fits(request)).count();
            match effect {
                Effect::Create => Count { asked: asked(&|request| request.ends_with("/jsapi")), done: seen.orders.len() },
                Effect::Close => {
                    let done = seen.orders.values().filter(|order| order["trade_state"] == "CLOSED").count();
                    Count { asked: asked(&|request| request.ends_with("/close")), done }
                }
                Effect::Refund => Count { asked: asked(&|request| request.starts_with("POST /v3/refund/")), done: seen.refunds.len() },
                _ => Count::default(),
            }
        })
    }

    fn pay(&self, number: &str) {
        self.gate.pay(number);
    }

    fn notify(&self, number: &str, sender: Sender) -> Option<Delivery> {
        let mut told = self.gate.with(|seen| seen.orders[number].clone());
        match sender {
            Sender::OfAnotherApp => told["appid"] = json!("wx0000000000000000"),
            Sender::OfAnotherSeller => told["mchid"] = json!("1900000002"),
            Sender::Platform | Sender::Stranger => {}
        }
        let sealed = seal(API_V3_KEY, "fdasflkja484", "transaction", told.to_string().as_bytes());
        let resource = json!({
            "algorithm": "AEAD_AES_256_GCM", "original_type": "transaction", "associated_data": "transaction", "nonce": "fdasflkja484",
            "ciphertext": sealed,
        });
        let body = json!({
            "id": format!("EV-{number}"), "create_time": "2030-01-01T00:00:00+08:00", "event_type": "TRANSACTION.SUCCESS",
            "resource_type": "encrypt-resource", "resource": resource,
        });
        let fault = if sender == Sender::Stranger { Fault::BadSignature } else { Fault::None };
        let headers = self.gate.signed(&fault, body.to_string().as_bytes());
        Some(Delivery { app: self.service.calls.app(), headers, body: STANDARD.encode(body.to_string()) })
    }
}

impl login::Fixture for Plugin {
    fn provider(&self) -> &'static str {
        "wechat_openapi"
    }

    fn apps(&self) -> &Apps {
        &self.service.calls
    }

    fn stranger(&self) -> App {
        let mut app = self.service.calls.app();
        app.settings.insert("appSecret".into(), "of another app".into());
        app
    }

    fn code(&self, verdict: Verdict) -> String {
        let user = |id: &str| json!({"openid": id, "unionid": format!("union of {id}"), "session_key": SESSION_KEY});
        self.gate.with(|seen| {
            seen.login = match verdict {
                Verdict::User(first) => user(if first { "ann" } else { "bob" }),
                Verdict::Used => json!({"errcode": 40163, "errmsg": "code been used"}),
                Verdict::Unknown => json!({"errcode": 40029, "errmsg": "invalid code"}),
                Verdict::Away => json!("being repaired"),
            }
        });
        "code/1".to_owned()
    }

    fn secrets(&self) -> Vec<String> {
        vec![SESSION_KEY.to_owned()]
    }
}

mod with_certificates {
    use super::*;

    async fn open() -> Plugin {
        over(Gate::start().await, app()).await
    }

    sdk_plugin::conformance_cloudcall!(open);
}

mod with_a_public_key {
    use super::*;

    async fn open() -> Plugin {
        let gate = Gate::start().await;
        gate.with(|seen| seen.public_key = true);
        over(gate, app_with_public_key()).await
    }

    sdk_plugin::conformance_cloudcall!(open);
}

mod logins {
    use super::*;

    async fn open() -> Plugin {
        over(Gate::start().await, app()).await
    }

    sdk_plugin::conformance_login!(open);
}
