//! Functions that never stop computing.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::Stage;
use crate::{EXHAUSTED, THREW};

/// Each would go on for ever, or for longer than anybody waits.
const LOOPS: [(&str, &str); 12] = [
    ("empty", "for (;;);"),
    ("caught", "for (;;) { try { for (;;); } catch { continue } finally { continue } }"),
    ("promises", "(async () => { for (;;) await null })()"),
    ("microtasks", "{ const again = () => queueMicrotask(again); again(); new Promise(() => {}) }"),
    ("then", "{ const again = () => void Promise.resolve().then(again); again(); new Promise(() => {}) }"),
    ("timers", "{ const again = () => setTimeout(again, 0); again(); new Promise(() => {}) }"),
    ("regex", "/^(a+)+$/.test('a'.repeat(60) + '!')"),
    ("regex in replace", "'x'.repeat(40).replace(/(x+x+)+y/g, '')"),
    ("sort", "new Array(1e5).fill(0).sort(() => { for (;;); })"),
    ("getter", "JSON.stringify({ get a() { for (;;); } })"),
    ("generator", "[...(function* () { for (;;) yield* [] })()]"),
    (
        "async iterator",
        "(async () => { for await (const _ of { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false }) }) }); })()",
    ),
];

#[test]
fn whatever_never_ends_is_ended_at_its_time() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    for (name, code) in LOOPS {
        let began = Instant::now();
        assert_eq!(stage.hostile.run(code).code(), EXHAUSTED, "{name}");
        let took = began.elapsed();
        println!("{name}: ended after {took:?}");
        assert!(took > Duration::from_secs(1) && took < Duration::from_secs(8), "{name}: {took:?} for a function with 2 s");
        assert_eq!(stage.hostile.run("'fine'").data(), "fine", "after {name}");
    }
    stage.end("endless loops");
}

#[test]
fn more_busy_loops_than_cores_leave_the_neighbour_some() {
    let stage = Stage::set("");
    let names = ["a", "b", "c", "d"];
    for name in names {
        stage.hostile.deploy(name, "module.exports = () => { for (;;); }");
    }
    let callers: Vec<_> = (0..12)
        .map(|n| {
            let client = stage.hostile.client.clone();
            thread::spawn(move || client.invoke(names[n % names.len()], json!({})).code())
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.join().expect("answered"), EXHAUSTED);
    }
    stage.end("12 busy loops");
}

#[test]
fn numbers_without_end_and_stacks_without_end() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    let ended = [
        ("large numbers", "let n = 3n; for (;;) n = n * n"),
        ("stack", "(function deep(n) { return deep(n + 1) + 1 })(0)"),
        ("stack of getters", "{ const a = { get b() { return this.b } }; a.b }"),
        ("stack of proxies", "{ let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x }"),
        ("nested source", "eval('('.repeat(1e5) + ')'.repeat(1e5))"),
        ("nested JSON", "JSON.parse('['.repeat(1e6))"),
        ("nested regex", "new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('')"),
    ];
    for (name, code) in ended {
        let code = stage.hostile.run(code).code();
        assert!([THREW, EXHAUSTED].contains(&code.as_str()), "{name}: {code}");
        assert_eq!(stage.hostile.run("'fine'").data(), "fine", "after {name}");
    }
    stage.end("numbers and stacks without end");
}

#[test]
fn a_function_that_invokes_itself_ends_at_the_depth_limit() {
    let stage = Stage::set("");
    stage.hostile.deploy(
        "again",
        "module.exports = async ({ args, mpserverless }) => {
           const depth = args.depth || 0;
           try { return (await mpserverless.function.invoke('again', { depth: depth + 1 })).result }
           catch (error) { return { depth, code: error.code, message: error.message } }
         }",
    );
    let ended = stage.hostile.client.invoke("again", json!({})).data();
    assert_eq!(ended["code"], "Throttling.Api", "{ended}");
    assert!(ended["depth"].as_u64().is_some_and(|depth| (15..=16).contains(&depth)), "{ended}");
    assert!(ended["message"].as_str().is_some_and(|text| text.contains("16")), "the limit is told: {ended}");

    // Each invokes two: 131,071 calls, if nothing ended them.
    stage.hostile.deploy(
        "fork",
        "module.exports = async ({ mpserverless }) => {
           const both = await Promise.allSettled([1, 2].map(() => mpserverless.function.invoke('fork')));
           return both.map((one) => one.reason?.code ?? 'done');
         }",
    );
    let began = Instant::now();
    stage.hostile.client.invoke("fork", json!({})).envelope();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let fine = e2e::wait_for("the end of the calls", || {
        let answer = stage.hostile.client.invoke("again", json!({}));
        (answer.envelope()["success"] == true).then(|| answer.data())
    });
    assert_eq!(fine["code"], "Throttling.Api", "{fine}");
    stage.end("functions that invoke themselves");
}
