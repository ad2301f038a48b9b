//! An adapter of cloud calls and logins for a platform that does not exist: Cards, where people pay
//! with cards that they have charged. A start for an adapter of your own.
//!
//! Build it, put the library beside the others, and name it in the TOML file. Nothing else has to
//! know of it:
//!
//! ```toml
//! [plugins.cards]
//! library = "cloudcall_adapter"
//! config = { gateway = "https://api.cards.example", timeout_seconds = 10 }
//! ```
//!
//! An administrator then adds the space's app with the settings `shop` and `secret`. Functions call
//! `ctx.cloud.payment.common.create({subject, outTradeNo, totalAmount})` and so on; mini programs
//! sign in with `authProvider: "cards_openapi"`.
//!
//! # How Cards is called
//!
//! Requests are `POST` of JSON, with the header fields `cards-app`, `cards-time` (seconds) and
//! `cards-sign`: HMAC-SHA256 in hexadecimal digits, with the app's secret, of time, path and body in
//! lines of their own. Answers are `{"done": true, …}` or `{"done": false, "error": "NO_MONEY",
//! "message": "…"}`; their `cards-sign` is of the request's signature and the body. Only a 401, for
//! apps and secrets that Cards does not know, is not signed. Amounts are whole cents. A refund or
//! transfer whose number Cards has seen is not made again.
//!
//! Where things are: `gateway` has the protocol, `adapter` the calls of the contract, `amount` cents,
//! `notification` what Cards tells by itself, `login` the users.

#![deny(missing_docs)]

mod adapter;
mod amount;
mod gateway;
mod login;
mod notification;

use std::sync::Arc;
use std::time::Duration;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::platforms::{APP, App};
use sdk_plugin::{Call, Error, Host, Manifest, Methods, Plugin, Reply, Result, codes};
use serde::Deserialize;
use serde_json::json;

use crate::gateway::{Gateway, Keys};

/// The plugin's table in the TOML file. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The base address of Cards. `https://api.cards.example` by default.
    pub gateway: String,
    /// How long an answer may take, in seconds. 10 by default.
    pub timeout_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { gateway: "https://api.cards.example".to_owned(), timeout_seconds: 10 }
    }
}

/// The plugin. `C` makes its calls of other plugins: the [`Host`], or a stand-in for it in tests.
pub struct Cards<C = Host> {
    calls: C,
    gateway: Gateway,
    timeout: Duration,
}

const DESCRIBE: &str = "cloudcall.adapter.cards.describe";
const CHECK: &str = "cloudcall.adapter.cards.check";
const CALL: &str = "cloudcall.adapter.cards.call";
const FIND: &str = "cloudcall.adapter.cards.find";
const RECEIVE: &str = "cloudcall.adapter.cards.receive";
const LOGIN: &str = "login.cards_openapi";

/// What a caller keeps of its time to hear that an outcome is not known.
const MARGIN: Duration = Duration::from_millis(200);

impl<C: Calls> Cards<C> {
    /// The plugin with a configuration.
    ///
    /// # Errors
    /// `InvalidConfiguration` naming the key that cannot be used.
    pub fn new(config: &Config, calls: C) -> Result<Self> {
        if !(1..=60).contains(&config.timeout_seconds) {
            return Err(Error::new(codes::CONFIG, "timeout_seconds must be from 1 to 60"));
        }
        Ok(Self { calls, gateway: Gateway::new(&config.gateway)?, timeout: Duration::from_secs(config.timeout_seconds) })
    }

    /// Answers a call of any of its methods.
    ///
    /// # Errors
    /// Those that the contracts name.
    pub async fn answer(&self, call: &Call) -> Result<Reply> {
        let patience = self.timeout.min(call.remaining().saturating_sub(MARGIN));
        match call.method.as_str() {
            DESCRIBE => Reply::json(&adapter::description()),
            CHECK => Keys::of(&call.decode::<App>()?).and_then(|_| Reply::json(&json!({}))),
            CALL => Reply::json(&adapter::call(&self.gateway, &call.decode()?, patience).await?),
            FIND => Reply::json(&adapter::find(&self.gateway, &call.decode()?, patience).await?),
            RECEIVE => Reply::json(&notification::receive(&call.decode()?)?),
            LOGIN => Reply::json(&login::login(&self.calls, &self.gateway, call, patience).await?),
            method => Err(Error::new(codes::INVALID_METHOD, format!("there is no {method}"))),
        }
    }
}

impl Plugin for Cards {
    type Config = Config;

    fn manifest() -> Manifest {
        Manifest::default().calls(APP).internal("cloudcall.adapter.cards.*").internal(LOGIN)
    }

    async fn start(config: Config, host: Host) -> Result<Self> {
        Self::new(&config, host)
    }

    fn methods(methods: &mut Methods<Self>) {
        for name in [DESCRIBE, CHECK, CALL, FIND, RECEIVE, LOGIN] {
            methods.on_raw(name, |cards: Arc<Self>, call| async move { cards.answer(&call).await });
        }
    }
}

sdk_plugin::export_plugin!(Cards);
