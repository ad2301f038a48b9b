//! More calls than a space may make, and functions that change while they are called.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Answer, Wire};
use serde_json::{Value, json};

use crate::stage::Stage;

const CONCURRENCY: &str = "Throttling.Api.Concurrency";

/// Calls at once; what each was answered.
fn at_once(client: &Wire, times: usize, function: &'static str, arguments: impl Fn(usize) -> Value) -> Vec<Answer> {
    let callers: Vec<_> = (0..times)
        .map(|n| {
            let (client, arguments) = (client.clone(), arguments(n));
            let caller = thread::Builder::new().stack_size(512 << 10);
            caller.spawn(move || client.invoke(function, arguments)).expect("start a thread")
        })
        .collect();
    callers.into_iter().map(|caller| caller.join().expect("the call was answered")).collect()
}

/// How many answers there are of each code; successes are `ok`.
#[track_caller]
fn counted(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        let code = if answer.envelope()["success"] == true { "ok".to_owned() } else { answer.code() };
        *counts.entry(code).or_default() += 1;
    }
    counts
}

#[test]
fn a_thousand_calls_at_once() {
    let stage = Stage::set("");
    stage.hostile.deploy("slow", "module.exports = ({ args }) => new Promise((resolve) => setTimeout(resolve, 300, args.n))");
    // Calls that are answered late on a slow machine are no failure here.
    stage.hostile.allow_seconds("slow", "10");
    let began = Instant::now();
    let answers = at_once(&stage.hostile.client, 1000, "slow", |n| json!({"n": n}));
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.data(), n, "each gets its own answer");
    }
    println!("1,000 calls at once took {:?}", began.elapsed());
    stage.end("1,000 calls at once");
}

#[test]
fn a_space_runs_so_many_functions_at_once() {
    let stage = Stage::set("space_concurrency = 4");
    stage.hostile.deploy("slow", "module.exports = () => new Promise((resolve) => setTimeout(resolve, 700, 'done'))");
    let counts = counted(&at_once(&stage.hostile.client, 24, "slow", |_| json!({})));
    println!("24 calls where 4 are allowed: {counts:?}");
    let (ok, refused) = (counts.get("ok").copied().unwrap_or(0), counts.get(CONCURRENCY).copied().unwrap_or(0));
    assert_eq!(ok + refused, 24, "{counts:?}");
    assert!(ok >= 4 && refused >= 1, "{counts:?}");
    assert_eq!(stage.hostile.client.invoke("slow", json!({})).data(), "done", "a call has left: there is room");

    // Calls of functions by functions count, too.
    stage.hostile.deploy(
        "many",
        "module.exports = async ({ mpserverless }) => {
           const all = await Promise.allSettled(Array.from({ length: 10 }, () => mpserverless.function.invoke('slow')));
           return all.map((one) => one.reason?.code ?? 'ok');
         }",
    );
    let codes = stage.hostile.client.invoke("many", json!({})).data();
    let refused = codes.as_array().into_iter().flatten().filter(|code| *code == CONCURRENCY).count();
    assert_eq!(refused, 7, "one of four runs already: {codes}");

    // What is under way ends with the function's time, and then there is room again.
    stage.hostile.deploy("hang", "module.exports = () => new Promise(() => {})");
    let counts = counted(&at_once(&stage.hostile.client, 8, "hang", |_| json!({})));
    assert_eq!(counts.get(crate::EXHAUSTED).copied().unwrap_or(0) + counts.get(CONCURRENCY).copied().unwrap_or(0), 8, "{counts:?}");
    assert_eq!(stage.hostile.client.invoke("slow", json!({})).data(), "done");
    stage.end("a space at its limit of calls at once");
}

#[test]
fn a_space_makes_so_many_calls_a_second() {
    // The neighbour makes 40.
    let stage = Stage::set("space_rate = 60");
    stage.hostile.deploy("quick", "module.exports = () => 1");
    let client = &stage.hostile.client;
    let began = Instant::now();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || (0..150).map(|_| client.invoke("quick", json!({}))).collect::<Vec<_>>())
        })
        .collect();
    let answers: Vec<Answer> = callers.into_iter().flat_map(|caller| caller.join().expect("answered")).collect();
    let (counts, seconds) = (counted(&answers), began.elapsed().as_secs_f64());
    println!("600 calls within {seconds:.2} s where 60 a second are allowed: {counts:?}");
    let (ok, refused) = (counts.get("ok").copied().unwrap_or(0), counts.get(CONCURRENCY).copied().unwrap_or(0));
    assert_eq!(ok + refused, 600, "{counts:?}");
    assert!(ok as f64 <= 60.0 + 60.0 * seconds + 1.0, "{counts:?} within {seconds} s");
    assert!(refused > 0, "{counts:?} within {seconds} s");
    let again = e2e::wait_for("room for another call", || {
        let answer = client.invoke("quick", json!({}));
        (answer.envelope()["success"] == true).then_some(answer)
    });
    assert_eq!(again.data(), 1);
    stage.end("a space that calls too often");
}

#[test]
fn a_function_is_replaced_and_deleted_while_it_is_called() {
    let stage = Stage::set("");
    let version = |n: u64| format!("module.exports = async () => {{ await new Promise((resolve) => setTimeout(resolve, 5)); return {n} }}");
    stage.hostile.deploy("changing", &version(0));
    // What is deployed when a call begins or ends is what it may be answered.
    let (deployed, ended, deleting) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (client, deployed, ended, deleting) = (stage.hostile.client.clone(), deployed.clone(), ended.clone(), deleting.clone());
            thread::spawn(move || {
                let mut calls = 0_u64;
                while !ended.load(Ordering::SeqCst) {
                    let least = deployed.load(Ordering::SeqCst);
                    let answer = client.invoke("changing", json!({}));
                    let envelope = answer.envelope();
                    if envelope["success"] == true {
                        let most = deployed.load(Ordering::SeqCst) + 1;
                        let got = envelope["data"].as_u64().unwrap_or_else(|| panic!("{envelope}"));
                        assert!((least..=most).contains(&got), "version {got} where {least} to {most} were deployed");
                    } else {
                        assert!(deleting.load(Ordering::SeqCst), "a call was lost while versions changed: {envelope}");
                        assert_eq!(envelope["error"]["code"], "FunctionServerError", "{envelope}");
                    }
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    for n in 1..=20 {
        stage.hostile.replace("changing", &version(n));
        deployed.store(n, Ordering::SeqCst);
    }
    deleting.store(true, Ordering::SeqCst);
    for round in 21..=25 {
        stage.hostile.delete("changing");
        let gone = stage.hostile.client.invoke("changing", json!({}));
        assert_eq!(gone.code(), "FunctionServerError", "round {round}: it is deleted");
        // Nobody knows which of two versions a call gets while the first of them is being made.
        deployed.store(round - 1, Ordering::SeqCst);
        stage.hostile.deploy("changing", &version(round));
        deployed.store(round, Ordering::SeqCst);
        assert_eq!(stage.hostile.client.invoke("changing", json!({})).data(), round);
    }
    thread::sleep(Duration::from_millis(100));
    ended.store(true, Ordering::SeqCst);
    let calls: u64 = callers.into_iter().map(|caller| caller.join().expect("every call was answered as it should be")).sum();
    println!("{calls} calls meanwhile");
    assert!(calls > 50, "{calls}");
    stage.end("a function that changes under load");
}
