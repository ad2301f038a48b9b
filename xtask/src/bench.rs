//! `cargo xtask bench`: builds, and runs the driver in `benches/`.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo::{artefacts, cargo, root};
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
    /// What to measure, separated by commas: plugin-call, hello, functions, first-call, fleet, sites, transfers, handshakes, database, growth; all but the growth, when absent. hosting alone is sites, transfers and handshakes, with a release build of all that they use but the database
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
