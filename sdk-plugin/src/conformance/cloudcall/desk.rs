//! The adapter, as a case uses it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::fixture::Fixture;
use crate::conformance::secrecy::Secrets;
use crate::contract::cloudcall::{
    ADAPTER, Answer, Api, CALL, CHECK, DESCRIBE, Delivery, Description, Effect, FIND, Find, Finding, Kind, Known, RECEIVE, Received,
    Request, State, Subject,
};
use crate::contract::platforms::App;
use crate::{Call, Error, Result};

/// The space of all calls.
const SPACE: &str = "conformance";
/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What orders are made of.
pub(super) const TOTAL: &str = "12.30";
/// What is given back of them.
pub(super) const PART: &str = "2.30";

/// An adapter with its platform, and what it says of itself.
#[derive(Clone)]
pub(super) struct Desk<F> {
    pub(super) fixture: F,
    pub(super) description: Description,
    secrets: Secrets,
}

impl<F: Fixture> Desk<F> {
    pub(super) async fn open(fixture: F) -> Self {
        let nothing = Description { platform: String::new(), apis: Vec::new(), settings: Vec::new(), seller: String::new() };
        let mut desk = Self { fixture, description: nothing, secrets: Secrets::default() };
        desk.description = desk.ask(DESCRIBE, &json!({}), PATIENCE).await.unwrap_or_else(|error| panic!("no description: {error:?}"));
        let app = desk.fixture.app();
        for setting in desk.description.settings.iter().filter(|setting| setting.secret) {
            desk.secrets.add(app.setting(&setting.name).unwrap_or_default());
        }
        for (_, value) in desk.fixture.unusable() {
            desk.secrets.add(value);
        }
        desk
    }

    /// Makes a call of the adapter, and looks for secrets in what comes of it.
    async fn ask<T: DeserializeOwned>(&self, end: &str, params: &impl Serialize, patience: Duration) -> Result<T> {
        let method = format!("{ADAPTER}{}.{end}", self.fixture.adapter());
        let mut call = Call::json(SPACE, &*method, params)?;
        call.deadline = Instant::now() + patience;
        let outcome = self.fixture.make(call).await;
        match &outcome {
            Ok(reply) => self.secrets.are_not_in(&String::from_utf8_lossy(&reply.data), &format!("the answer of {method}")),
            Err(error) => self.secrets.are_not_in(&format!("{error} {error:?}"), &format!("an error of {method}")),
        }
        outcome?.decode()
    }

    pub(super) async fn check(&self, app: &App) -> Result<Value> {
        self.ask(CHECK, app, PATIENCE).await
    }

    /// Makes a cloud call that ends within `patience`.
    pub(super) async fn call_within(&self, request: &Request, patience: Duration) -> Result<Answer> {
        let answer: Answer = self.ask(CALL, request, patience).await?;
        let refused = !answer.sub_code.is_empty();
        assert!(
            !answer.code.is_empty() && (answer.code != "10000" || !refused),
            "{}: 10000 stands for what was done: {answer:?}",
            request.api
        );
        for name in answer.fields.keys() {
            assert!(!name.contains('_'), "{}: keys of fields are in camelCase: {name}", request.api);
            assert!(!["code", "msg", "subCode", "subMsg"].contains(&name.as_str()), "{}: {name} is beside the fields", request.api);
        }
        if let Some(known) = &answer.known {
            sound(known);
        }
        Ok(answer)
    }

    pub(super) async fn call(&self, request: &Request) -> Result<Answer> {
        self.call_within(request, PATIENCE).await
    }

    /// Makes a cloud call that must succeed.
    pub(super) async fn done(&self, request: &Request) -> Answer {
        let answer = self.call(request).await.unwrap_or_else(|error| panic!("{} failed: {error:?}", request.api));
        assert!(answer.sub_code.is_empty(), "{} was refused: {answer:?}", request.api);
        answer
    }

    pub(super) async fn try_find(&self, subject: Subject, request: &Request) -> Result<Known> {
        let find = Find {
            app: request.app.clone(),
            subject,
            api: request.api.clone(),
            arguments: request.arguments.clone(),
            app_auth_token: request.app_auth_token.clone(),
        };
        let finding: Finding = self.ask(FIND, &find, PATIENCE).await?;
        sound(&finding.known);
        Ok(finding.known)
    }

    /// What became of what a request asked for.
    pub(super) async fn find(&self, subject: Subject, request: &Request) -> Known {
        self.try_find(subject, request).await.unwrap_or_else(|error| panic!("{subject:?} of {} was not found: {error:?}", request.api))
    }

    pub(super) async fn receive(&self, delivery: &Delivery) -> Result<Received> {
        let received: Received = self.ask(RECEIVE, delivery, PATIENCE).await?;
        for response in [&received.reply, &received.refusal] {
            assert!((200..600).contains(&response.status), "{response:?} has no status of HTTP");
        }
        if let Some(notice) = &received.notice {
            sound(&notice.known);
        }
        Ok(received)
    }

