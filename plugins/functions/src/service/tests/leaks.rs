//! Deployments, calls and deletions in a row: what they leave behind is bounded.

use std::io::Write;
use std::process::Command;
use std::{env, fs};

use super::*;
use crate::runtime::resident;

/// Set for the process that measures: other tests beside it would be measured too.
const ALONE: &str = "MPCLOUD_LEAKS_ALONE";
const NAME: &str = "service::tests::leaks::deployments_and_calls_in_a_row_leave_nothing";
/// How much a package holds. Rounds that kept their packages would be seen after 250 of them, rounds
/// that kept their isolates after 20.
const PADDING: usize = 64 << 10;
/// How much the process may grow after the first rounds, however many follow.
const GROWTH: u64 = 16 << 20;
const CALLS: u64 = 5;

fn rounds() -> u64 {
    env::var("MPCLOUD_DEPLOYMENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

/// A version of a function. What differs is too short for its bytecode to be kept, and what is kept
/// is the same each time: the cache of bytecode is bounded, but would look like a leak while it fills.
fn package(round: u64) -> Vec<u8> {
    let index = format!(
        "const kept = new Array(10000).fill({round});
         const library = require('./library.js');
         module.exports = async (ctx) => {{
           ctx.logger.info('call %d', ctx.args);
           setTimeout(() => {{}}, 60000);
           await new Promise((resolve) => setTimeout(resolve, 1));
           return [library(kept), new Uint8Array(100000).length, ctx.args];
         }};"
    );
    let library = format!("// {}\nmodule.exports = (list) => list[list.length - 1];", "x".repeat(2000));
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, contents) in [("index.js", index), ("library.js", library), ("data.txt", "x".repeat(PADDING))] {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(contents.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The memory that stands for the database and the disk keeps every version and every log, as those
/// would. It is not what is measured.
fn forget_history(cloud: &Cloud) {
    let kept = &cloud.memory.0;
    kept.events.lock().unwrap().clear();
    kept.objects.lock().unwrap().clear();
    kept.docs.lock().unwrap().iter_mut().filter(|(collection, _)| *collection != "functions").for_each(|(_, docs)| docs.clear());
}

async fn deploy_and_call(cloud: &Cloud, name: &str, round: u64) {
    let id = cloud.upload(name, package(round)).await;
    cloud.deploy(&id).await.unwrap();
    for n in 0..CALLS {
        assert_eq!(cloud.invoke(name, json!(n)).await.unwrap(), json!([round, 100_000, n]), "round {round}");
    }
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

fn files() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

async fn settled_threads(most: usize) -> usize {
    let deadline = Instant::now() + Duration::from_secs(30);
    while threads() > most && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    threads()
}

#[tokio::test(flavor = "multi_thread")]
async fn deployments_and_calls_in_a_row_leave_nothing() {
    if env::var_os(ALONE).is_none() {
        let mut alone = Command::new(env::current_exe().unwrap());
        let output = alone.args([NAME, "--exact", "--nocapture"]).env(ALONE, "1").output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}\n{stderr}");
        println!("{stdout}");
        return;
    }
    // A cache that is soon full, so that it is no part of what grows.
    let cloud = Cloud::with(Config { package_cache_bytes: 1 << 20, max_instances: 16, ..Config::default() });
    cloud.create("stays").await;
    let rounds = rounds();
    let warm_up = (rounds / 5).max(50);
    let mut warm = (0, 0, 0);
    for round in 1..=warm_up + rounds {
        deploy_and_call(&cloud, "stays", round).await;
        if round % 5 == 0 {
            cloud.create("goes").await;
            deploy_and_call(&cloud, "goes", round).await;
            cloud.service.delete_function("s", params(json!({"Name": "goes"}))).await.unwrap();
        }
        cloud.service.logs.flush().await.unwrap();
        forget_history(&cloud);
        if round == warm_up {
            warm = (resident(), threads(), files());
            println!("after {round} rounds: {} MB, {} threads, {} files", warm.0 >> 20, warm.1, warm.2);
        } else if round % (rounds / 5).max(1) == 0 {
            println!("after {round} rounds: {} MB, {} threads, {} files", resident() >> 20, threads(), files());
        }
    }
    let left = settled_threads(warm.1).await;
    assert!(left <= warm.1, "{left} threads, {} after the first rounds", warm.1);
    assert!(files() <= warm.2 + 2, "{} open files, {} after the first rounds", files(), warm.2);
    let now = resident();
    assert!(now < warm.0 + GROWTH, "{} MB resident, {} MB after the first rounds", now >> 20, warm.0 >> 20);
}
