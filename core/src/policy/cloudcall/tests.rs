#![allow(clippy::unwrap_used)]

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sdk_plugin::contract::cloudcall::{INVOKE, Invoke};
use sdk_plugin::{Caller, CallerKind};

use super::super::testing::Database;
use super::*;
use crate::config;
use crate::policy::Policy;

fn rules(text: &str) -> CallRules {
    CallRules::parse(text).unwrap()
}

fn call(params: &str) -> Call {
    let mut call = Call::new("s", INVOKE, params.to_owned());
    call.caller = Caller::of(CallerKind::Client);
    call
}

#[test]
fn the_exact_name_decides_then_the_longest_beginning() {
    let rules = rules(
        r#"{"cloudcall": {"payment.common.refund": true, "payment.*": false, "payment.c*": true, "fund.*": false,
            "fund.b2cRedPacket.send": true, "base.oauth.getToken": false, "base.oauth.": true}}"#,
    );
    for (api, allowed) in [
        ("payment.common.refund", true),
        ("payment.common.refund2", true),
        ("payment.huabei.create", false),
        ("payment.", false),
        ("payment", false),
        ("fund.transferAccount.transfer", false),
        ("fund.b2cRedPacket.send", true),
        ("fund.b2cRedPacket.query", false),
        ("base.oauth.getToken", false),
        ("base.oauth.refreshToken", true),
        ("security.textRisk.detect", true),
        ("Fund.b2cRedPacket.send", false),
        ("util.generic.execute", false),
    ] {
        assert_eq!(rules.allows(api), allowed, "{api}");
    }
}

