//! What builtins do in the engine, compared with Node.js itself: a script runs in both.

mod crypto;
mod dns;
mod fetch;
mod http;
mod httpclient;
mod https;
mod net;
mod server;
mod zlib;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::tests::{Function, MB};
use crate::package::Package;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine/node").join(name)
}

/// What a script, a function like any other, gives in Node.js.
fn in_node(name: &str, args: &Value) -> Value {
    let run = "const fs = require('fs');
        const args = JSON.parse(fs.readFileSync(0, 'utf8'));
        Promise.resolve(require(process.argv[1])({ args })).then((result) => process.stdout.write(JSON.stringify(result)));";
    let mut node = Command::new("node");
    node.args(["--no-deprecation", "--no-warnings", "-e", run]).arg(script(name));
    let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(args.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What it gives in an isolate.
async fn in_isolate(name: &str, args: &Value) -> Value {
    let source = std::fs::read_to_string(script(name)).unwrap();
    let function = Function::of_package(Package::of(&[("index.js", &source)]), 512 * MB);
    let (outcome, lines) = function.invoke(args.clone(), std::time::Duration::from_secs(60)).await;
    let lines = lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n    ");
    serde_json::from_str(&outcome.result.unwrap_or_else(|error| panic!("{name}: {error}\n    {lines}"))).unwrap()
}

/// Compares two objects member by member, so that a failure names what differs.
fn assert_same(here: &Value, there: &Value) {
    let (Value::Object(left), Value::Object(right)) = (here, there) else { panic!("no objects: {here} {there}") };
    let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differ: Vec<String> = keys
        .into_iter()
        .filter(|key| left.get(*key) != right.get(*key))
        .map(|key| {
            format!("{key}:\n    here {}\n    node {}", left.get(key).unwrap_or(&json!(null)), right.get(key).unwrap_or(&json!(null)))
        })
        .collect();
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), left.len(), differ.join("\n"));
}
