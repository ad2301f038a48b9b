//! `cargo xtask bench`: builds, and runs the driver in `benches/`.

use std::process::Command;

use crate::cargo::{artefacts, cargo, root};
use crate::engine::Build;
use crate::step::succeed;
use crate::{EngineOption, Result, prerequisites};

#[derive(clap::Args)]
pub struct Bench {
    #[command(flatten)]
    engine: EngineOption,
    /// How long each thing is measured in each round, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// Measure a release build; takes a long build of its own
    #[arg(long)]
    release: bool,
}

impl Bench {
    pub fn run(self) -> Result {
        prerequisites::for_building()?;
        prerequisites::for_testing()?;
        let build = Build::choose(self.engine.engine)?;
        prerequisites::for_engine(&build)?;
        let profile: &[&str] = if self.release { &["build", "--release"] } else { &["build"] };
        succeed(&mut cargo(&build, profile)?)?;
        let mut driver = Command::new(artefacts(self.release).join("mpcloud-bench"));
        driver.args(["--seconds", &self.seconds.to_string(), "--engine", &build.describe(), "--results"]);
        driver.arg(root().join("benches/RESULTS.md")).env("MPCLOUD_BIN", artefacts(self.release).join("mpcloud"));
        succeed(driver.current_dir(root()))
    }
}
