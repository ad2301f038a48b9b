//! Every case of the kits can fail: each has a change to the adapter that it must find.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::{Delivery, Effect, OUTCOME_UNKNOWN, Request};
use sdk_plugin::contract::login::REFUSED;
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Call, Error, Reply, Result, codes};
use serde_json::{Value, json};

use super::platform::{APP_ID, SECRET, SHOP, signature};
use super::{Plugin, app, open};
use sdk_plugin::conformance::cloudcall::{self, Behaviour, Count, Sender};
use sdk_plugin::conformance::login::{self, Apps, Verdict};

/// A change to what the adapter is asked, and to what it answers, by the end of the method's name.
#[derive(Clone, Copy)]
struct Change {
    before: fn(&str, &mut Value),
    after: fn(&str, &Value, Result<Value>) -> Result<Value>,
    repeats: bool,
}

const NONE: Change = Change { before: |_, _| {}, after: |_, _, outcome| outcome, repeats: false };

/// The adapter with a change.
#[derive(Clone)]
struct Mutant {
    plugin: Plugin,
    change: Change,
}

impl Calls for Mutant {
    async fn make(&self, call: Call) -> Result<Reply> {
        let end = call.method.rsplit('.').next().unwrap_or_default().to_owned();
        let mut params: Value = call.decode()?;
        (self.change.before)(&end, &mut params);
        let changed = || {
            let mut changed = call.follow(&*call.method, serde_json::to_vec(&params).unwrap());
            changed.depth = call.depth;
            changed
        };
        let mut outcome = self.plugin.make(changed()).await;
        if self.change.repeats && outcome.is_err() {
            outcome = self.plugin.make(changed()).await;
        }
        Reply::json(&(self.change.after)(&end, &params, outcome.and_then(|reply| reply.decode()))?)
    }
}

impl cloudcall::Fixture for Mutant {
    fn adapter(&self) -> &'static str {
        self.plugin.adapter()
    }

    fn app(&self) -> App {
        self.plugin.app()
    }

    fn needed(&self) -> Vec<&'static str> {
        self.plugin.needed()
    }

    fn unusable(&self) -> Vec<(&'static str, &'static str)> {
        self.plugin.unusable()
    }

    fn complete(&self, request: &mut Request) {
        self.plugin.complete(request);
    }

    fn behave(&self, behaviour: Behaviour) {
        self.plugin.behave(behaviour);
    }

    fn heard(&self) -> usize {
        self.plugin.heard()
    }

    fn count(&self, effect: Effect) -> Count {
        self.plugin.count(effect)
    }

    fn pay(&self, number: &str) {
        self.plugin.pay(number);
    }

    fn notify(&self, number: &str, sender: Sender) -> Option<Delivery> {
        self.plugin.notify(number, sender)
    }
}

impl login::Fixture for Mutant {
    fn provider(&self) -> &'static str {
        self.plugin.provider()
    }

    fn apps(&self) -> &Apps {
        self.plugin.apps()
    }

    fn stranger(&self) -> App {
        self.plugin.stranger()
    }

    fn code(&self, verdict: Verdict) -> String {
        self.plugin.code(verdict)
    }

    fn secrets(&self) -> Vec<String> {
        self.plugin.secrets()
    }
}

fn unused() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("unused{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn described(change: fn(&mut Value)) -> impl Fn(&str, Result<Value>) -> Result<Value> {
    move |end, outcome| {
        let mut outcome = outcome?;
        if end == "describe" {
            change(&mut outcome);
        }
        Ok(outcome)
    }
}

/// What is told of a call or found, changed.
fn told(end: &str, outcome: Result<Value>, change: impl Fn(&mut Value)) -> Result<Value> {
    let mut outcome = outcome?;
    if ["call", "find"].contains(&end) && outcome["known"].is_object() {
        change(&mut outcome["known"]);
    }
    Ok(outcome)
}

fn coded(outcome: Result<Value>, from: &str, to: &'static str) -> Result<Value> {
    outcome.map_err(|error| if error.code() == from { Error::new(to, "another") } else { error })
}

