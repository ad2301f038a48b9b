//! The conformance kits of the contracts, with the DingTalk on this machine.

use std::sync::Arc;
use std::time::Duration;

use outbound::Outbound;
use sdk_plugin::conformance::cloudcall::{Behaviour, Count, Sender};
use sdk_plugin::conformance::login::{Apps, Verdict};
use sdk_plugin::conformance::{cloudcall, login};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::{Delivery, Effect, Request};
use sdk_plugin::contract::platforms::{App, DINGTALK};
use sdk_plugin::{Call, Error, Reply, Result, codes};
use serde_json::{Value, json};

use crate::description::{APP_SECRET, check, description};
use crate::enterprise::Tokens;
use crate::service::Service;
use crate::testing::{APP_ID, Gate, SECRET};
use crate::wire::Wire;

/// The plugin without a host.
#[derive(Clone)]
struct Plugin {
    service: Arc<Service<Apps>>,
    gate: Gate,
}

fn app(flavour: &str, secret: &str) -> App {
    let settings = [(APP_SECRET, secret), ("flavour", flavour)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    App { platform: DINGTALK.into(), app_id: APP_ID.into(), settings: settings.into() }
}

async fn of(flavour: &str) -> Plugin {
    let gate = Gate::start().await;
    let wire = Wire::new(Outbound::new(None, None).unwrap(), gate.base.clone(), gate.base.clone());
    let calls = Apps::new(app(flavour, SECRET));
    let service = Service { calls, wire, tokens: Tokens::default(), timeout: Duration::from_secs(10) };
    Plugin { service: Arc::new(service), gate }
}

impl Calls for Plugin {
    async fn make(&self, call: Call) -> Result<Reply> {
        match call.method.as_str() {
            "cloudcall.adapter.dingtalk.describe" => Reply::json(&description()),
            "cloudcall.adapter.dingtalk.check" => {
                check(&call.decode()?)?;
                Reply::json(&json!({}))
            }
            "login.dingtalk_openapi" => Reply::json(&self.service.login(&call, &call.decode()?).await?),
            method => Err(Error::new(codes::INVALID_METHOD, method.to_owned())),
        }
    }
}

/// A platform for logins alone: there are no calls to complete, to count or to tell of.
impl cloudcall::Fixture for Plugin {
    fn adapter(&self) -> &'static str {
        "dingtalk"
    }

    fn app(&self) -> App {
        self.service.calls.app()
    }

    fn needed(&self) -> Vec<&'static str> {
        vec![APP_SECRET]
    }

    fn unusable(&self) -> Vec<(&'static str, &'static str)> {
        vec![("flavour", "k7Qw9-zR")]
    }

    fn complete(&self, _: &mut Request) {}

    fn behave(&self, _: Behaviour) {}

    fn heard(&self) -> usize {
        self.gate.with(|seen| seen.paths.len())
    }

    fn count(&self, _: Effect) -> Count {
        Count::default()
    }

    fn pay(&self, _: &str) {}

    fn notify(&self, _: &str, _: Sender) -> Option<Delivery> {
        None
    }
}

/// What DingTalk answers at a path, whatever it is asked.
fn says(path: &str, status: u16, answer: Value) -> Option<(String, u16, Value)> {
    Some((path.to_owned(), status, answer))
}

impl login::Fixture for Plugin {
    fn provider(&self) -> &'static str {
        "dingtalk_openapi"
    }

    fn apps(&self) -> &Apps {
        &self.service.calls
    }

    fn stranger(&self) -> App {
        app(self.app_flavour().as_str(), "the secret of another app")
    }

    fn code(&self, verdict: Verdict) -> String {
        let (user_path, user, used) = match self.app_flavour().as_str() {
            "personal" => {
                let user = json!({"errcode": 0, "user_info": {"openid": "open-2", "unionid": "union-2"}});
                ("/sns/getuserinfo_bycode", user, says("/sns/getuserinfo_bycode", 200, json!({"errcode": 40078})))
            }
            "enterprise" => {
                let user = json!({"errcode": 0, "result": {"userid": "user-2", "unionid": "union-2"}});
                ("/topapi/v2/user/getuserinfo", user, says("/topapi/v2/user/getuserinfo", 200, json!({"errcode": 40078})))
            }
            _ => {
                let used = json!({"code": "invalidParameter.authCode.notFound", "message": "no such code"});
                let user = json!({"openId": "open-2", "unionId": "union-2"});
                ("/v1.0/contact/users/me", user, says("/v1.0/oauth2/userAccessToken", 400, used))
            }
        };
        // To the DingTalk of these tests a wrong secret is a wrong code with OAuth 2.
        let strange = self.service.calls.app().setting(APP_SECRET) != Some(SECRET);
        let refused = json!({"code": "invalidClientSecret", "message": "no such app"});
        self.gate.with(|seen| {
            seen.fault = match verdict {
                _ if strange && user_path.starts_with("/v1.0/") => says("/v1.0/oauth2/userAccessToken", 400, refused),
                Verdict::User(true) | Verdict::Unknown => None,
                Verdict::User(false) => says(user_path, 200, user),
                Verdict::Used => used,
                Verdict::Away => says(user_path, 502, json!("down")),
            }
        });
        if verdict == Verdict::Unknown { "code-2" } else { "code-1" }.to_owned()
    }

    fn secrets(&self) -> Vec<String> {
        ["token/1", "token/2", "user-token"].map(str::to_owned).to_vec()
    }
}

impl Plugin {
    fn app_flavour(&self) -> String {
        self.service.calls.app().setting("flavour").unwrap_or_default().to_owned()
    }
}

macro_rules! flavour {
    ($name:ident) => {
        mod $name {
            use super::*;

            async fn open() -> Plugin {
                of(stringify!($name)).await
            }

            sdk_plugin::conformance_login!(open);
        }
    };
}

flavour!(personal);
flavour!(enterprise);
flavour!(oauth2);

mod settings_alone {
    use super::*;

    async fn open() -> Plugin {
        of("personal").await
    }

    sdk_plugin::conformance_cloudcall!(open);
}