    /// The APIs with an effect.
    pub(super) fn apis(&self, effect: Effect) -> Vec<&Api> {
        self.description.apis.iter().filter(|api| api.effect == effect).collect()
    }

    /// A call with the arguments that its effect asks for.
    pub(super) fn request(&self, api: &Api, number: &str, amount: &str) -> Request {
        let arguments: Map<String, Value> = needed(api.effect)
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), if *kind == Kind::Amount { amount } else { number }.into()))
            .collect();
        let mut request = Request {
            app: self.fixture.app(),
            api: api.name.clone(),
            arguments,
            app_auth_token: String::new(),
            notify_url: String::new(),
            user: String::new(),
            user_id: String::new(),
            client: false,
            order: None,
        };
        self.fixture.complete(&mut request);
        request
    }

    /// An order that waits for its payer; none when the adapter makes no orders.
    pub(super) async fn order(&self) -> Option<Request> {
        let request = self.request(self.apis(Effect::Create).first()?, &number(), TOTAL);
        self.done(&request).await;
        Some(request)
    }

    /// An order that is paid, with its number; none when the adapter makes no orders.
    pub(super) async fn paid_order(&self) -> Option<(Request, String)> {
        if let Some(request) = self.order().await {
            let number = text(&request, "outTradeNo");
            self.fixture.pay(&number);
            return Some((request, number));
        }
        let request = self.request(self.apis(Effect::Pay).first()?, &number(), TOTAL);
        self.done(&request).await;
        let number = text(&request, "outTradeNo");
        Some((request, number))
    }

    /// A call that has not been made and that an honest platform would do, whatever its effect:
    /// with the order that it is about, in the state that it needs. None when the adapter makes no
    /// orders.
    pub(super) async fn prepared(&self, api: &Api) -> Option<Request> {
        let (order, number) = match api.effect {
            Effect::Close => {
                let order = self.order().await?;
                let number = text(&order, "outTradeNo");
                (order, number)
            }
            Effect::Refund | Effect::Cancel => self.paid_order().await?,
            _ => return Some(self.request(api, &number(), TOTAL)),
        };
        let known = self.find(Subject::Order, &order).await;
        let mut request = self.request(api, &number, PART);
        if api.effect == Effect::Refund {
            request.arguments.insert("outRequestNo".into(), self::number().into());
        }
        // As the order book knows it, which has the amount that was asked for.
        request.order = Some(Known { amount: TOTAL.into(), ..known });
        Some(request)
    }
}

/// The arguments that the contract asks for.
pub(super) fn needed(effect: Effect) -> &'static [(&'static str, Kind)] {
    match effect {
        Effect::None => &[],
        Effect::Create | Effect::Pay => &[("outTradeNo", Kind::Text), ("totalAmount", Kind::Amount)],
        Effect::Query | Effect::Close | Effect::Cancel => &[("outTradeNo", Kind::Text)],
        // The service adds the refund's own number.
        Effect::Refund => &[("outTradeNo", Kind::Text), ("refundAmount", Kind::Amount)],
        Effect::Transfer => &[("outBizNo", Kind::Text), ("transAmount", Kind::Amount)],
    }
}

/// Whether an effect is one.
pub(super) const CHANGES: [Effect; 6] = [Effect::Create, Effect::Pay, Effect::Refund, Effect::Close, Effect::Cancel, Effect::Transfer];

/// What an answer to a call is about.
pub(super) fn subject(effect: Effect) -> Subject {
    match effect {
        Effect::Refund => Subject::Refund,
        Effect::Transfer => Subject::Transfer,
        _ => Subject::Order,
    }
}

/// A number that nobody has used: letters and digits, as all platforms take them.
pub(super) fn number() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("k{:016x}{:06}", RandomState::new().build_hasher().finish(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A text argument.
pub(super) fn text(request: &Request, name: &str) -> String {
    request.arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether something was done, or is being done.
pub(super) fn stands(state: State) -> bool {
    matches!(state, State::Pending | State::Done | State::Final)
}

/// The code that something was refused with.
#[track_caller]
pub(super) fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(answer) => panic!("it should have been an error: {answer:?}"),
        Err(error) => error.code().to_owned(),
    }
}

/// Panics unless amounts are decimal text with two places, or empty.
#[track_caller]
fn sound(known: &Known) {
    for amount in [&known.amount, &known.refunded] {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let decimal = amount.split_once('.').is_some_and(|(whole, places)| digits(whole) && digits(places) && places.len() == 2);
        assert!(amount.is_empty() || decimal, "amounts are such as \"12.30\": {known:?}");
    }
}