const DONE: fn() -> Value = || json!({"code": "10000", "msg": "Success", "known": {"state": "done", "amount": "12.30", "number": "1"}});

/// Changes to the adapter, each with the cases that must find it.
fn adapters() -> Vec<(&'static [&'static str], Change)> {
    vec![
        (
            &["description::names_are_unique"],
            Change {
                after: |end, _, outcome| {
                    described(|told| {
                        let first = told["apis"][0].clone();
                        told["apis"].as_array_mut().unwrap().push(first);
                    })(end, outcome)
                },
                ..NONE
            },
        ),
        (
            &["description::effects_have_their_arguments"],
            Change {
                after: |end, _, outcome| described(|told| told["apis"][0]["params"][2]["required"] = json!(false))(end, outcome),
                ..NONE
            },
        ),
        (
            &["description::settings_are_explained"],
            Change { after: |end, _, outcome| described(|told| told["seller"] = json!("nobody"))(end, outcome), ..NONE },
        ),
        (
            &["description::it_stays_the_same"],
            Change { after: |end, _, outcome| described(|told| told["settings"][0]["about"] = json!(unused()))(end, outcome), ..NONE },
        ),
        (
            &["settings::good_ones_are_accepted"],
            Change {
                after: |end, _, outcome| if end == "check" { Err(Error::new(codes::CONFIG, "shop secret")) } else { outcome },
                ..NONE
            },
        ),
        (
            &["settings::what_is_missing_is_named", "settings::what_cannot_be_used_is_named"],
            Change { after: |end, _, outcome| if end == "check" { Ok(json!({})) } else { outcome }, ..NONE },
        ),
        (
            &["settings::what_is_missing_is_named", "settings::what_cannot_be_used_is_named"],
            Change {
                after: |end, _, outcome| outcome.map_err(|e| if end == "check" { Error::new(codes::CONFIG, "one of them") } else { e }),
                ..NONE
            },
        ),
        (
            &["settings::what_cannot_be_used_is_named", "settings::nothing_is_done_with_bad_ones"],
            Change {
                // The error shows the setting's value.
                after: |_, params, outcome| {
                    outcome.map_err(|error| {
                        let app = if params["app"].is_null() { params } else { &params["app"] };
                        let value = app["settings"]["secret"].as_str().unwrap_or_default().to_owned();
                        Error::new(error.code().to_owned(), error.message().to_owned()).with_context("value", value)
                    })
                },
                ..NONE
            },
        ),
        (
            &["settings::nothing_is_done_with_bad_ones"],
            Change {
                before: |end, params| {
                    if end == "call" {
                        params["app"] = serde_json::to_value(app(SECRET)).unwrap()
                    }
                },
                ..NONE
            },
        ),
        (
            &["arguments::an_unknown_api"],
            Change {
                before: |end, params| {
                    if end == "call" && params["api"] == "" {
                        params["api"] = json!("payment.common.create")
                    }
                },
                ..NONE
            },
        ),
        (
            &["arguments::what_is_missing"],
            Change {
                before: |end, params| {
                    if end == "call" && params["arguments"]["totalAmount"].is_null() {
                        for name in ["totalAmount", "refundAmount", "transAmount"] {
                            params["arguments"][name] = json!("1.00");
                        }
                        for name in
                            ["outTradeNo", "outBizNo"].into_iter().filter(|name| params["arguments"][name].is_null()).collect::<Vec<_>>()
                        {
                            params["arguments"][name] = json!(unused());
                        }
                    }
                },
                ..NONE
            },
        ),
        (
            &["orders::they_are_made_and_paid"],
            Change {
                after: |end, _, outcome| {
                    told(end, outcome, |known| {
                        if known["state"] == "done" {
                            known["state"] = json!("pending")
                        }
                    })
                },
                ..NONE
            },
        ),
        (
            &["orders::amounts_are_exact"],
            Change {
                before: |_, params| {
                    if let Some(amount) = params["arguments"]["totalAmount"].as_str() {
                        let binary: f32 = amount.parse().unwrap();
                        params["arguments"]["totalAmount"] = json!(format!("{binary:.2}"));
                    }
                },
                ..NONE
            },
        ),
        (
            &["orders::they_are_made_and_paid"],
            Change {
                after: |end, _, outcome| {
                    told(end, outcome, |known| known["amount"] = json!(known["amount"].as_str().unwrap_or_default().replace(".30", ".3")))
                },
                ..NONE
            },
        ),
        (
            &["orders::they_are_ended"],
            Change {
                before: |_, params| {
                    if params["api"] == "payment.common.close" {
                        params["api"] = json!("payment.common.query")
                    }
                },
                ..NONE
            },
        ),
        (
            &["orders::what_is_not_there", "refunds::what_is_not_there", "transfers::what_is_not_there"],
            Change {
                after: |end, _, outcome| {
                    told(end, outcome, |known| {
                        if known["state"] == "absent" {
                            known["state"] = json!("pending")
                        }
                    })
                },
                ..NONE
            },
        ),
        (
            &["orders::many_at_the_same_time"],
            Change {
                before: |end, params| {
                    static LAST: Mutex<Value> = Mutex::new(Value::Null);
                    let mut last = LAST.lock().unwrap();
                    if end == "call" {
                        *last = params["arguments"]["outTradeNo"].clone()
                    } else if end == "find" {
                        params["arguments"]["outTradeNo"] = last.clone()
                    }
                },
                ..NONE
            },
        ),
        (
            &["refunds::they_tell_of_themselves", "transfers::they_tell_of_themselves"],
            Change { after: |end, _, outcome| told(end, outcome, |known| known["amount"] = json!("99.00")), ..NONE },
        ),
        (
            &["refunds::a_number_moves_money_once", "transfers::a_number_moves_money_once", "outcomes::asking_again_is_safe"],
            Change {
                before: |end, params| {
                    if end == "call" {
                        for name in ["outRequestNo", "outBizNo"] {
                            params["arguments"][name] = json!(unused());
                        }
                    }
                },
                ..NONE
            },
        ),
        (
            &["outcomes::a_refusal_is_an_answer"],
            Change {
                after: |end, _, outcome| match outcome {
                    Ok(answer) if end == "call" && answer["subCode"] == "NO_MONEY" => Err(Error::new(codes::UNAVAILABLE, "refused")),
                    outcome => outcome,
                },
                ..NONE
            },
        ),
        (
            &["outcomes::a_refusal_is_an_answer"],
            Change {
                after: |end, _, outcome| match outcome {
                    Ok(answer) if end == "call" && answer["subCode"] == "NO_MONEY" => Ok(DONE()),
                    outcome => outcome,
                },
                ..NONE
            },
        ),
        (
            &["outcomes::lost_answers_are_unknown_and_found", "outcomes::silence_is_unknown_and_found"],
            Change {
                after: |end, _, outcome| match outcome {
                    Err(error) if end == "call" && error.code() == OUTCOME_UNKNOWN => Ok(DONE()),
                    outcome => outcome,
                },
                ..NONE
            },
        ),
        (
            &["outcomes::lost_answers_are_unknown_and_found", "outcomes::asking_again_is_safe"],
            Change { after: |_, _, outcome| coded(outcome, OUTCOME_UNKNOWN, codes::CONFIG), ..NONE },
        ),
        (&["outcomes::lost_answers_are_unknown_and_found"], Change { repeats: true, ..NONE }),
        (
            &["outcomes::nobody_guesses"],
            Change {
                after: |end, _, outcome| {
                    if end == "find" { outcome.or_else(|_| Ok(json!({"known": {"state": "absent"}}))) } else { outcome }
                },
                ..NONE
            },
        ),
        (
            &["notifications::genuine_ones_are_told"],
            Change {
                after: |_, _, outcome| {
                    let mut outcome = outcome?;
                    if outcome["notice"].is_object() {
                        outcome["notice"]["id"] = json!(unused());
                    }
                    Ok(outcome)
                },
                ..NONE
            },
        ),
        (
            &["notifications::forged_ones_are_not", "notifications::changed_ones_are_not", "notifications::ones_for_others_are_not"],
            Change {
                before: |end, params| {
                    if end == "receive"
                        && let Ok(body) = STANDARD.decode(params["body"].as_str().unwrap_or_default())
                    {
                        let Ok(mut told) = serde_json::from_slice::<Value>(&body) else { return };
                        (told["app"], told["shop"]) = (json!(APP_ID), json!(SHOP));
                        params["app"]["appId"] = json!(APP_ID);
                        params["headers"]["cards-sign"] = json!(signature(SECRET, &told.to_string()));
                        params["body"] = json!(STANDARD.encode(told.to_string()));
                    }
                },
                after: |end, params, outcome| {
                    let mut outcome = outcome?;
                    if end == "receive" && outcome["notice"].is_object() {
                        outcome["notice"]["appId"] = params["app"]["appId"].clone();
                    }
                    Ok(outcome)
                },
                ..NONE
            },
        ),
        (
            &["notifications::broken_ones_are_refused"],
            Change {
                after: |end, params, outcome| {
                    let notice = json!({"id": "1", "subject": "order", "ourNumber": "1", "appId": params["app"]["appId"],
                                    "known": {"state": "done"}, "fields": {}});
                    let response = json!({"status": 200});
                    if end != "receive" || outcome.as_ref().is_ok_and(|told| told["notice"].is_object()) {
                        return outcome;
                    }
                    Ok(json!({"notice": notice, "reply": response, "refusal": response}))
                },
                ..NONE
            },
        ),
    ]
}

