//! Runs what `tests/node` has of each builtin in an isolate, and compares with what Node.js gave.
//!
//! `MPCLOUD_NODE_CASES=buffer,util` runs some of them; `node run.js --write` there asks Node.js again.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::tests::{Function, MB};

const HANDLER: &str = "
const checks = require('./case');
const text = (error) => (error && typeof error === 'object' ? { threw: error.name, code: error.code, message: error.message } : { threw: String(error) });
module.exports = async () => {
  const results = {};
  for (const name of Object.keys(checks)) {
    try { results[name] = (await checks[name]()) ?? null; } catch (error) { results[name] = text(error); if (process.env.SHOW) console.log(error.stack); }
  }
  return results;
};";

#[tokio::test(flavor = "multi_thread")]
async fn builtins_do_what_those_of_node_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&expected).unwrap();
    let wanted = std::env::var("MPCLOUD_NODE_CASES").unwrap_or_default();
    let mut failures = Vec::new();
    let mut passed = 0;
    for (case, checks) in &expected {
        if !wanted.is_empty() && !wanted.split(',').any(|name| name == case) {
            continue;
        }
        let source = std::fs::read_to_string(folder.join(format!("cases/{case}.js"))).unwrap();
        let function = Function::with(&[("index.js", HANDLER), ("case.js", &source), ("data/file.txt", "hello\n")], 256 * MB, 1);
        let (outcome, lines) = function.invoke(json!(null), Duration::from_secs(20)).await;
        let results: Value = match outcome.result {
            Ok(text) => serde_json::from_str(&text).unwrap(),
            Err(error) => {
                failures.push(format!("{case}: {error} {lines:?}"));
                continue;
            }
        };
        for (check, expected) in checks {
            if results[check] == *expected {
                passed += 1;
            } else {
                failures.push(format!("{case}.{check}:\n   got {}\n  Node {expected}", results[check]));
            }
        }
    }
    eprintln!("{passed} checks passed");
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

