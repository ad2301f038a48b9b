//! The adapter with a Cards on this machine.
#![allow(clippy::unwrap_used)]

mod mutants;
mod platform;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudcall_adapter::{Cards, Config};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::{Delivery, Effect, Request};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Call, Reply, Result};
use serde_json::json;

use self::platform::{APP_ID, Platform, SECRET, SHOP, signature};
use sdk_plugin::conformance::cloudcall::{Behaviour, Count, Sender};
use sdk_plugin::conformance::login::{Apps, Verdict};
use sdk_plugin::conformance::{cloudcall, login};

fn app(secret: &str) -> App {
    let settings = [("shop", SHOP), ("secret", secret)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    App { platform: "cards".into(), app_id: APP_ID.into(), settings: settings.into() }
}

/// The plugin without a host.
#[derive(Clone)]
struct Plugin {
    cards: Arc<Cards<Apps>>,
    apps: Apps,
    platform: Platform,
}

async fn open() -> Plugin {
    let (platform, apps) = (Platform::start().await, Apps::new(app(SECRET)));
    let config = Config { gateway: platform.base.clone(), timeout_seconds: 5 };
    Plugin { cards: Arc::new(Cards::new(&config, apps.clone()).unwrap()), apps, platform }
}

impl Calls for Plugin {
    async fn make(&self, call: Call) -> Result<Reply> {
        self.cards.answer(&call).await
    }
}

impl cloudcall::Fixture for Plugin {
    fn adapter(&self) -> &'static str {
        "cards"
    }

    fn app(&self) -> App {
        self.apps.app()
    }

    fn needed(&self) -> Vec<&'static str> {
        vec!["shop", "secret"]
    }

    fn unusable(&self) -> Vec<(&'static str, &'static str)> {
        vec![("secret", "k7Qw9-zR")]
    }

    fn complete(&self, request: &mut Request) {
        request.arguments.insert("subject".into(), "一杯茶".into());
        request.arguments.insert("card".into(), "card-9".into());
        request.arguments.entry("outRequestNo").or_insert("refund-1".into());
    }

    fn behave(&self, behaviour: Behaviour) {
        self.platform.with(|state| state.behaviour = behaviour);
    }

    fn heard(&self) -> usize {
        self.platform.with(|state| state.heard)
    }

    fn count(&self, effect: Effect) -> Count {
        self.platform.with(|state| state.count(effect))
    }

    fn pay(&self, number: &str) {
        self.platform.with(|state| state.pay(number));
    }

    fn notify(&self, number: &str, sender: Sender) -> Option<Delivery> {
        let mut told = self.platform.with(|state| state.orders[number].clone());
        told["id"] = json!(format!("notice of {number}"));
        (told["app"], told["shop"]) = (json!(APP_ID), json!(SHOP));
        match sender {
            Sender::OfAnotherApp => told["app"] = json!("another"),
            Sender::OfAnotherSeller => told["shop"] = json!("another"),
            Sender::Platform | Sender::Stranger => {}
        }
        let secret = if sender == Sender::Stranger { "the secret of a stranger" } else { SECRET };
        let headers = [("cards-sign".to_owned(), signature(secret, &told.to_string()))];
        Some(Delivery { app: self.apps.app(), headers: headers.into(), body: STANDARD.encode(told.to_string()) })
    }
}

impl login::Fixture for Plugin {
    fn provider(&self) -> &'static str {
        "cards_openapi"
    }

    fn apps(&self) -> &Apps {
        &self.apps
    }

    fn stranger(&self) -> App {
        app("another secret than Cards has")
    }

    fn code(&self, verdict: Verdict) -> String {
        self.platform.with(|state| state.code(verdict))
    }

    fn secrets(&self) -> Vec<String> {
        vec!["session of ann".into(), "session of bob".into()]
    }
}

mod adapter {
    use super::open;

    sdk_plugin::conformance_cloudcall!(open);
}

mod provider {
    use super::open;

    sdk_plugin::conformance_login!(open);
}
