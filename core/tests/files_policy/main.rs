//! A mini program does with files what the rules of its space allow and nothing else: random rules,
//! paths, users and calls, run through the policy, against a model that reads no rule and knows no
//! engine of regular expressions.
//!
//! `POLICY_SEED` and `POLICY_CASES` choose what is run.

#![allow(clippy::unwrap_used, clippy::panic)]

mod pattern;
mod rules;
#[path = "../policy/store.rs"]
#[allow(dead_code)]
mod store;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mpcloud::config;
use mpcloud::policy::Policy;
use pattern::LETTERS;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use rules::{Rules, USERS};
use sdk_plugin::contract::files::{DELETE, INFO, Operation, Question, REPORT, RESOLVE, RESOLVED, Resolution, Resolve, SIGN, Target};
use sdk_plugin::contract::{Calls, db};
use sdk_plugin::{Call, Caller, CallerKind, Error, Reply, Result, codes};
use serde_json::{Value, json};
use store::Spaces;

const SPACE: &str = "space";
const CASES: u64 = 30_000;
/// How many calls are made in a world.
const CALLS: u64 = 20;
const METHODS: [&str; 4] = [SIGN, REPORT, INFO, DELETE];

/// The database with the rules, and a file service.
#[derive(Clone, Default)]
struct Services {
    spaces: Spaces,
    files: Arc<Mutex<Vec<Target>>>,
}

impl Services {
    /// The files that a call names; one that it would make is its user's.
    fn named(&self, method: &str, params: &Value, user: &str) -> Vec<Target> {
        if method == SIGN {
            return vec![Target { id: "new".into(), path: params["filename"].as_str().unwrap().into(), owner: user.into() }];
        }
        let files = self.files.lock().unwrap();
        let ids = params["id"].as_str().unwrap().split(',');
        ids.filter_map(|id| files.iter().find(|file| file.id == id).cloned()).collect()
    }
}

impl Calls for Services {
    async fn make(&self, call: Call) -> Result<Reply> {
        if call.method == db::EXECUTE {
            return self.spaces.make(call).await;
        }
        assert_eq!((call.method.as_str(), call.space.as_str()), (RESOLVE, SPACE));
        assert_eq!((call.caller.kind, call.depth), (CallerKind::System, 1));
        let resolve: Resolve = call.decode()?;
        assert_eq!(resolve.user, call.caller.user);
        let params: Value = serde_json::from_str(&resolve.params).unwrap();
        assert!(params.get(RESOLVED).is_none(), "the file service is not asked with what the client lists");
        Reply::json(&Resolution { targets: self.named(&resolve.method, &params, &resolve.user) })
    }
}

fn path(rng: &mut StdRng) -> String {
    let length = rng.random_range(1..7);
    let path: String = (0..length).map(|_| *LETTERS.choose(rng).unwrap()).collect();
    let segments: Vec<&str> = path.split('/').filter(|segment| !["", ".", ".."].contains(segment)).collect();
    if segments.is_empty() { "file".to_owned() } else { segments.join("/") }
}

