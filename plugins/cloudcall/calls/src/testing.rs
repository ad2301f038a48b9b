//! What the tests have instead of a host: a database, apps, functions and a platform in memory,
//! behind the same calls. Filters and updates are `mql`'s own.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bson::{Bson, Document};
use mql::{Filter, Update, json};
use sdk_plugin::contract::cloudcall::{
    Answer, Api, Delivery, Description, Effect, Find, Finding, Kind, Known, Notice, OUTCOME_UNKNOWN, Param, Received, Request, Response,
    State, Subject,
};
use sdk_plugin::contract::db::{DUPLICATE_KEY, EXECUTE};
use sdk_plugin::contract::platforms::{APP, APP_NOT_FOUND, App, Which};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, CallerKind, Error, Reply, Result, codes};
use serde_json::{Map, Value, json as json_value};
use tokio::sync::Notify;

/// How a call to the platform goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not arrive.
    Lost,
    /// It arrives, and the answer does not.
    Unanswered,
    /// It arrives after the caller has given up.
    Late,
    /// The platform refuses.
    Refused,
}

/// An order at the platform.
#[derive(Clone, Debug)]
pub struct Order {
    pub state: State,
    pub amount: u64,
    pub refunded: u64,
}

/// What the platform has, and what it really did: each payment, refund and transfer is counted.
#[derive(Default)]
pub struct Platform {
    pub orders: BTreeMap<String, Order>,
    pub refunds: BTreeMap<String, String>,
    pub transfers: BTreeMap<String, String>,
    pub done: BTreeMap<String, u32>,
    /// Calls that are on their way.
    late: Vec<Request>,
    /// How often it was called.
    pub calls: u32,
    pub requests: Vec<Value>,
}

#[derive(Default)]
struct Kept {
    collections: BTreeMap<String, Vec<Document>>,
    platform: Platform,
    faults: Vec<Fault>,
    blind: bool,
    /// How many calls are made until the process is killed, and whether the last one is done.
    crash: Option<(u32, bool)>,
    told: Vec<Value>,
    function_fails: u32,
}

/// The calls of a host. Clones share what they keep.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>, Arc<Notify>);

fn hundredths(value: &Value) -> u64 {
    value.as_str().unwrap().replace('.', "").parse().unwrap()
}

