//! Signed requests to Cards, and answers whose signature is right.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use outbound::{Failure, Outbound, base};
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use sdk_plugin::contract::cloudcall::{OUTCOME_UNKNOWN, Setting};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result, codes};
use serde_json::Value;

/// The shortest secret that Cards gives out.
const SHORTEST: usize = 16;

/// The settings of an app.
pub fn settings() -> Vec<Setting> {
    let shop = "Number of the shop that gets the money (cards.example, my shop).";
    let secret = "Secret of the app, at least 16 characters (cards.example, my apps).";
    vec![
        Setting { name: "shop".into(), about: shop.into(), secret: false },
        Setting { name: "secret".into(), about: secret.into(), secret: true },
    ]
}

/// What an app signs with.
pub struct Keys {
    /// The app's id.
    pub app: String,
    /// The shop's number.
    pub shop: String,
    key: Key,
}

impl Keys {
    /// Those of an app.
    ///
    /// # Errors
    /// `InvalidConfiguration` naming the setting that is absent or cannot be used, never its value.
    pub fn of(app: &App) -> Result<Self> {
        let setting = |name: &str| {
            let wrong = || Error::new(codes::CONFIG, format!("the Cards app has no setting {name}, or one that cannot be used"));
            app.setting(name).ok_or_else(wrong)
        };
        let (shop, secret) = (setting("shop")?, setting("secret")?);
        if secret.len() < SHORTEST {
            return Err(Error::new(codes::CONFIG, "the setting secret of the Cards app is too short"));
        }
        Ok(Self { app: app.app_id.clone(), shop: shop.to_owned(), key: Key::new(HMAC_SHA256, secret.as_bytes()) })
    }

    /// Whether a signature in hexadecimal digits is of a text.
    pub fn verifies(&self, text: &[u8], signature: &str) -> bool {
        hex::decode(signature).is_ok_and(|signature| verify(&self.key, text, &signature).is_ok())
    }
}

/// What Cards said.
pub enum Said {
    /// It was done.
    Done(Value),
    /// It was not done: the error's name, and in words.
    Refused(String, String),
}

/// Why Cards has said nothing that counts.
pub enum Trouble {
    /// It does not know the app or its secret.
    Keys,
    /// It was not reached.
    NotSent,
    /// It may have done what was asked.
    Unknown(&'static str),
}

impl Trouble {
    /// The error of a call that changes something.
    pub fn of_change(self) -> Error {
        match self {
            Self::Unknown(why) => Error::new(OUTCOME_UNKNOWN, "it is not known whether Cards did it").with_context("why", why),
            other => other.of_question(),
        }
    }

    /// The error of a call that changes nothing.
    pub fn of_question(self) -> Error {
        let unavailable = Error::new(codes::UNAVAILABLE, "Cards does not answer").retryable();
        match self {
            Self::Keys => Error::new(codes::CONFIG, "Cards does not know the app, or its secret is wrong"),
            Self::NotSent => unavailable,
            Self::Unknown(why) => unavailable.with_context("why", why),
        }
    }
}

/// The way to Cards.
pub struct Gateway {
    outbound: Outbound,
    base: String,
}

impl Gateway {
    /// The way to a base address.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it is none.
    pub fn new(address: &str) -> Result<Self> {
        Ok(Self { outbound: Outbound::new(None, None)?, base: base("gateway", address)? })
    }

    /// Asks once, and never again.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn ask(&self, keys: &Keys, path: &str, body: &Value, patience: Duration) -> Result<Said, Trouble> {
        let body = body.to_string();
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let signature = hex::encode(sign(&keys.key, format!("{time}\n{path}\n{body}").as_bytes()));
        let request = Request::post(format!("{}{path}", self.base)).header("content-type", "application/json");
        let request = request.header("cards-app", &keys.app).header("cards-time", time).header("cards-sign", &signature);
        let request = request.body(Bytes::from(body)).map_err(|_| Trouble::NotSent)?;
        let answer = self.outbound.send(request, patience).await.map_err(|failure| match failure {
            Failure::NotSent(_) => Trouble::NotSent,
            Failure::Lost(_) => Trouble::Unknown("no answer came"),
        })?;
        let (parts, body) = answer.into_parts();
        if parts.status == StatusCode::UNAUTHORIZED {
            return Err(Trouble::Keys);
        }
        let signed = [signature.as_bytes(), b"\n", &body].concat();
        if !keys.verifies(&signed, field(&parts.headers, "cards-sign")) {
            return Err(Trouble::Unknown("the signature of the answer is wrong"));
        }
        let answer: Value = serde_json::from_slice(&body).map_err(|_| Trouble::Unknown("the answer is no JSON"))?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        match (answer["done"].as_bool(), text("error")) {
            (Some(true), _) => Ok(Said::Done(answer)),
            (Some(false), error) if !["", "TRY_AGAIN"].contains(&error.as_str()) => Ok(Said::Refused(error, text("message"))),
            _ => Err(Trouble::Unknown("Cards asks to try again")),
        }
    }
}

fn field<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