/// Changes to the provider, each with the cases that must find it.
fn providers() -> Vec<(&'static [&'static str], Change)> {
    let user: &[&str] = &["users::a_user_stays_the_same", "users::the_only_app_need_not_be_named"];
    let known: &[&str] = &["users::a_user_stays_the_same"];
    vec![
        (user, Change { after: |_, _, outcome| outcome.map(|_| json!({"oAuthUserId": unused()})), ..NONE }),
        (
            known,
            Change {
                after: |_, _, outcome| outcome.map(|user| json!({"oAuthUserId": user["oAuthUserId"], "ids": user["secrets"]})),
                ..NONE
            },
        ),
        (&["users::users_are_apart"], Change { after: |_, _, outcome| outcome.map(|_| json!({"oAuthUserId": "everybody"})), ..NONE }),
        (
            &["refusals::codes_that_the_platform_does_not_take"],
            Change { after: |_, _, outcome| coded(outcome, REFUSED, codes::UNAVAILABLE), ..NONE },
        ),
        (
            &["refusals::apps_that_the_platform_does_not_take"],
            Change { after: |_, _, outcome| coded(outcome, codes::CONFIG, REFUSED), ..NONE },
        ),
        (&["refusals::apps_that_are_not_there"], Change { before: |_, params| params["clientIdentifier"] = json!(""), ..NONE }),
        (&["refusals::a_platform_that_is_away"], Change { after: |_, _, outcome| coded(outcome, codes::UNAVAILABLE, REFUSED), ..NONE }),
    ]
}

fn find_them(
    all: impl Iterator<Item = &'static str>,
    changes: Vec<(&'static [&'static str], Change)>,
    run: fn(&str, Change),
    without: &[&str],
) {
    let mut left: BTreeSet<&str> = all.filter(|case| !without.contains(case)).collect();
    let mut blind = Vec::new();
    for (place, (cases, change)) in changes.into_iter().enumerate() {
        for case in cases {
            if catch_unwind(AssertUnwindSafe(|| run(case, change))).is_ok() {
                blind.push((*case, place));
            }
            left.remove(case);
        }
    }
    assert!(blind.is_empty(), "cases that do not find a change: {blind:?}");
    assert!(left.is_empty(), "nothing shows that these can fail: {left:?}");
}

#[test]
fn every_case_of_adapters_finds_something() {
    let run = |case: &str, change| cloudcall::run_case(case, || async move { Mutant { plugin: open().await, change } });
    // Cards takes no payments at once.
    find_them(cloudcall::cases(), adapters(), run, &["orders::payments_at_once"]);
}

#[test]
fn every_case_of_providers_finds_something() {
    let run = |case: &str, change| login::run_case(case, || async move { Mutant { plugin: open().await, change } });
    find_them(login::cases(), providers(), run, &[]);
}