#[test]
fn without_rules_what_moves_no_money_out_is_open() {
    let written = rules(&CallRules::default_text());
    for rules in [CallRules::default(), rules(r#"{"cloudcall":{}}"#), written] {
        assert!(OPEN.into_iter().all(|api| rules.allows(api)));
        for api in ["payment.common.refund", "payment.common.close", "fund.transferAccount.transfer", "util.generic.execute", "", "x"] {
            assert!(!rules.allows(api), "{api}");
        }
    }
}

#[test]
fn the_manuals_spelling_is_the_same_api() {
    for policy in [r#"{"cloudcall":{"marketing.templateMessge.send":false}}"#, r#"{"cloudcall":{"marketing.templateMessage.*":false}}"#] {
        for api in ["marketing.templateMessge.send", "marketing.templateMessage.send"] {
            assert!(!rules(policy).allows(api), "{policy} {api}");
        }
    }
    let error = CallRules::parse(r#"{"cloudcall":{"a.templateMessge.send":true,"a.templateMessage.send":false}}"#).unwrap_err();
    assert!(error.message().contains("twice"), "{}", error.message());
}

#[test]
fn wrong_rules_are_refused_with_what_is_wrong() {
    let long = format!(r#"{{"cloudcall":{{"{}":true}}}}"#, "a".repeat(MAX_NAME + 1));
    let large = format!(r#"{{"cloudcall":{{}}{}}}"#, " ".repeat(MAX_TEXT));
    for (text, named) in [
        ("", "must be an object"),
        ("true", "must be an object"),
        ("[]", "must be an object"),
        ("{", "EOF"),
        ("{}", "under `cloudcall`"),
        (r#"{"payment.common.refund":true}"#, "under `cloudcall`"),
        (r#"{"cloudcall":{},"file":{}}"#, "and nothing else"),
        (r#"{"cloudcall":{},"cloudcall":{}}"#, "twice"),
        (r#"{"cloudcall":true}"#, "`cloudcall` must be an object"),
        (r#"{"cloudcall":{"a.b":1}}"#, "\"a.b\" must be true or false"),
        (r#"{"cloudcall":{"a.b":"true"}}"#, "true or false"),
        (r#"{"cloudcall":{"a.b":null}}"#, "true or false"),
        (r#"{"cloudcall":{"a.b":true,"a.b":true}}"#, "twice"),
        (r#"{"cloudcall":{"a.b":true,"a.\u0062":false}}"#, "twice"),
        (r#"{"cloudcall":{"a.*":true,"a.*":false}}"#, "twice"),
        (r#"{"cloudcall":{"":true}}"#, "has to be a name"),
        (r#"{"cloudcall":{"a.*.b":true}}"#, "has to be a name"),
        (r#"{"cloudcall":{"**":true}}"#, "has to be a name"),
        (r#"{"cloudcall":{" a.b":true}}"#, "has to be a name"),
        (r#"{"cloudcall":{"a.b ":true}}"#, "has to be a name"),
        (r#"{"cloudcall":{"支付":true}}"#, "has to be a name"),
        (r#"{"cloudcall":{"cloud.fund.*":false}}"#, "without `cloud.`"),
        (r#"{"cloudcall":{"marketing.templateMessg*":false}}"#, "templateMessage*"),
        (&long, "has to be a name"),
        (&large, "bytes"),
    ] {
        let error = CallRules::parse(text).unwrap_err();
        assert_eq!(error.code(), INVALID_PARAMETER, "{text}");
        assert!(error.message().contains(named), "{text}: {}", error.message());
    }
}

#[tokio::test]
async fn a_refusal_says_what_allows_the_call_and_that_does() {
    let (policy, database) = (CallPolicy::default(), Database::default());
    let asked = call(r#"{"api":"payment.common.refund","args":[{"outTradeNo":"1"}]}"#);
    let ask = || async { policy.rewrite(&database, &asked, std::str::from_utf8(&asked.params).unwrap()).await };
    let error = ask().await.unwrap_err();
    assert_eq!(error.code(), codes::PERMISSION_DENIED);
    assert!(error.message().contains("ServiceName `cloudcall`"), "{}", error.message());
    let (_, advised) = error.message().rsplit_once("Policy ").unwrap();
    policy.set(&database, "s", advised).await.unwrap();
    assert_eq!(ask().await.unwrap(), r#"{"api":"payment.common.refund","args":[{"outTradeNo":"1"}]}"#);
    assert!(policy.set(&database, "s", "{}").await.is_err());
    assert!(ask().await.is_ok(), "a refusal changes nothing");
    policy.forget_space(&database, "s").await.unwrap();
    assert!(ask().await.is_err());
    database.fail(true);
    policy.forget_space(&database, "s").await.unwrap_err();
    assert_eq!(ask().await.unwrap_err().code(), codes::UNAVAILABLE, "what cannot be read allows nothing");
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    let policy = CallPolicy::default();
    let database = Database::default();
    policy.set(&database, "s", r#"{"cloudcall":{"*":true}}"#).await.unwrap();
    for params in [
        "",
        "null",
        r#"["payment.common.create",[]]"#,
        "{}",
        r#"{"api":null}"#,
        r#"{"api":""}"#,
        r#"{"api":1}"#,
        r#"{"api":["payment.common.create"]}"#,
        r#"{"api":{"a":1}}"#,
        r#"{"API":"payment.common.create"}"#,
        r#"{"api":"payment.common.create","api":"payment.common.refund"}"#,
        r#"{"api":"payment.common.create","\u0061pi":"payment.common.refund"}"#,
        r#"{"api":"payment.common.create","args":[],"args":[1]}"#,
        r#"{"api":" payment.common.create"}"#,
        r#"{"api":"payment.common.create\u0000"}"#,
        r#"{"api":"payment.common.creat\u0435"}"#,
        r#"{"api":"\ud800"}"#,
        r#"{"api":"a"} {"api":"b"}"#,
        "{\"api\":\"a\"",
    ] {
        let error = policy.rewrite(&database, &call(params), params).await.unwrap_err();
        assert_eq!(error.code(), codes::INVALID_PARAMS, "{params}");
    }
}

/// Rules and calls that are made of the same few words, so that they meet.
struct Generator(StdRng);

impl Generator {
    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of.choose(&mut self.0).unwrap()
    }

    fn name(&mut self) -> String {
        if self.0.random_bool(0.2) {
            return self.one(&OPEN).to_owned();
        }
        let words = ["payment", "common", "refund", "fund", "templateMessge", "templateMessage", "Fund", "p", ""];
        let count = self.0.random_range(1..4);
        (0..count).map(|_| self.one(&words)).collect::<Vec<_>>().join(".")
    }

    fn key(&mut self) -> String {
        let mut name = self.name();
        match self.0.random_range(0..10) {
            0..4 => name,
            4..8 => {
                let length = self.0.random_range(0..=name.len());
                name.truncate(length);
                name + "*"
            }
            8 => name + ".*",
            _ => "*".to_owned(),
        }
    }

    fn policy(&mut self) -> Vec<(String, bool)> {
        let count = self.0.random_range(0..6);
        (0..count).map(|_| (self.key(), self.0.random())).collect()
    }

    /// A text in JSON, with some letters as escapes.
    fn spelt(&mut self, text: &str) -> String {
        let letter = |c: char, escaped: bool| if escaped { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
        format!("\"{}\"", text.chars().map(|c| letter(c, self.0.random_bool(0.1))).collect::<String>())
    }

    fn params(&mut self, name: &str) -> String {
        let mut fields: Vec<String> = vec![format!("{}:{}", self.spelt("api"), self.spelt(name))];
        if self.0.random() {
            fields.insert(self.0.random_range(0..=1), format!("{}: [{{\"api\":\"fund\"}}]", self.spelt("args")));
        }
        if self.0.random_bool(0.1) {
            let other = self.name();
            fields.push(format!("{}:{}", self.spelt("api"), self.spelt(&other)));
        }
        let space = self.one(&["", " ", "\n"]);
        format!("{space}{{{}}}", fields.join(&format!("{space},{space}")))
    }
}

/// What rules say of a name: none when such rules or such a name are refused. Written after the
/// sentences of the module's documentation, word by word.
struct Model(Vec<(Vec<String>, bool, bool)>);

impl Model {
    fn words(name: &str) -> Vec<String> {
        let corrected = |word: &str| if word == "templateMessge" { "templateMessage".to_owned() } else { word.to_owned() };
        name.split('.').map(corrected).collect()
    }

    fn of(policy: &[(String, bool)]) -> Option<Self> {
        let mut rules: Vec<(Vec<String>, bool, bool)> = Vec::new();
        for (key, allowed) in policy {
            let (name, star) = key.strip_suffix('*').map_or((key.as_str(), false), |name| (name, true));
            let words = Self::words(name);
            if key.is_empty()
                || words.last().unwrap() == "templateMessg" && star
                || rules.iter().any(|rule| (&rule.0, rule.1) == (&words, star))
            {
                return None;
            }
            rules.push((words, star, *allowed));
        }
        Some(Self(rules))
    }

    fn allows(&self, name: &str) -> bool {
        let words = Self::words(name);
        let whole = words.join(".");
        let exact = self.0.iter().find(|(rule, star, _)| !star && *rule == words);
        let covering = || self.0.iter().filter(|(rule, star, _)| *star && whole.starts_with(&rule.join(".")));
        let longest = || covering().max_by_key(|(rule, ..)| rule.join(".").len());
        let decided = exact.or_else(longest).map(|(_, _, allowed)| *allowed);
        decided.unwrap_or_else(|| OPEN.iter().any(|open| Self::words(open) == words))
    }
}

#[tokio::test]
async fn random_rules_and_calls_are_decided_as_the_model_does() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = setting("POLICY_SEED").unwrap_or_else(|| rand::rng().random_range(0..1 << 40));
    println!("POLICY_SEED={seed}");
    let mut generator = Generator(StdRng::seed_from_u64(seed));
    let mut seen = [0; 4];
    for number in 0..setting("POLICY_CASES").unwrap_or(2_000) {
        let (policy, database) = (Policy::new(config::Policy::default()), Database::default());
        let written = generator.policy();
        let text = written.iter().map(|(key, allowed)| format!("{}:{allowed}", generator.spelt(key))).collect::<Vec<_>>().join(", ");
        let text = format!("{{\"cloudcall\": {{{text}}}}}");
        let set = policy.cloud_calls().set(&database, "s", &text).await;
        let model = Model::of(&written);
        let case = format!("seed {seed}, case {number}: {text}");
        assert_eq!(set.is_ok(), model.is_some(), "{case}: {set:?}");
        let Some(model) = model else {
            seen[0] += 1;
            continue;
        };
        for _ in 0..10 {
            let name = generator.name();
            let params = generator.params(&name);
            let sent = policy.apply(&database, call(&params)).await;
            // What the service would run if nobody stood before it.
            let plain = serde_json::from_str::<Invoke>(&params).ok().filter(|invoke| !invoke.api.is_empty());
            match (&sent, plain) {
                (Ok(sent), Some(plain)) => {
                    let read: Invoke = sent.decode().unwrap();
                    assert_eq!((&read.api, &read.args), (&plain.api, &plain.args), "{case}\n{params}");
                    assert!(model.allows(&read.api), "{case}\n{params}");
                    seen[1] += 1;
                }
                (Err(error), None) => {
                    assert_eq!(error.code(), codes::INVALID_PARAMS, "{case}\n{params}");
                    seen[2] += 1;
                }
                (Err(error), Some(plain)) => {
                    assert_eq!(error.code(), codes::PERMISSION_DENIED, "{case}\n{params}");
                    assert!(!model.allows(&plain.api), "{case}\n{params}");
                    seen[3] += 1;
                }
                (Ok(_), None) => panic!("{case}\n{params}"),
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}
