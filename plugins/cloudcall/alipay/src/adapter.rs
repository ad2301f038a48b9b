//! Calls of the contract, made at the gateway.

use std::time::Duration;

use sdk_plugin::contract::cloudcall::codes::{FEATURE_NOT_SUPPORT, OUTCOME_UNKNOWN};
use sdk_plugin::contract::cloudcall::{Answer, Description, Request};
use sdk_plugin::contract::platforms::{ALIPAY, App};
use sdk_plugin::{Error, Result, codes};
use serde_json::{Map, Value};

use crate::apis::{self, APIS, Api, Way};
use crate::config::Config;
use crate::credentials::{self, Credentials};
use crate::gateway::{Ask, Failure, Gateway, Node, SUCCESS};

/// The adapter.
pub struct Adapter {
    gateway: Gateway,
}

impl Adapter {
    /// The adapter of a configuration's gateway.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        Ok(Self { gateway: Gateway::new(config)? })
    }

    /// What the adapter is.
    pub fn describe() -> Description {
        Description {
            platform: ALIPAY.to_owned(),
            apis: APIS.iter().map(Api::described).collect(),
            settings: credentials::settings(),
            seller: "sellerId".to_owned(),
        }
    }

    /// Makes one call.
    ///
    /// # Errors
    /// `FEATURE_NOT_SUPPORT`; those of arguments; `InvalidConfiguration` for settings;
    /// `OUTCOME_UNKNOWN` when something may have changed; `ServiceUnavailable` when nothing has.
    pub async fn call(&self, request: &Request, remaining: Duration) -> Result<Answer> {
        let unknown = || Error::new(FEATURE_NOT_SUPPORT, format!("Alipay: there is no API {}", request.api));
        let api = Api::named(&request.api).ok_or_else(unknown)?;
        let ask = apis::ask(api, request)?;
        let credentials = self.credentials(&request.app, &ask.method)?;
        if api.way == Way::Page {
            return Ok(page(&request.arguments, self.gateway.page(&credentials, &ask)?));
        }
        let node = self.gateway.call(&credentials, &ask, remaining).await.map_err(|failure| failed(&ask.method, failure, api.changes()))?;
        if api.changes() && apis::undecided(&node) {
            return Err(outcome_unknown(&ask.method, &format!("{} {}", node.text("code"), node.text("sub_code"))));
        }
        let known = apis::of_answer(api.effect, &request.arguments, &node);
        Ok(Answer { known, ..answer(node) })
    }

    /// Asks for something that a call does not change, and takes nothing but signed answers.
    ///
    /// # Errors
    /// `ServiceUnavailable` when there is none; `InvalidConfiguration` for settings.
    pub async fn look(&self, app: &App, ask: &Ask, remaining: Duration) -> Result<Node> {
        let credentials = self.credentials(app, &ask.method)?;
        let node = self.gateway.call(&credentials, ask, remaining).await.map_err(|failure| failed(&ask.method, failure, false))?;
        if node.signed { Ok(node) } else { Err(refusal(&node)) }
    }

    /// Signs in, where also an unsigned answer counts as a refusal.
    ///
    /// # Errors
    /// As [`Adapter::look`].
    pub async fn ask(&self, app: &App, ask: &Ask, remaining: Duration) -> Result<Node> {
        let credentials = self.credentials(app, &ask.method)?;
        self.gateway.call(&credentials, ask, remaining).await.map_err(|failure| failed(&ask.method, failure, false))
    }

    fn credentials(&self, app: &App, method: &str) -> Result<Credentials> {
        let credentials = Credentials::of(app)?;
        // Alipay answers calls that move money out to apps with certificates only.
        if method.starts_with("alipay.fund.") && credentials.certificates.is_none() {
            return Err(Error::new(codes::CONFIG, "Alipay: APIs of funds need certificates, the setting signMode `cert`"));
        }
        Ok(credentials)
    }
}

/// What a refusal says that no more is known of.
pub fn refusal(node: &Node) -> Error {
    let sub = Some(node.text("sub_code")).filter(|sub| !sub.is_empty()).unwrap_or_else(|| node.text("code"));
    Error::new(codes::UNAVAILABLE, format!("Alipay refused: {sub}")).with_context("sub_msg", node.text("sub_msg"))
}

fn failed(method: &str, failure: Failure, changes: bool) -> Error {
    match failure {
        Failure::Request(error) => error,
        Failure::Unknown(why) if changes => outcome_unknown(method, &why),
        Failure::Unknown(why) | Failure::NotSent(why) => {
            Error::new(codes::UNAVAILABLE, "Alipay did not answer").retryable().with_operation(method).with_context("why", why)
        }
    }
}

fn outcome_unknown(method: &str, why: &str) -> Error {
    let message = "it is not known whether Alipay did what was asked";
    Error::new(OUTCOME_UNKNOWN, message).with_operation(method).with_context("why", why)
}

fn answer(node: Node) -> Answer {
    let mut fields = node.fields;
    let mut take = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let (code, msg, sub_code, sub_msg) = (take("code"), take("msg"), take("sub_code"), take("sub_msg"));
    Answer { code, msg, sub_code, sub_msg, fields: apis::camel_keys(fields), known: None }
}

/// The answer of an API that only signs.
fn page(arguments: &Map<String, Value>, url: String) -> Answer {
    let mut fields = Map::new();
    for name in ["certifyId", "certify_id"] {
        if let Some(id) = arguments.get(name) {
            fields.insert("certifyId".to_owned(), id.clone());
        }
    }
    fields.insert("url".to_owned(), url.clone().into());
    fields.insert("body".to_owned(), url.into());
    Answer { code: SUCCESS.to_owned(), msg: "Success".to_owned(), fields, ..Answer::default() }
}
