//! The first call of a version that was just deployed, beside a Node.js process that was just
//! started. Figures are rates, as everywhere; the report makes times of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::deployment::{Deployer, Package};
use super::{Comparison, GREETING, Goal, INVOKE, folder, node};
use crate::Result;
use crate::database::Cloud;
use crate::rounds::Series;

const MANIFEST: &str = include_str!("../../functions/packages/package.json");
const LOCK: &str = include_str!("../../functions/packages/package-lock.json");

/// What the design asks of the first call of a hello function, in milliseconds.
const GOAL: f64 = 10.0;
/// After this the server has nothing left to do for a deployment.
const SETTLED: Duration = Duration::from_millis(500);

/// A function that is deployed again and again.
struct Case {
    name: &'static str,
    title: &'static str,
    /// Whether its package has the dependencies.
    depends: bool,
    rounds: u32,
}

const CASES: [Case; 3] = [
    Case { name: "hello", title: "Hello", depends: false, rounds: 20 },
    Case { name: "libraries", title: "lodash, dayjs and ajv", depends: true, rounds: 7 },
    Case { name: "web", title: "axios and jsonwebtoken", depends: true, rounds: 7 },
];

/// How many deployments there are of a case, with and without dependencies.
pub fn rounds() -> (u32, u32) {
    let most = |depends: bool| CASES.iter().filter(|case| case.depends == depends).map(|case| case.rounds).max().unwrap_or_default();
    (most(false), most(true))
}

/// First calls of each case; a case that fails does not end the others.
pub fn measure(cloud: &Cloud<'_>) -> Result<Vec<Comparison>> {
    let installed = install()?;
    let measure = |case: &Case| {
        println!("{}", case.title);
        let series = first_calls(cloud, case, &installed).unwrap_or_else(|e| {
            println!("{e}");
            vec![Series { failure: Some(e.to_string()), ..Series::new("mpcloud") }]
        });
        let goal = (!case.depends).then_some(Goal::Under(GOAL));
        Comparison { title: case.title.into(), unit: "milliseconds", series, goal }
    };
    Ok(CASES.iter().map(measure).collect())
}

fn first_calls(cloud: &Cloud<'_>, case: &Case, installed: &Path) -> Result<Vec<Series>> {
    let function = if case.depends { placed(case.name, installed)? } else { folder(case.name) };
    let node_modules = case.depends.then(|| installed.join("node_modules"));
    let package = Package::read(&function, node_modules.as_deref())?;
    let deployer = Deployer::new(cloud);
    deployer.create(case.name)?;
    let arguments = json!({"functionTarget": case.name, "functionArgs": {"name": "bench"}});
    let call = || {
        let request = cloud.wire.request(INVOKE, &arguments);
        let begun = Instant::now();
        let answer = cloud.wire.send(&request);
        let took = begun.elapsed();
        proven(&answer.body)?;
        Ok::<_, crate::Failure>(took)
    };
    let upload = |index, dependencies| deployer.upload(case.name, &package.zip(index, dependencies)?);

    let mut first = Series::new("mpcloud, first call, asked at the answer of `DeployFunction`");
    let mut alone = Series::new("mpcloud, first call, asked half a second after it");
    let mut changed = Series::new("mpcloud, first call with another `index.js` and the same dependencies");
    let mut next = Series::new("mpcloud, the call after the first");
    let mut deploying = Series::new("mpcloud, `DeployFunction` itself");
    let mut process = Series::new("fresh Node.js process, from its start to its first answer");
    for round in 0..=case.rounds {
        // The first round warms up.
        let note = |series: &mut Series, took: Duration| {
            if round > 0 {
                series.figures.push(1.0 / took.as_secs_f64());
            }
        };
        let number = round * 3;
        let id = upload(number, number)?;
        note(&mut deploying, deployer.deploy(&id)?);
        note(&mut first, call()?);
        note(&mut next, call()?);
        deployer.deploy(&upload(number + 1, number + 1)?)?;
        sleep(SETTLED);
        note(&mut alone, call()?);
        if case.depends {
            deployer.deploy(&upload(number + 2, number + 1)?)?;
            note(&mut changed, call()?);
        }
        note(&mut process, fresh_process(cloud, &function, &arguments)?);
    }
    let all = [first, process, alone, changed, next, deploying];
    Ok(all.into_iter().filter(|series| !series.figures.is_empty()).collect())
}

/// How long a new Node.js process takes to its first answer.
fn fresh_process(cloud: &Cloud<'_>, function: &Path, arguments: &Value) -> Result<Duration> {
    let begun = Instant::now();
    let process = node::start(function)?;
    let url = format!("http://{}/", process.address);
    let answer = e2e::post(cloud.wire.agent(), &url, &[("content-type", "application/json")], arguments.to_string().as_bytes());
    let took = begun.elapsed();
    proven(&answer.body)?;
    Ok(took)
}

fn proven(body: &[u8]) -> Result {
    let text = String::from_utf8_lossy(body);
    if text.contains(GREETING) { Ok(()) } else { Err(format!("it answers {text}").into()) }
}

/// The function's folder where Node.js finds the dependencies.
fn placed(name: &str, installed: &Path) -> Result<PathBuf> {
    let placed = installed.join(name);
    fs::create_dir_all(&placed)?;
    fs::copy(folder(name).join("index.js"), placed.join("index.js"))?;
    Ok(placed)
}

/// Installs the dependencies where they are not there yet, and gives the folder of `node_modules`.
fn install() -> Result<PathBuf> {
    let folder = e2e::mpcloud_path().parent().ok_or("mpcloud is in no folder")?.join("bench-packages");
    let installed = folder.join("installed-lock.json");
    if fs::read_to_string(&installed).is_ok_and(|lock| lock == LOCK) {
        return Ok(folder);
    }
    println!("installing npm packages");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("package.json"), MANIFEST)?;
    fs::write(folder.join("package-lock.json"), LOCK)?;
    let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"];
    if !Command::new("npm").args(npm).current_dir(&folder).status()?.success() {
        return Err("npm cannot install the packages".into());
    }
    fs::write(installed, LOCK)?;
    Ok(folder)
}
