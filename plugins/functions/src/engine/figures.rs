//! What an isolate costs: `cargo nextest run -p functions --run-ignored only --no-capture figures`.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use serde_json::json;

use super::tests::{Function, MB};

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
#[ignore = "prints figures and checks nothing"]
async fn isolates_and_first_calls() {
    super::start();
    for (what, code) in [
        ("hello", "module.exports = (ctx) => 'hello ' + ctx.args.name"),
        (
            "buffer, events, util, stream",
            "['buffer','events','util','stream'].forEach(require); module.exports = () => Buffer.from('a').toString('hex')",
        ),
    ] {
        Function::js(code).invoke(json!({"name": "warm"}), Duration::from_secs(5)).await.0.result.unwrap();
        let (before, mut functions, mut times) = (resident(), Vec::new(), Vec::new());
        for _ in 0..100 {
            let function = Function::with(&[("index.js", code)], 128 * MB, 1);
            let began = Instant::now();
            function.invoke(json!({"name": "x"}), Duration::from_secs(5)).await.0.result.unwrap();
            times.push(began.elapsed());
            functions.push(function);
        }
        times.sort_unstable();
        let each = (resident() - before) / functions.len() / 1024;
        eprintln!("{what}: first call {:?} median, {:?} p99; {each} KiB for each isolate", times[50], times[98]);
    }
}
