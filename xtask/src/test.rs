//! `cargo xtask test`: everything that must hold before a change goes in.

use std::num::NonZero;
use std::process::Command;

use crate::cargo::{cargo, ensure_lints, has, plain, root, target};
use crate::engine::Build;
use crate::step::{Steps, succeed};
use crate::{EngineOption, Result, licenses, prerequisites, readme};

#[derive(clap::Args)]
pub struct Test {
    #[command(flatten)]
    engine: EngineOption,
}

impl Test {
    pub fn run(self) -> Result {
        let mut steps = Steps::default();
        let done = self.steps(&mut steps);
        println!("\n{}", steps.summary());
        done
    }

    fn steps(self, steps: &mut Steps) -> Result {
        let build = steps.take("prerequisites", || {
            prerequisites::for_building()?;
            prerequisites::for_testing()?;
            let build = Build::choose(self.engine.engine)?;
            prerequisites::for_engine(&build)?;
            ensure_lints()?;
            Ok(build)
        })?;
        steps.take("format", || succeed(&mut plain(&["fmt", "--all", "--check"])))?;
        steps.take("licences, bans and sources", licenses::check)?;
        steps.take("fuzz targets", fuzz_targets)?;
        steps.take("build and lints", || succeed(&mut cargo(&build, &["build", "--locked", "--all-targets"])?))?;
        steps.take("npm packages that functions are tested with", npm_packages)?;
        steps.take("tests", || {
            if has("nextest") {
                let places = 2 * std::thread::available_parallelism().map_or(2, NonZero::get);
                let how = ["nextest", "run", "--locked", "--no-fail-fast", "--profile", "ci", "--test-threads", &places.to_string()];
                return succeed(&mut cargo(&build, &how)?);
            }
            println!("cargo-nextest is not installed, so cargo test runs them");
            succeed(&mut cargo(&build, &["test", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"])?)
        })?;
        steps.take("documentation tests", || succeed(&mut cargo(&build, &["test", "--locked", "--doc"])?))?;
        steps.take("README", readme::check)
    }
}

/// Installs what `plugins/functions/tests/packages` runs in isolates, unless it is there.
fn npm_packages() -> Result {
    let folder = root().join("plugins/functions/tests/packages");
    // npm writes this file last.
    let installed = std::fs::metadata(folder.join("node_modules/.package-lock.json")).and_then(|file| file.modified());
    let locked = std::fs::metadata(folder.join("package-lock.json")).and_then(|file| file.modified());
    if installed.is_ok_and(|installed| locked.is_ok_and(|locked| installed >= locked)) {
        return Ok(());
    }
    succeed(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))
}

/// Checks `fuzz/`, which no build of the workspace sees. Running it needs a nightly compiler.
fn fuzz_targets() -> Result {
    let mut check = plain(&["check", "--locked", "--manifest-path", "fuzz/Cargo.toml"]);
    // A folder of its own, as its dependencies have other features.
    succeed(check.env("CARGO_TARGET_DIR", target().join("fuzz")).env("RUSTFLAGS", "-Dwarnings"))
}
