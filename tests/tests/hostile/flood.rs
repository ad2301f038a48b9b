//! Functions that log, answer and are asked more than anybody can read.

use serde_json::{Value, json};

use crate::EXHAUSTED;
use crate::stage::{Stage, message};

#[test]
fn a_flood_of_log_lines_is_cut() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    for (name, code) in [
        (
            "many lines",
            "{ const line = 'x'.repeat(1000); const end = Date.now() + 1200; while (Date.now() < end) ctx.logger.info(line); 'done' }",
        ),
        ("large lines", "{ const line = '小'.repeat(4e6); for (let i = 0; i < 20; i++) console.error(line); 'done' }"),
        ("levels", "{ for (let i = 0; i < 50000; i++) { console.log(i); console.warn(i); ctx.logger.debug('%j', { i }) } 'done' }"),
    ] {
        let answer = stage.hostile.run(code);
        let request_id = answer.header("request-id").expect("a request id").to_owned();
        // A slow machine may not get through all of it in time.
        let envelope = answer.envelope();
        assert!(envelope["data"] == "done" || envelope["error"]["code"] == EXHAUSTED, "{name}: {envelope}");
        let logged = stage.hostile.logged("run", &request_id);
        let lines: Vec<&str> = logged["Contents"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let bytes: usize = lines.iter().map(|line| line.len()).sum();
        println!("{name}: {} lines, {bytes} bytes kept", lines.len());
        assert!(!lines.is_empty() && lines.len() <= 1010 && bytes <= 300 << 10, "{name}: {} lines, {bytes} bytes", lines.len());
        assert_eq!(stage.hostile.run("'fine'").data(), "fine", "after {name}");
    }
    stage.end("floods of log lines");
}

#[test]
fn answers_have_a_limit() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    let large = stage.hostile.run("'x'.repeat(5e6)").data();
    assert_eq!(large.as_str().map(str::len), Some(5_000_000));
    for (name, code) in [
        ("a long text", "'x'.repeat(7e6)"),
        ("escapes", "'\\u0001'.repeat(2e6)"),
        ("a long list", "new Array(4e6).fill(0)"),
        ("shared parts", "{ const text = 'x'.repeat(1e5); new Array(1000).fill({ text }) }"),
    ] {
        let answer = stage.hostile.run(code);
        assert_eq!(answer.code(), EXHAUSTED, "{name}: {}", message(&answer));
        assert_eq!(stage.hostile.run("'fine'").data(), "fine", "after {name}");
    }
    stage.end("giant answers");
}

#[test]
fn arguments_have_a_limit() {
    let stage = Stage::set("");
    stage.hostile.deploy("measure", "module.exports = ({ args }) => JSON.stringify(args).length");
    let ask = |arguments: Value| stage.hostile.client.invoke("measure", arguments);
    assert_eq!(ask(json!({"text": "x".repeat(3 << 20)})).data(), (3 << 20) + r#"{"text":""}"#.len());
    let client = &stage.hostile.client;
    let params = json!({"functionTarget": "measure", "functionArgs": {"text": "x".repeat(5 << 20)}});
    match client.try_send(&client.request("serverless.function.runtime.invoke", &params)) {
        Ok(answer) => assert_eq!(answer.code(), "InvalidBody.Format", "larger than a body may be"),
        Err(error) => println!("the connection was closed before all of a body that is too large was sent: {error}"),
    }
    let keys: serde_json::Map<String, Value> = (0..100_000).map(|n| (format!("key{n}"), json!(n))).collect();
    let written = Value::Object(keys.clone()).to_string().len();
    assert_eq!(ask(Value::Object(keys)).data(), written);
    let names = json!({"__proto__": {"a": 1}, "constructor": 2, "toString": 3, "then": 4});
    let written = names.to_string().len();
    assert_eq!(ask(names).data(), written);
    for odd in [json!(null), json!(0), json!(""), json!([]), json!("\u{2028}\u{0}\u{ffff}")] {
        let written = odd.to_string();
        let length = ask(odd).data().as_u64().unwrap_or_default();
        assert!(length > 0, "{written}: {length}");
    }
    stage.end("huge arguments");
}

#[test]
fn what_is_left_behind_ends_with_the_call() {
    let stage = Stage::set("");
    stage.hostile.deploy(
        "litter",
        "let ticks = 0;
         module.exports = async (ctx) => {
           for (let i = 0; i < 30; i++) {
             setTimeout(() => { ticks += 1 }, 1);
             setInterval(() => { ticks += 1 }, 1);
             setTimeout(() => { ticks += 1 }, 1e6);
           }
           for (let i = 0; i < 3; i++) ctx.mpserverless.db.collection('litter').insertOne({ i }).then(() => { ticks += 1 });
           ctx.mpserverless.function.invoke('litter2').catch(() => {}).then(() => { ticks += 1 });
           new Promise((resolve, reject) => reject(new Error('nobody looks')));
           return ticks;
         }",
    );
    stage.hostile.deploy("litter2", "module.exports = () => new Promise(() => {})");
    let before = stage.server.resident();
    for n in 0..300 {
        assert_eq!(stage.hostile.client.invoke("litter", json!({})).data(), 0, "call {n}: something of an ended call ran");
    }
    let grown = stage.server.resident().saturating_sub(before);
    println!("after 300 calls that leave things behind: the server has grown by {} MB", grown >> 20);
    assert!(grown < 512 << 20, "{} MB", grown >> 20);
    stage.end("timers and requests that are left behind");
}
