//! Cloud calls: APIs of a platform, such as payments, for functions and mini programs (manual,
//! section 7).
//!
//! The cloud-call service provides [`INVOKE`]. It reads arguments in all call styles, keeps the
//! order book, and asks an **adapter** to talk to the platform. What a mini program may call the
//! core decides in front of it: what the space's administrator allows, and [`OPEN`] otherwise. A
//! plugin is the adapter of a platform by providing five methods, and nothing else has to know of
//! it:
//!
//! | method | | |
//! | --- | --- | --- |
//! | `cloudcall.adapter.NAME.describe` | `{}` → [`Description`] | which APIs and settings there are |
//! | `cloudcall.adapter.NAME.check` | [`App`] → `{}` | refuses settings that cannot be used |
//! | `cloudcall.adapter.NAME.call` | [`Request`] → [`Answer`] | makes one call |
//! | `cloudcall.adapter.NAME.find` | [`Find`] → [`Finding`] | what became of an order, refund or transfer |
//! | `cloudcall.adapter.NAME.receive` | [`Delivery`] → [`Received`] | checks a notification |
//!
//! A platform that is there for [logins](super::login) alone has the first two, without APIs.
//!
//! An adapter keeps nothing: it gets the app's keys with each call, and the service remembers what
//! was asked. It never repeats a call that changes something. Where it cannot tell whether the
//! platform did what was asked (no answer, an answer whose signature is wrong, "try again"), it
//! ends with [`OUTCOME_UNKNOWN`], and the service asks `find` before anything is repeated. That
//! nothing was done it says with an answer that has a `subCode`, or with one of the codes
//! `INVALID_PARAM`, `INVALID_JSON_OBJECT`, `NOT_FOUND_PARAM`, `FEATURE_NOT_SUPPORT` and
//! `InvalidConfiguration`; any other error of a call that changes something counts as
//! [`OUTCOME_UNKNOWN`], and so does the end of the call's deadline.
//!
//! Amounts are decimal text in the currency's main unit with two places, such as `"12.30"`.
//! `conformance::cloudcall` has the contract as tests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::platforms::App;

/// Makes a cloud call: [`Invoke`] → the result, `{"requestId", "success", "result", …}`.
pub const INVOKE: &str = "serverless.cloudcall.invoke";
/// The names of methods with a prefix that plugins provide now: [`Prefix`] → [`Names`]. The core
/// provides it.
pub const METHODS: &str = "core.methods";

/// The APIs that a mini program may call where the space has no rule: none that moves money out,
/// undoes a payment, or reaches any method of the platform.
pub const OPEN: [&str; 12] = [
    "base.oauth.getToken",
    "base.oauth.refreshToken",
    "base.qrcode.create",
    "marketing.templateMessage.send",
    "marketing.templateMessge.send",
    "member.identification.certify",
    "member.identification.init",
    "member.identification.query",
    "payment.common.create",
    "payment.common.query",
    "payment.huabei.create",
    "security.textRisk.detect",
];

/// What the methods of adapters begin with.
pub const ADAPTER: &str = "cloudcall.adapter.";
/// The end of the name of the method that describes an adapter.
pub const DESCRIBE: &str = "describe";
/// The end of the name of the method that says whether an app's settings can be used:
/// `InvalidConfiguration` with the setting's name when they cannot. It asks nobody.
pub const CHECK: &str = "check";
/// The end of the name of the method that makes a call.
pub const CALL: &str = "call";
/// The end of the name of the method that finds out what became of something.
pub const FIND: &str = "find";
/// The end of the name of the method that checks a notification.
pub const RECEIVE: &str = "receive";

/// Codes of failures that the manual names (section 7.3).
pub mod codes {
    /// `cloud.init` was not called. Client packages answer it.
    pub const SYS_INIT: &str = "SYS_INIT";
    /// No adapter has the API.
    pub const FEATURE_NOT_SUPPORT: &str = "FEATURE_NOT_SUPPORT";
    /// An argument that should be JSON is not.
    pub const INVALID_JSON_OBJECT: &str = "INVALID_JSON_OBJECT";
    /// An argument that must be there is not.
    pub const NOT_FOUND_PARAM: &str = "NOT_FOUND_PARAM";
    /// An argument has a wrong type or value.
    pub const INVALID_PARAM: &str = "INVALID_PARAM";
    /// It is not known whether the platform did what was asked. Ask for the order's state; asking
    /// again with the same numbers is safe.
    pub const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
}
pub use codes::OUTCOME_UNKNOWN;

/// A cloud call as functions and client packages send it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoke {
    /// The API's name after `cloud.`, such as `payment.common.create`.
    pub api: String,
    /// The arguments as they were passed: an object of them and one of options, or one by one.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// Asks for names of methods.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Prefix {
    /// What they begin with.
    pub prefix: String,
}

/// Names of methods, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Names {
    /// The names.
    pub methods: Vec<String>,
}

/// What an adapter is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The [platform](super::platforms) whose apps it acts for.
    pub platform: String,
    /// The APIs.
    pub apis: Vec<Api>,
    /// The settings that an app has for it.
    pub settings: Vec<Setting>,
    /// The setting that holds who gets the money, such as `sellerId`: a [`Notice`] of somebody
    /// else's is refused. Empty where there is none.
    #[serde(default)]
    pub seller: String,
}

