//! `cargo xtask bench`: builds, and runs the driver in `benches/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{artefacts, cargo, plain, root, target};
use crate::engine::Build;
use crate::step::succeed;
use crate::{EngineOption, Result, mixed, prerequisites};

#[derive(clap::Args)]
pub struct Bench {
    #[command(flatten)]
    engine: EngineOption,
    /// How long each thing is measured in each round, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// What to measure, separated by commas: plugin-call, hello, functions, first-call, fleet, sites, transfers, handshakes, database, growth; all but the growth, when absent. hosting alone is sites, transfers and handshakes, with a release build of all that they use but the database. analytics alone is the analytics engine beside DuckDB and ClickHouse from PyPI, with a release build of the engine
    #[arg(long)]
    only: Option<String>,
    /// Measure how the database grows to a million documents, and nothing else; takes a quarter of an hour
    #[arg(long, conflicts_with = "only")]
    growth: bool,
    /// Measure a release build; takes a long build of its own
    #[arg(long)]
    release: bool,
}

impl Bench {
    pub fn run(self) -> Result {
        prerequisites::for_building()?;
        prerequisites::for_testing()?;
        if self.only.as_deref() == Some("analytics") {
            return analytics();
        }
        prerequisites::for_benching()?;
        let build = Build::choose(self.engine.engine)?;
        prerequisites::for_engine(&build)?;
        let profile: &[&str] = if self.release { &["build", "--release"] } else { &["build"] };
        succeed(&mut cargo(&build, profile)?)?;
        let only = if self.growth { Some("growth") } else { self.only.as_deref() };
        let (only, mixed) = match only {
            Some("hosting") => (Some("sites,transfers,handshakes"), !self.release),
            only => (only, false),
        };
        let mpcloud: PathBuf = if mixed { mixed::build()? } else { artefacts(self.release).join("mpcloud") };
        let mut driver = Command::new(artefacts(self.release).join("mpcloud-bench"));
        driver.args(["--seconds", &self.seconds.to_string(), "--engine", build.name(), "--results"]);
        driver.arg(root().join("benches/RESULTS.md")).env("MPCLOUD_BIN", mpcloud);
        if mixed {
            driver.args(["--build", "release build, with the database plugin of the dev profile"]);
        }
        if let Some(only) = only {
            driver.args(["--only", only]);
        }
        succeed(driver.current_dir(root()))
    }
}

/// Measures the analytics engine, which takes nothing of the server.
fn analytics() -> Result {
    succeed(&mut plain(&["build", "--release", "--package", "analytics-engine", "--example", "measure"]))?;
    let folder = root().join("benches/analytics");
    let mut compare = Command::new(databases(&folder)?);
    // Without files of compiled Python in the source tree.
    compare.arg("-B").arg(folder.join("compare.py")).arg("--engine").arg(artefacts(true).join("examples/measure"));
    compare.arg("--results").arg(root().join("benches/RESULTS.md")).arg("--folder").arg(target());
    succeed(&mut compare)
}

/// The Python of a virtual environment with the databases that `requirements.txt` names.
fn databases(folder: &Path) -> Result<PathBuf> {
    let (environment, wanted) = (target().join("bench-analytics"), folder.join("requirements.txt"));
    let (python, installed) = (environment.join("bin/python"), environment.join("installed-requirements.txt"));
    let requirements = fs::read(&wanted)?;
    if python.exists() && fs::read(&installed).is_ok_and(|found| found == requirements) {
        return Ok(python);
    }
    println!("installing DuckDB and chdb");
    succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    succeed(Command::new(&python).args(pip).arg(&wanted))?;
    fs::write(installed, requirements)?;
    Ok(python)
}