fn decimal(amount: u64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

impl Memory {
    pub fn platform<T>(&self, look: impl FnOnce(&mut Platform) -> T) -> T {
        look(&mut self.0.lock().unwrap().platform)
    }

    pub fn documents(&self, collection: &str) -> Vec<Document> {
        self.0.lock().unwrap().collections.get(collection).cloned().unwrap_or_default()
    }

    /// Has the next calls to the platform go wrong.
    pub fn faults(&self, faults: &[Fault]) {
        self.0.lock().unwrap().faults = faults.iter().rev().copied().collect();
    }

    /// Whether the platform cannot be asked what became of anything.
    pub fn blind(&self, blind: bool) {
        self.0.lock().unwrap().blind = blind;
    }

    pub fn function_fails(&self, times: u32) {
        self.0.lock().unwrap().function_fails = times;
    }

    /// What functions were told.
    pub fn told(&self) -> Vec<Value> {
        self.0.lock().unwrap().told.clone()
    }

    /// Runs work that is killed at its `after`th call: before that is done, or after it.
    pub async fn killed<T>(&self, after: u32, done: bool, work: impl Future<Output = T>) -> Option<T> {
        self.0.lock().unwrap().crash = Some((after, done));
        let ended = tokio::select! {
            biased;
            ended = work => Some(ended),
            () = self.1.notified() => None,
        };
        self.0.lock().unwrap().crash = None;
        ended
    }

    /// Lets calls arrive that are on their way. The platform does what has one number only once.
    pub fn arrive(&self) {
        let platform = &mut self.0.lock().unwrap().platform;
        for request in std::mem::take(&mut platform.late) {
            platform.perform(&request, true);
        }
    }
}

/// The APIs of the platform.
fn apis() -> Vec<Api> {
    let api = |name: &str, effect, params: &[(&str, Kind)]| Api {
        name: name.to_owned(),
        effect,
        params: params.iter().map(|(name, kind)| Param { name: (*name).to_owned(), kind: *kind, required: *name != "buyerId" }).collect(),
    };
    let (text, amount) = (Kind::Text, Kind::Amount);
    vec![
        api(
            "payment.common.create",
            Effect::Create,
            &[("subject", text), ("outTradeNo", text), ("totalAmount", amount), ("buyerId", text)],
        ),
        api("payment.common.query", Effect::Query, &[("outTradeNo", text)]),
        api("payment.common.refund", Effect::Refund, &[("outTradeNo", text), ("refundAmount", amount)]),
        api("payment.common.close", Effect::Close, &[("outTradeNo", text)]),
        api("payment.common.cancel", Effect::Cancel, &[("outTradeNo", text)]),
        api("payment.faceToFace.pay", Effect::Pay, &[("subject", text), ("outTradeNo", text), ("totalAmount", amount), ("authCode", text)]),
        api("fund.transferAccount.transfer", Effect::Transfer, &[("outBizNo", text), ("transAmount", amount), ("payee", Kind::Object)]),
        api("marketing.templateMessage.send", Effect::None, &[("toUserId", text), ("data", Kind::Json)]),
    ]
}

impl Platform {
    /// Does what is asked; the reason when it refuses. A call that came late is one of the same
    /// number as those before it, and changes nothing when one of them was done.
    fn perform(&mut self, request: &Request, late: bool) -> Option<&'static str> {
        let argument = |name: &str| request.arguments.get(name).cloned().unwrap_or_default();
        let text = |name: &str| argument(name).as_str().unwrap_or_default().to_owned();
        let number = text("outTradeNo");
        let effect = apis().iter().find(|api| api.name == request.api).unwrap().effect;
        match effect {
            Effect::Create | Effect::Pay => {
                let amount = hundredths(&argument("totalAmount"));
                let pays = effect == Effect::Pay;
                if late && pays && self.done.contains_key(&number) {
                    return None;
                }
                let order = self.orders.entry(number.clone()).or_insert(Order { state: State::Pending, amount, refunded: 0 });
                if order.state == State::Closed || order.amount != amount || (!pays && order.state != State::Pending) {
                    return Some("TRADE_STATUS_ERROR");
                }
                if pays {
                    order.state = State::Done;
                    *self.done.entry(number).or_default() += 1;
                }
            }
            Effect::Close | Effect::Cancel => match self.orders.get_mut(&number) {
                Some(order) if order.state == State::Pending => order.state = State::Closed,
                Some(order) if order.state == State::Done && effect == Effect::Cancel => {
                    (order.state, order.refunded) = (State::Closed, order.amount);
                }
                _ => return Some("TRADE_NOT_EXIST"),
            },
            Effect::Refund => {
                let (refund, amount) = (text("outRequestNo"), hundredths(&argument("refundAmount")));
                if late && self.done.contains_key(&refund) {
                    return None;
                }
                match self.orders.get_mut(&number) {
                    Some(order) if order.state == State::Done && order.refunded + amount <= order.amount => {
                        order.refunded += amount;
                        if order.refunded == order.amount {
                            order.state = State::Closed;
                        }
                    }
                    _ => return Some("TRADE_STATUS_ERROR"),
                }
                *self.done.entry(refund.clone()).or_default() += 1;
                self.refunds.insert(refund, decimal(amount));
            }
            Effect::Transfer => {
                let number = text("outBizNo");
                if late && self.done.contains_key(&number) {
                    return None;
                }
                *self.done.entry(number.clone()).or_default() += 1;
                self.transfers.insert(number, text("transAmount"));
            }
            Effect::None | Effect::Query => {}
        }
        None
    }

    fn find(&self, subject: Subject, arguments: &Map<String, Value>) -> Known {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut known =
            Known { state: State::Absent, number: String::new(), amount: String::new(), refunded: String::new(), user: String::new() };
        match subject {
            Subject::Order => {
                if let Some(order) = self.orders.get(text("outTradeNo")) {
                    known.state = order.state;
                    known.number = format!("T{}", text("outTradeNo"));
                    known.amount = decimal(order.amount);
                    known.refunded = if order.refunded == 0 { String::new() } else { decimal(order.refunded) };
                }
            }
            Subject::Refund | Subject::Transfer => {
                let (all, name) = if subject == Subject::Refund { (&self.refunds, "outRequestNo") } else { (&self.transfers, "outBizNo") };
                if let Some(amount) = all.get(text(name)) {
                    known.state = State::Done;
                    known.amount.clone_from(amount);
                }
            }
        }
        known
    }
}