/// A function of one file, and the message of its error or its result.
async fn outcome(function: &Function, args: Value, allowed: Duration) -> Result<Value, String> {
    let (outcome, _) = function.invoke(args, allowed).await;
    outcome.result.map(|text| serde_json::from_str(&text).unwrap()).map_err(|error| error.message().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn process_exit_ends_its_call_and_no_other() {
    let f = Function::with(
        &[(
            "index.js",
            "module.exports = async (ctx) => {
                await null;
                if (ctx.args === 'exit') { try { process.exit(3) } catch {} await new Promise(() => {}) }
                if (ctx.args === 'slow') await new Promise((resolve) => setTimeout(resolve, 100));
                return 'fine';
            }",
        )],
        128 * MB,
        1,
    );
    let second = Duration::from_secs(10);
    let (slow, exit) = tokio::join!(outcome(&f, json!("slow"), second), outcome(&f, json!("exit"), second));
    assert_eq!(slow, Ok(json!("fine")));
    assert_eq!(exit, Err("the function called process.exit(3)".to_owned()));
    assert_eq!(outcome(&f, json!(0), second).await, Ok(json!("fine")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_has_ended_and_goes_on_does_not_hold_up_the_next() {
    let f = Function::with(
        &[(
            "index.js",
            "module.exports = (ctx) => {
                if (ctx.args === 'exit') { try { process.exit(3) } catch { for (;;); } }
                return 'fine';
            }",
        )],
        128 * MB,
        1,
    );
    let exit = outcome(&f, json!("exit"), Duration::from_secs(60)).await;
    assert_eq!(exit, Err("the function called process.exit(3)".to_owned()));
    assert_eq!(outcome(&f, json!(0), Duration::from_secs(5)).await, Ok(json!("fine")));
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_of_a_call_that_was_stopped_do_not_run_in_the_next() {
    let f = Function::with(
        &[(
            "index.js",
            "module.exports = async (ctx) => {
                const again = () => process.nextTick(again);
                if (ctx.args === 'loop') again();
                await new Promise((resolve) => process.nextTick(resolve));
                return 'fine';
            }",
        )],
        128 * MB,
        1,
    );
    assert!(outcome(&f, json!("loop"), Duration::from_millis(200)).await.is_err());
    assert_eq!(outcome(&f, json!(0), Duration::from_secs(5)).await, Ok(json!("fine")));
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_of_one_call_are_not_seen_by_another() {
    let f = Function::with(
        &[(
            "index.js",
            "const { AsyncLocalStorage } = require('async_hooks');
            const storage = new AsyncLocalStorage();
            module.exports = async (ctx) => {
                const before = storage.getStore() ?? null;
                storage.enterWith(ctx.args);
                await ctx.mpserverless.network.forward('test.slow');
                return [before, storage.getStore()];
            }",
        )],
        128 * MB,
        1,
    );
    let second = Duration::from_secs(10);
    let (a, b) = tokio::join!(outcome(&f, json!("a"), second), outcome(&f, json!("b"), second));
    assert_eq!((a, b), (Ok(json!([null, "a"])), Ok(json!([null, "b"]))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_temporary_folder_is_bounded() {
    let f = Function::with(
        &[(
            "index.js",
            "const fs = require('fs');
            module.exports = () => {
                let written = 0;
                try { for (let i = 0; i < 100; i++) { fs.writeFileSync(`/tmp/${i}`, Buffer.alloc(1 << 20)); written++ } }
                catch (error) { return [error.code, error.message, written] }
            }",
        )],
        256 * MB,
        1,
    );
    let result = outcome(&f, json!(0), Duration::from_secs(20)).await;
    assert_eq!(result, Ok(json!(["ENOSPC", "ENOSPC: no space left on device, write", 63])));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_buffers_and_lines_take_no_time() {
    let f = Function::with(
        &[(
            "index.js",
            "const { performance } = require('perf_hooks');
            module.exports = (ctx) => {
                const result = {};
                const text = 'éabc'.repeat(1 << 18), bytes = Buffer.from(text);
                for (const [name, run] of Object.entries({
                    fromUtf8: () => Buffer.from(text), toUtf8: () => bytes.toString(), toHex: () => bytes.toString('hex'), fromHex: () => Buffer.from('ab'.repeat(1 << 20), 'hex'),
                    toBase64: () => bytes.toString('base64'), fromBase64: () => Buffer.from('abcd'.repeat(1 << 18), 'base64'), toLatin1: () => bytes.toString('latin1'), fromLatin1: () => Buffer.from(text, 'latin1'),
                    toUtf16: () => bytes.toString('utf16le'), concat: () => Buffer.concat([bytes, bytes]), indexOf: () => bytes.indexOf('zz'), fill: () => Buffer.alloc(1 << 20, 'abc'),
                    log: () => ctx.logger.info({ list: Array.from({ length: 1e5 }, (_, i) => ({ i })), bytes, text }),
                    small: () => { for (let i = 0; i < 10000; i++) Buffer.from('hello world').toString(); },
                })) {
                    const began = performance.now();
                    run();
                    result[name] = Math.round((performance.now() - began) * 10) / 10;
                }
                return result;
            }",
        )],
        512 * MB,
        1,
    );
    let began = Instant::now();
    let result = outcome(&f, json!(0), Duration::from_secs(20)).await.unwrap();
    println!("milliseconds for a megabyte: {result}, {:?} together", began.elapsed());
    for (name, took) in result.as_object().unwrap() {
        // Far more than any needs, and far less than a loop over each character of a debug build would take.
        assert!(took.as_f64().unwrap() < 500.0, "{name}: {took} ms");
    }
}

#[tokio::test]
async fn what_is_written_to_the_streams_of_the_process_is_logged() {
    let code = "module.exports = async () => {
        process.stdout.write('one\\ntwo');
        process.stderr.write('bad\\n');
        process.emitWarning('careful', 'Warning', 'W1');
        console.group('outer');
        console.log('in\\nside');
        console.groupEnd();
        console.table([{ a: 1 }]);
        process.once('uncaughtException', (error) => console.log('caught', error.message));
        setTimeout(() => { throw new Error('late') }, 1);
        await new Promise((resolve) => setTimeout(resolve, 10));
    }";
    let f = Function::with(&[("index.js", code)], 128 * MB, 1);
    let (outcome, lines) = f.invoke(json!(0), Duration::from_secs(5)).await;
    outcome.result.unwrap();
    let lines: Vec<(&str, &str)> = lines.iter().map(|line| (line.level, line.text.as_str())).collect();
    let expected = [
        ("info", "one"),
        ("error", "bad"),
        ("info", "outer"),
        ("info", "  in\n  side"),
        ("info", "┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│ 0       │ 1 │\n└─────────┴───┘"),
        ("warn", "[W1] Warning: careful"),
        ("info", "two"),
        ("info", "caught late"),
    ];
    assert_eq!(lines, expected);
}