/// An API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Api {
    /// Its name after `cloud.`.
    pub name: String,
    /// The arguments, in the order in which they are passed one by one.
    pub params: Vec<Param>,
    /// What it changes.
    pub effect: Effect,
}

/// An argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Param {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    #[serde(default)]
    pub required: bool,
}

/// What an argument holds. The service brings what is passed into this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text; numbers are written out.
    Text,
    /// An amount.
    Amount,
    /// An object, also as JSON text.
    Object,
    /// JSON text, also as an object.
    Json,
}

/// What a call changes, and so how the service treats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing, or nothing that is kept account of, such as whatever a call by its method's name
    /// may do.
    None,
    /// Makes an order that waits for its payer. Has `outTradeNo` and `totalAmount`.
    Create,
    /// Makes an order and takes its payment at once. Has `outTradeNo` and `totalAmount`.
    Pay,
    /// Asks for an order. Has `outTradeNo`.
    Query,
    /// Gives a part of an order's payment back. Has `outTradeNo`, `refundAmount`, and
    /// `outRequestNo`, which the service adds: the same for the same refund.
    Refund,
    /// Ends an order that nobody has paid. Has `outTradeNo`.
    Close,
    /// Ends an order, and gives its payment back. Has `outTradeNo`.
    Cancel,
    /// Pays somebody. Has `outBizNo` and `transAmount`.
    Transfer,
}

/// A setting of an app.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What it is and where it is found, for people.
    pub about: String,
    /// Whether listings show it masked.
    #[serde(default)]
    pub secret: bool,
}

/// A call to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The app that it is made for.
    pub app: App,
    /// The API's name.
    pub api: String,
    /// The arguments by their names, and whatever else was passed.
    pub arguments: Map<String, Value>,
    /// The merchant's authorization that a third party acts with; empty for none.
    #[serde(default)]
    pub app_auth_token: String,
    /// Where the platform tells what becomes of it; empty for nowhere.
    #[serde(default)]
    pub notify_url: String,
    /// The platform's id of the user who asks; empty for nobody.
    #[serde(default)]
    pub user: String,
    /// The id of that user in the space; empty for nobody.
    #[serde(default)]
    pub user_id: String,
    /// Whether a mini program asks, and not a function.
    #[serde(default)]
    pub client: bool,
    /// What the order book knows of the order that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Known>,
}

/// What the platform answered. A refusal is an answer too.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// `10000` when it was done.
    pub code: String,
    /// What that means.
    pub msg: String,
    /// Why it was not done; empty when it was.
    #[serde(default)]
    pub sub_code: String,
    /// That in words.
    #[serde(default)]
    pub sub_msg: String,
    /// All else, with keys in camelCase.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// What the answer tells of what was asked for: of the refund, not of its order, where the
    /// [`Effect`] is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
}

/// What is known of an order, a refund or a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// Where it stands.
    pub state: State,
    /// The platform's number of it; empty while there is none.
    #[serde(default)]
    pub number: String,
    /// The whole amount; empty when it was not told.
    #[serde(default)]
    pub amount: String,
    /// How much of an order was given back; empty when it was not told.
    #[serde(default)]
    pub refunded: String,
    /// The platform's id of who paid, or was paid; empty when it was not told.
    #[serde(default)]
    pub user: String,
}

/// Where an order, a refund or a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The platform knows nothing of it.
    Absent,
    /// Begun, and not yet decided: waits for the payer, or is being done.
    Pending,
    /// Done: paid, given back, transferred.
    Done,
    /// Done, and can no longer be undone.
    Final,
    /// Ended without a payment, or with all of it given back.
    Closed,
    /// Refused; nothing was moved.
    Failed,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// An order, by its `outTradeNo`.
    Order,
    /// A refund, by its `outRequestNo`.
    Refund,
    /// A transfer, by its `outBizNo`.
    Transfer,
}

/// Asks what became of something. Changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Find {
    /// The app that asked for it.
    pub app: App,
    /// What it is.
    pub subject: Subject,
    /// The API that asked for it, such as `fund.transferAccount.transfer`.
    pub api: String,
    /// The arguments that it was asked for with.
    pub arguments: Map<String, Value>,
    /// As in [`Request`].
    #[serde(default)]
    pub app_auth_token: String,
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Where it stands.
    pub known: Known,
}

/// A notification as it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The app whose address it came to.
    pub app: App,
    /// Header fields by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, in Base64.
    pub body: String,
}

/// What is to be done with a notification.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// What it tells, when it is genuine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// What the platform is answered once the notice is stored, or at once when there is none.
    pub reply: Response,
    /// What it is answered when the notice cannot be stored, or does not fit the order.
    pub refusal: Response,
}

/// A genuine notification.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// The same for each delivery of the same notification.
    pub id: String,
    /// What it is about.
    pub subject: Subject,
    /// Our number of that.
    pub our_number: String,
    /// The id of the app that the platform means.
    pub app_id: String,
    /// The seller or merchant that the platform means; empty when it was not told.
    #[serde(default)]
    pub seller: String,
    /// What it tells.
    pub known: Known,
    /// All of it, decrypted, for the function that is told.
    pub fields: Map<String, Value>,
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// `Content-Type`; empty for none.
    #[serde(default)]
    pub content_type: String,
    /// The body.
    #[serde(default)]
    pub body: String,
}
