//! Runs what `tests/node` has of each builtin in an isolate, and compares with what Node.js gave.
//!
//! `MPCLOUD_NODE_CASES=buffer,util` runs some of them; `node run.js --write` there asks Node.js again.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

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
