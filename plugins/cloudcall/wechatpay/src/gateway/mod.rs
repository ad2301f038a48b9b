//! WeChat Pay's gateway: signed requests, and answers that count only when their signature does.

mod certificates;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use outbound::{Failure, Outbound};
use sdk_plugin::contract::cloudcall::OUTCOME_UNKNOWN;
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::Value;

use self::certificates::Certificates;
use self::wire::Wire;
use crate::clock::now;
use crate::merchant::{Merchant, PUBLIC_KEY_PREFIX};
use crate::signature::{SCHEME, SKEW, answer_text};

/// Codes of refusals that leave open whether something was done.
const UNDECIDED: [&str; 3] = ["SYSTEM_ERROR", "SYSTEMERROR", "BIZERR_NEED_RETRY"];

/// The gateway.
pub struct Gateway {
    wire: Arc<Wire>,
    certificates: Certificates,
}

/// What the gateway said.
#[derive(Debug)]
pub enum Said {
    /// It was done; `null` when it had nothing to add. The signature is genuine.
    Done(Value),
    /// It was not done.
    Refused(Refusal),
}

/// Why something was not done.
#[derive(Debug)]
pub struct Refusal {
    /// The gateway's code, such as `ORDER_NOT_EXIST`.
    pub code: String,
    /// That in words.
    pub message: String,
    /// Whether it was signed. Those that come before the gateway knows the merchant are not.
    pub genuine: bool,
}

/// Why it is not known what the gateway said.
#[derive(Debug)]
pub enum Trouble {
    /// It was not asked.
    NotAsked(Error),
    /// It may have done what was asked.
    Unknown(Error),
}

impl Trouble {
    fn unknown(why: &str) -> Self {
        Self::Unknown(Error::internal(why))
    }

    /// The answer is genuine, and answers something else.
    pub fn unlike() -> Self {
        Self::unknown("the answer is not to what was asked")
    }

    /// The error of a call that changes something.
    pub fn of_change(self) -> Error {
        match self {
            Self::NotAsked(error) => error,
            Self::Unknown(cause) => Error::new(OUTCOME_UNKNOWN, "it is not known what WeChat Pay did").with_source(cause),
        }
    }

    /// The error of a call that changes nothing.
    pub fn of_question(self) -> Error {
        match self {
            Self::NotAsked(error) => error,
            Self::Unknown(cause) => unavailable().with_source(cause),
        }
    }
}

/// Whether a message is the platform's.
#[derive(Debug)]
pub enum Verdict {
    /// It is.
    Genuine,
    /// It has no signature.
    Unsigned,
    /// It is not, or comes from another time.
    Forged,
    /// It cannot be told now: the key could not be fetched.
    Untold(Error),
}

impl Gateway {
    /// The gateway at a base address.
    pub fn new(outbound: Arc<Outbound>, base: String) -> Self {
        let wire = Arc::new(Wire::new(outbound, base));
        Self { certificates: Certificates::new(wire.clone()), wire }
    }

    /// Asks the gateway: a target is a path with its query.
    ///
    /// # Errors
    /// When there is no answer within `patience` that can be relied on.
    pub async fn ask(
        &self,
        merchant: &Merchant,
        method: Method,
        target: &str,
        body: Option<&Value>,
        patience: Duration,
    ) -> Result<Said, Trouble> {
        let end = Instant::now() + patience;
        let answer = self.wire.send(merchant, method, target, body, patience).await.map_err(Trouble::NotAsked)?;
        let answer = answer.map_err(|failure| match failure {
            Failure::NotSent(cause) => Trouble::NotAsked(unavailable().with_source(cause)),
            Failure::Lost(cause) => Trouble::Unknown(Error::internal(cause)),
        })?;
        let field = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let patience = end.saturating_duration_since(Instant::now());
        match self.verdict(merchant, &field, answer.body(), patience).await {
            Verdict::Genuine => said(&answer, true),
            Verdict::Unsigned => said(&answer, false),
            Verdict::Forged => {
                tracing::warn!(merchant = merchant.id, "an answer of WeChat Pay has a wrong signature");
                Err(Trouble::unknown("the answer's signature is wrong"))
            }
            Verdict::Untold(error) => Err(Trouble::Unknown(error)),
        }
    }

    /// Whether a message is the platform's. `field` gives its header fields by names in lower case.
    pub async fn verdict<'f>(
        &self,
        merchant: &Merchant,
        field: &(impl Fn(&str) -> Option<&'f str> + Sync),
        body: &[u8],
        patience: Duration,
    ) -> Verdict {
        let Some(signature) = field("wechatpay-signature") else { return Verdict::Unsigned };
        let (Some(timestamp), Some(nonce), Some(serial)) =
            (field("wechatpay-timestamp"), field("wechatpay-nonce"), field("wechatpay-serial"))
        else {
            return Verdict::Forged;
        };
        let told = timestamp.parse::<u64>().is_ok_and(|told| told.abs_diff(now()) <= SKEW);
        if !told || field("wechatpay-signature-type").is_some_and(|kind| kind != SCHEME) {
            return Verdict::Forged;
        }
        let key = match &merchant.public {
            Some((id, key)) if id == serial => Some(key.clone()),
            _ if serial.starts_with(PUBLIC_KEY_PREFIX) => None,
            _ => match self.certificates.key(merchant, serial, patience).await {
                Ok(key) => key,
                Err(error) => return Verdict::Untold(error),
            },
        };
        let text = answer_text(timestamp, nonce, body);
        if key.is_some_and(|key| key.verifies(&text, signature)) { Verdict::Genuine } else { Verdict::Forged }
    }
}

fn said(answer: &Response<Bytes>, genuine: bool) -> Result<Said, Trouble> {
    #[derive(Deserialize)]
    struct Told {
        code: String,
        #[serde(default)]
        message: String,
    }
    let body = answer.body();
    match answer.status() {
        StatusCode::NO_CONTENT if genuine => Ok(Said::Done(Value::Null)),
        StatusCode::OK if genuine => {
            let value = serde_json::from_slice(body).map_err(|e| Trouble::Unknown(Error::internal(e)))?;
            Ok(Said::Done(value))
        }
        status if status.is_client_error() => match serde_json::from_slice::<Told>(body) {
            Ok(told) if !UNDECIDED.contains(&told.code.as_str()) => {
                Ok(Said::Refused(Refusal { code: told.code, message: told.message, genuine }))
            }
            _ => Err(Trouble::unknown("a refusal without a reason, or with one that may pass")),
        },
        status => Err(Trouble::Unknown(Error::internal("an answer that decides nothing").with_context("status", status))),
    }
}

/// WeChat Pay cannot be asked now.
pub fn unavailable() -> Error {
    Error::new(codes::UNAVAILABLE, "WeChat Pay cannot be reached, or does not answer").retryable()
}