impl Kept {
    fn call(&mut self, request: &Request) -> Result<Answer> {
        let platform = &mut self.platform;
        platform.calls += 1;
        platform.requests.push(serde_json::to_value(request).unwrap());
        let api = apis().into_iter().find(|api| api.name == request.api).unwrap();
        let changes = !matches!(api.effect, Effect::None | Effect::Query);
        let fault = if changes { self.faults.pop() } else { None };
        let unanswered = || Err(Error::new(OUTCOME_UNKNOWN, "no answer"));
        let refused = match fault {
            Some(Fault::Lost) => return unanswered(),
            Some(Fault::Late) => {
                platform.late.push(request.clone());
                return Err(Error::new(codes::TIMEOUT, "too late"));
            }
            Some(Fault::Unanswered) => {
                platform.perform(request, false);
                return unanswered();
            }
            Some(Fault::Refused) => Some("SELLER_BALANCE_NOT_ENOUGH"),
            None => platform.perform(request, false),
        };
        if let Some(reason) = refused {
            return Ok(Answer { code: "40004".into(), msg: "Business Failed".into(), sub_code: reason.into(), ..Answer::default() });
        }
        let subject = match api.effect {
            Effect::Refund => Subject::Refund,
            Effect::Transfer => Subject::Transfer,
            _ => Subject::Order,
        };
        let known = platform.find(subject, &request.arguments);
        let fields = json_value!({"tradeNo": known.number, "done": platform.calls}).as_object().unwrap().clone();
        let known = (api.effect != Effect::None).then_some(known);
        Ok(Answer { code: "10000".into(), msg: "Success".into(), fields, known, ..Answer::default() })
    }

    fn answer(&mut self, call: &Call) -> Result<Reply> {
        match call.method.as_str() {
            EXECUTE => self.execute(call),
            "core.methods" => Reply::json(&json_value!({"methods": [
                "cloudcall.adapter.bank.call", "cloudcall.adapter.bank.describe", "cloudcall.adapter.broken.describe",
            ]})),
            "cloudcall.adapter.bank.describe" => {
                Reply::json(&Description { platform: "bank".into(), apis: apis(), settings: Vec::new(), seller: "sellerId".into() })
            }
            "cloudcall.adapter.broken.describe" => Err(Error::internal("broken")),
            APP => {
                let which: Which = call.decode()?;
                if which.platform != "bank" || !["", "app"].contains(&which.app_id.as_str()) {
                    return Err(Error::new(APP_NOT_FOUND, "no app"));
                }
                let settings = [("sellerId".to_owned(), "seller".to_owned()), ("privateKey".to_owned(), "key-of-app".to_owned())];
                Reply::json(&App { platform: "bank".into(), app_id: "app".into(), settings: settings.into() })
            }
            "cloudcall.adapter.bank.call" => Reply::json(&self.call(&call.decode()?)?),
            "cloudcall.adapter.bank.find" => {
                if self.blind {
                    return Err(Error::new(codes::UNAVAILABLE, "the platform is down"));
                }
                let find: Find = call.decode()?;
                Reply::json(&Finding { known: self.platform.find(find.subject, &find.arguments) })
            }
            "cloudcall.adapter.bank.receive" => {
                let delivery: Delivery = call.decode()?;
                Reply::json(&received(&delivery))
            }
            "serverless.auth.user.getProfileInfo" => {
                let user = &call.caller.user;
                let id = if user == "anonymous" { String::new() } else { format!("2088-{user}") };
                Reply::json(&json_value!({"user": {"oAuthUserId": id, "ids": {"openId": format!("open-{user}")}}}))
            }
            "core.endpoint" => Reply::json(&json_value!({"http": "http://cloud.test", "sites": "sites.test"})),
            "serverless.function.runtime.invoke" => {
                if self.function_fails > 0 {
                    self.function_fails -= 1;
                    return Err(Error::new(codes::FUNCTION, "the function failed"));
                }
                self.told.push(call.decode()?);
                Ok(Reply::raw("null"))
            }
            method => panic!("no method {method}"),
        }
    }