/// The params of a call, with a list of what it may touch that it has no right to make.
fn params(rng: &mut StdRng, method: &str, paths: &[String]) -> String {
    let named = if method == SIGN {
        format!(r#""filename":{}"#, Value::from(paths.choose(rng).unwrap().as_str()))
    } else {
        let many = if method == REPORT { 1 } else { rng.random_range(0..4) };
        let ids: Vec<String> = (0..many).map(|_| rng.random_range(0..paths.len() + 1).to_string()).collect();
        format!(r#""id":"{}""#, ids.join(","))
    };
    let forged = r#"[{"id":"0","path":"","owner":""}]"#;
    match rng.random_range(0..6) {
        0 => format!(r#"{{{named},"resolved":{forged}}}"#),
        1 => format!(r#"{{"r\u0065solved":{forged},{named}}}"#),
        2 => format!(r#"{{"resolved":null,{named},"n":1.10}}"#),
        _ => format!("{{{named}}}"),
    }
}

#[derive(Default)]
struct Tally {
    allowed: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
}

async fn world(seed: u64, tally: &mut Tally) {
    let mut rng = StdRng::seed_from_u64(seed);
    let paths: Vec<String> = (0..8).map(|_| path(&mut rng)).collect();
    let rules = Rules::random(&mut rng, &paths);
    let Some(text) = rules.write(&mut rng) else { return };
    let (policy, services) = (Policy::new(config::Policy { data_read: true, data_write: true }), Services::default());
    let owner = |rng: &mut StdRng| (*USERS.choose(rng).unwrap()).to_owned();
    let files = paths.iter().enumerate().map(|(id, path)| Target { id: id.to_string(), path: path.clone(), owner: owner(&mut rng) });
    let files: Vec<Target> = files.collect();
    services.files.lock().unwrap().clone_from(&files);
    let shown = format!("POLICY_SEED={seed} POLICY_CASES={CALLS}\nrules {text}\nfiles {files:?}");
    if let Err(error) = policy.files().set(&services, SPACE, &text).await {
        panic!("{}\n{shown}", error.message());
    }
    for _ in 0..CALLS {
        let (user, method) = (*USERS.choose(&mut rng).unwrap(), *METHODS.choose(&mut rng).unwrap());
        let params = params(&mut rng, method, &paths);
        let mut call = Call::new(SPACE, method, params.clone());
        call.caller = Caller { user: user.to_owned(), ..Caller::of(CallerKind::Client) };
        let sent = serde_json::from_str::<Value>(&params).unwrap();
        let operation = if method == INFO { Operation::Read } else { Operation::Write };
        let mut expected = services.named(method, &sent, user);
        let mut refused = false;
        let allowed = |target: &Target| rules.allow(operation, &target.path, user, &target.owner);
        match operation {
            Operation::Read => expected.retain(allowed),
            Operation::Write => refused = !expected.iter().all(allowed),
        }
        let shown = format!("{method} of `{user}` with {params}\n{shown}");
        match policy.apply(&services, call).await {
            Ok(call) => {
                assert!(!refused, "{shown}");
                let text = String::from_utf8(call.params.to_vec()).unwrap();
                let got: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(got[RESOLVED], serde_json::to_value(&expected).unwrap(), "{shown}");
                assert_eq!(text.matches(r#""resolved""#).count(), 1, "{text}\n{shown}");
                assert_eq!((&got["id"], &got["filename"], &got["n"]), (&sent["id"], &sent["filename"], &sent["n"]), "{shown}");
                *tally.allowed.entry(method).or_default() += u64::from(!expected.is_empty());
            }
            Err(error) => {
                assert_eq!(error.code(), codes::PERMISSION_DENIED, "{}\n{shown}", error.message());
                assert!(refused, "{shown}");
                *tally.refused.entry(method).or_default() += 1;
            }
        }
        // What a download asks.
        let Target { path, owner, .. } = files.choose(&mut rng).unwrap().clone();
        let expected = rules.allow(operation, &path, user, &owner);
        let question = Question { operation, path, owner, user: user.to_owned() };
        assert_eq!(policy.files().allows(&services, SPACE, &question).await.unwrap(), expected, "{question:?}\n{shown}");
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn rules_allow_what_they_say_and_nothing_else() {
    let seed = setting("POLICY_SEED").unwrap_or_else(|| rand::rng().random_range(0..1 << 40));
    let worlds = setting("POLICY_CASES").unwrap_or(CASES).div_ceil(CALLS);
    println!("POLICY_SEED={seed}");
    let mut tally = Tally::default();
    for world_seed in seed..seed + worlds {
        world(world_seed, &mut tally).await;
    }
    println!("allowed {:?}\nrefused {:?}", tally.allowed, tally.refused);
    if worlds > 1000 {
        assert_eq!((tally.allowed.len(), tally.refused.len()), (4, 3), "every method was allowed, and every one that writes refused");
        for (method, count) in tally.allowed.iter().chain(&tally.refused) {
            assert!(*count > 300, "{method}: {count}");
        }
    }
}

/// Calls of everybody else go through as they are, and so do those of other methods.
#[tokio::test]
async fn params_are_read_strictly() {
    let (policy, services) = (Policy::new(config::Policy { data_read: true, data_write: true }), Services::default());
    for bad in [
        r#"{"id":"0","id":"1"}"#,
        r#"{"id":"0","resolved":[],"resolved":[]}"#,
        r#"{"id":"0","resolved":[],"\u0072esolved":[]}"#,
        "[]",
        "null",
        r#"{"id":"0""#,
    ] {
        let mut call = Call::new(SPACE, DELETE, bad);
        call.caller = Caller::of(CallerKind::Client);
        assert_eq!(policy.apply(&services, call).await.unwrap_err().code(), codes::INVALID_PARAMS, "{bad}");
    }
    let other = r#"{"resolved":1,"resolved":2}"#;
    let untouched = policy.apply(&services, Call::new(SPACE, "serverless.file.resource.other", other)).await.unwrap();
    assert_eq!(untouched.params, other);
}

/// A file service that fails, or is not there, lets nothing through.
#[tokio::test]
async fn without_an_answer_nothing_is_allowed() {
    #[derive(Clone)]
    struct Failing(Services);

    impl Calls for Failing {
        async fn make(&self, call: Call) -> Result<Reply> {
            match call.method.as_str() {
                RESOLVE => Err(Error::new(codes::INVALID_METHOD, "no plugin provides it")),
                _ => self.0.make(call).await,
            }
        }
    }
    let policy = Policy::new(config::Policy { data_read: true, data_write: true });
    for method in METHODS {
        let mut call = Call::json(SPACE, method, &json!({"id": "0", "filename": "a", "resolved": []})).unwrap();
        call.caller = Caller::of(CallerKind::Client);
        assert_eq!(policy.apply(&Failing(Services::default()), call).await.unwrap_err().code(), codes::INVALID_METHOD, "{method}");
    }
}
