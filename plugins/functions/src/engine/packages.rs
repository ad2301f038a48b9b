//! Runs the corpus of npm packages, `tests/packages`, in isolates.
//!
//! `MPCLOUD_PACKAGES=axios,urllib` runs some of them; `MPCLOUD_PACKAGES_SHOW=1` prints each result.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::tests::{Function, MB};
use crate::native::{Network, Policy};
use crate::package::Package;

/// The packages that give something else than in Node.js, and why (README, QuickJS). All others must give the
/// same, and these must not: a list that is longer than it need be is as wrong.
const EXCEPTIONS: &[(&str, &str)] = if cfg!(feature = "v8") {
    &[]
} else {
    &[
        ("camelcase", "QuickJS changes case without regard to the locale"),
        ("dayjs", "QuickJS knows no time zones"),
        ("hash-wasm", "QuickJS has no WebAssembly here"),
    ]
};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages")
}

/// The services of the cases are on loopback.
fn loopback() -> Network {
    let policy = Policy::new(&["127.0.0.0/8".to_owned(), "::1".to_owned()], &[]).unwrap();
    Network::new(policy, &[]).unwrap()
}

/// Everything that is installed, by its path in a package.
fn installed(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Bytes>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            installed(&entry.path(), &path, files);
        } else if kind.is_file() && ["js", "cjs", "mjs", "json"].iter().any(|end| path.ends_with(&format!(".{end}"))) {
            files.insert(path, std::fs::read(entry.path()).unwrap().into());
        }
    }
}

/// The local services of the cases that talk HTTP.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut child =
            Command::new("node").arg("server.js").current_dir(corpus()).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn npm_packages_give_what_node_gives() {
    let folder = corpus();
    assert!(folder.join("node_modules").exists(), "run `npm ci --ignore-scripts` in {} first; cargo xtask test does", folder.display());
    let mut files = BTreeMap::new();
    installed(&folder.join("node_modules"), "node_modules", &mut files);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_str(&read("expected.json")).unwrap();
    let wanted = std::env::var("MPCLOUD_PACKAGES").unwrap_or_default();
    let wanted: BTreeSet<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let server = Server::start();
    let mut args: Value = serde_json::from_str(&read("args.json")).unwrap();
    args["url"] = json!(server.url);
    let mut failed = BTreeMap::new();
    let mut passed = 0;
    for (name, expected) in &expected {
        if !wanted.is_empty() && !wanted.contains(name.as_str()) {
            continue;
        }
        let mut files = files.clone();
        files.insert("index.js".to_owned(), read(&format!("cases/{name}.js")).into());
        let function = Function::of_package(Package::of_files(files), 512 * MB).within(loopback());
        let began = Instant::now();
        let (outcome, lines) = function.invoke(args.clone(), Duration::from_secs(30)).await;
        let took = began.elapsed();
        let result = outcome.result.map(|text| serde_json::from_str::<Value>(&text).unwrap());
        match result {
            Ok(value) if value == *expected => passed += 1,
            Ok(value) => drop(failed.insert(name, difference("", &value, expected))),
            Err(error) => {
                let lines = lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n    ");
                failed.insert(name, format!("{error}\n    {lines}"));
            }
        }
        if std::env::var_os("MPCLOUD_PACKAGES_SHOW").is_some() {
            eprintln!("{name}: {took:?} {}", failed.get(name).map_or("passed", String::as_str));
        }
    }
    for (name, why) in &failed {
        eprintln!("{name}: {why}");
    }
    println!("{passed} packages passed");
    let failed: Vec<&str> = failed.keys().map(|name| name.as_str()).collect();
    let excepted: Vec<&str> = EXCEPTIONS.iter().map(|(name, _)| *name).filter(|name| wanted.is_empty() || wanted.contains(name)).collect();
    assert_eq!(failed, excepted, "what failed, and what may; {passed} passed");
}

/// Where two values differ first.
fn difference(path: &str, got: &Value, expected: &Value) -> String {
    match (got, expected) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            let differs = keys.into_iter().find(|key| left.get(*key) != right.get(*key));
            differs.map_or_else(String::new, |key| {
                difference(
                    &format!("{path}.{key}"),
                    left.get(key).unwrap_or(&json!("(absent)")),
                    right.get(key).unwrap_or(&json!("(absent)")),
                )
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let differs = (0..left.len()).find(|index| left[*index] != right[*index]);
            differs.map_or_else(String::new, |index| difference(&format!("{path}[{index}]"), &left[index], &right[index]))
        }
        _ => format!("{path}: {got} instead of {expected}"),
    }
}
