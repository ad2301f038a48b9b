//! Cloud functions: signed calls of mpcloud beside bare `workerd` and a bare Node.js server that
//! run the same files, and what only mpcloud has beside what it stands for.

mod database_calls;
mod deployment;
pub mod first_call;
pub mod fleet;
mod heavy;
mod hello;
mod node;

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::Result;
use crate::bare_hyper::Process;
use crate::database::Cloud;
use crate::load::{Target, compare};
use crate::rounds::{Series, Turn};
use crate::{ROUNDS, with_cloud, workerd};

/// The method that calls a function.
pub const INVOKE: &str = "serverless.function.runtime.invoke";
/// What functions answer that greet.
pub const GREETING: &str = "Hello, bench!";

/// What was compared with each other.
pub struct Comparison {
    pub title: String,
    /// Of the figures; `milliseconds` where the report makes times of rates.
    pub unit: &'static str,
    /// Ours is the first.
    pub series: Vec<Series>,
    pub goal: Option<Goal>,
}

/// What `design.md` asks of the first series.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// At least the rate of the second.
    RateOfSecond,
    /// Less than so many milliseconds.
    Under(f64),
}

/// The folder of a function of the benches.
pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("functions").join(name)
}

/// All comparisons of warm functions.
pub fn measure(runtime: &Runtime, turn: Turn) -> Result<Vec<Comparison>> {
    with_cloud("", |cloud| {
        let mut all = hello::measure(runtime, cloud, turn)?;
        all.extend(heavy::measure(runtime, cloud, turn)?);
        all.push(database_calls::measure(runtime, cloud, turn)?);
        Ok(all)
    })
}

/// A function that mpcloud, workerd and Node.js serve.
struct Contenders {
    targets: [Target; 3],
    _processes: [Process; 2],
}

impl Contenders {
    fn start(cloud: &Cloud<'_>, name: &str, arguments: &Value, proof: &'static str) -> Result<Self> {
        let folder = folder(name);
        cloud.server.deploy(&folder, cloud.space, name);
        let body = json!({"functionTarget": name, "functionArgs": arguments});
        let invoke = cloud.wire.request(INVOKE, &body);
        let (workerd, node) = (workerd::start(&folder.join("index.js"))?, node::start(&folder)?);
        let targets = [
            Target::signed("mpcloud, signed invoke", cloud.server.address().parse()?, cloud.wire, &[invoke], proof)?,
            Target::plain("workerd, unsigned", workerd.address, &body, proof)?,
            Target::plain("Node.js `http`, unsigned", node.address, &body, proof)?,
        ];
        Ok(Self { targets, _processes: [workerd, node] })
    }

    fn compare(&self, runtime: &Runtime, turn: Turn) -> Vec<Series> {
        runtime.block_on(compare(&self.targets, turn, ROUNDS))
    }
}