    fn execute(&mut self, call: &Call) -> Result<Reply> {
        assert_eq!((call.caller.kind, call.space.as_str()), (CallerKind::System, SYSTEM_SPACE));
        let params = json::document(&call.params).unwrap();
        let (command, name) = (params.get_str("command").unwrap(), params.get_str("collection").unwrap());
        let options = params.get_document("options").cloned().unwrap_or_default();
        let query = params.get_document("query").or_else(|_| params.get_document("filter")).cloned().unwrap_or_default();
        let filter = Filter::parse(&query).unwrap();
        let documents = self.collections.entry(name.to_owned()).or_default();
        let (affected, result) = match command {
            "createIndexes" => (0, "{}".to_owned()),
            "insertOne" => {
                let document = params.get_document("doc").unwrap().clone();
                if documents.iter().any(|other| other.get("_id") == document.get("_id")) {
                    return Err(Error::new(DUPLICATE_KEY, "E11000"));
                }
                documents.push(document);
                (1, "{}".to_owned())
            }
            "findOne" => {
                let found = documents.iter().find(|document| filter.matches(document));
                (1, found.map_or("null".to_owned(), |found| json::to_string(&Bson::Document(found.clone()))))
            }
            "find" => {
                let mut found: Vec<Document> = documents.iter().filter(|document| filter.matches(document)).cloned().collect();
                if let Ok(sort) = options.get_document("sort") {
                    let field = sort.keys().next().unwrap();
                    found.sort_by(|a, b| mql::compare(a.get(field).unwrap(), b.get(field).unwrap()));
                    if json::to_string(sort.get(field).unwrap()).starts_with('-') {
                        found.reverse();
                    }
                }
                let limit = options.get("limit").and_then(|limit| limit.as_i64().or(limit.as_i32().map(i64::from))).unwrap();
                found.truncate(usize::try_from(limit).unwrap());
                (1, json::to_string(&Bson::Array(found.into_iter().map(Bson::Document).collect())))
            }
            "updateOne" => {
                let update = Update::parse(params.get_document("update").unwrap()).unwrap();
                let upsert = options.get_bool("upsert").unwrap_or_default();
                match documents.iter_mut().find(|document| filter.matches(document)) {
                    Some(document) => {
                        update.apply(document).unwrap();
                        (1, "{}".to_owned())
                    }
                    None if upsert => {
                        documents.push(update.upsert(&filter).unwrap());
                        (1, "{}".to_owned())
                    }
                    None => (0, "{}".to_owned()),
                }
            }
            "deleteMany" => {
                let before = documents.len();
                documents.retain(|document| !filter.matches(document));
                (before - documents.len(), "{}".to_owned())
            }
            other => panic!("no command {other}"),
        };
        Ok(Reply::raw(format!(r#"{{"affectedDocs":{affected},"result":{result}}}"#)))
    }
}

/// Takes a notification: the body is JSON of a [`Notice`], or anything else for one that is not
/// genuine.
fn received(delivery: &Delivery) -> Received {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.decode(&delivery.body).unwrap();
    let notice: Option<Notice> = serde_json::from_slice(&body).ok();
    let answer = |status, body: &str| Response { status, content_type: "text/plain".into(), body: body.into() };
    let reply = if notice.is_some() { answer(200, "success") } else { answer(401, "forged") };
    Received { notice, reply, refusal: answer(400, "fail") }
}

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        tokio::task::yield_now().await;
        let reply = {
            let mut kept = self.0.lock().unwrap();
            match kept.crash.as_mut() {
                None => return kept.answer(&call),
                Some((0, _)) => None,
                Some((1, done)) => {
                    let done = *done;
                    kept.crash = Some((0, done));
                    if done {
                        drop(kept.answer(&call));
                    }
                    None
                }
                Some((left, _)) => {
                    *left -= 1;
                    Some(kept.answer(&call))
                }
            }
        };
        match reply {
            Some(reply) => reply,
            None => {
                self.1.notify_one();
                std::future::pending().await
            }
        }
    }
}
