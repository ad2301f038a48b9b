//! A thousand different functions on one server: how fast they are, and how much memory they take.

use std::time::{Duration, Instant};

use e2e::Server;
use serde_json::json;
use tokio::runtime::Runtime;

use super::deployment::{Deployer, Package};
use super::{GREETING, INVOKE};
use crate::database::{Cloud, scattered};
use crate::load::{Measured, Target};
use crate::rounds::Turn;
use crate::{Result, with_cloud};

/// How many functions there are.
pub const FUNCTIONS: usize = 1000;
/// How many are deployed at once.
const DEPLOYERS: usize = 4;
/// How many calls are drawn at random, before they begin again.
const DRAWN: u64 = 20_000;
/// How long they go on.
const TIME: Duration = Duration::from_secs(10);

/// How the server is configured.
struct Setting {
    label: &'static str,
    config: &'static str,
    /// How many instances one space may have: three quarters of all.
    instances: usize,
}

const SETTINGS: [Setting; 2] = [
    Setting { label: "`max_instances = 1400`", config: "[plugins.functions]\nconfig = { max_instances = 1400 }\n", instances: 1050 },
    Setting { label: "256, the default", config: "", instances: 192 },
];

/// What was found with one setting.
pub struct Fleet {
    pub label: &'static str,
    /// Functions made and deployed in a second.
    pub deployed: f64,
    /// One call of each function.
    pub first: Measured,
    /// Calls over all of them, at random.
    pub random: Measured,
    /// Resident bytes before the first calls, after them, and after those at random.
    pub resident: [u64; 3],
    /// How many functions have an instance at most.
    pub kept: usize,
}

impl Fleet {
    /// KiB that one more function takes which has been called.
    pub fn each(&self) -> f64 {
        let [before, after, _] = self.resident;
        after.saturating_sub(before) as f64 / 1024.0 / self.kept as f64
    }
}

/// Measures with each setting, on a server of its own.
pub fn measure(runtime: &Runtime, connections: usize) -> Result<Vec<Fleet>> {
    SETTINGS.iter().map(|setting| with_cloud(setting.config, |cloud| one(runtime, cloud, setting, connections))).collect()
}

fn one(runtime: &Runtime, cloud: &Cloud<'_>, setting: &Setting, connections: usize) -> Result<Fleet> {
    println!("{FUNCTIONS} functions, {}", setting.label);
    // What a server needs once, whatever is called, is not a function's memory.
    deploy(&Deployer::new(cloud), FUNCTIONS)?;
    runtime.block_on(target(cloud, [FUNCTIONS])?.once(1))?;

    let begun = Instant::now();
    deploy_all(cloud)?;
    let deployed = FUNCTIONS as f64 / begun.elapsed().as_secs_f64();
    let before = resident(cloud.server)?;
    let first = runtime.block_on(target(cloud, 0..FUNCTIONS)?.once(connections))?;
    let called = resident(cloud.server)?;
    let drawn = (0..DRAWN).map(|n| usize::try_from(scattered(n) % FUNCTIONS as u64).unwrap_or_default());
    let random = runtime.block_on(target(cloud, drawn)?.watch(Turn::new(connections, TIME)))?;
    let resident = [before, called, resident(cloud.server)?];
    Ok(Fleet { label: setting.label, deployed, first, random, resident, kept: setting.instances.min(FUNCTIONS) })
}

fn name(number: usize) -> String {
    format!("function-{number}")
}

fn deploy(deployer: &Deployer, number: usize) -> Result {
    let index = format!("module.exports = async (ctx) => ({{ message: `Hello, ${{ctx.args.name}}!`, number: {number} }});\n");
    let name = name(number);
    deployer.create(&name)?;
    deployer.deploy(&deployer.upload(&name, &Package::of(index).zip(0, 0)?)?)?;
    Ok(())
}

fn deploy_all(cloud: &Cloud<'_>) -> Result {
    let some = &|first: usize| {
        let deployer = Deployer::new(cloud);
        (first..FUNCTIONS).step_by(DEPLOYERS).try_for_each(|number| deploy(&deployer, number))
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..DEPLOYERS).map(|first| scope.spawn(move || some(first))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a deployment panicked")?)
    })
}

/// Calls of functions, by their numbers.
fn target(cloud: &Cloud<'_>, numbers: impl IntoIterator<Item = usize>) -> Result<Target> {
    let invoke = |number| json!({"functionTarget": name(number), "functionArgs": {"name": "bench"}});
    let requests: Vec<_> = numbers.into_iter().map(|number| cloud.wire.request(INVOKE, &invoke(number))).collect();
    Target::signed("mpcloud", cloud.server.address().parse()?, cloud.wire, &requests, GREETING)
}

/// The bytes of memory that a server takes.
fn resident(server: &Server) -> Result<u64> {
    let id = server.ready()["pid"].as_u64().ok_or("the server does not say its process")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the server's memory is not known")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}
