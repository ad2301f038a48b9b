//! Everything that a checkout can do, in one command each: `cargo xtask run`, `cargo xtask test`, …

mod bench;
mod cargo;
mod dist;
mod engine;
mod licenses;
mod mixed;
mod prerequisites;
mod readme;
mod run;
mod spdx;
mod step;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::engine::Engine;

/// Why a command failed: what there is to print.
type Failure = Box<dyn std::error::Error>;
type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Builds, runs, tests and measures mpcloud.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build all, start a cloud with data in ./data and a demo space, and print how to use it
    Run(run::Run),
    /// Run all checks and tests; installs what they need
    Test(test::Test),
    /// Measure, side by side, and write benches/RESULTS.md
    Bench(bench::Bench),
    /// Build for shipping: target/dist/mpcloud-VERSION-TARGET.tar.gz
    Dist(dist::Dist),
}

/// The JavaScript engine behind cloud functions.
#[derive(clap::Args, Clone, Copy)]
struct EngineOption {
    /// v8 or quickjs; chosen by what this machine can build, when absent
    #[arg(long)]
    engine: Option<Engine>,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(run) => run.run(),
        Command::Test(test) => test.run(),
        Command::Bench(bench) => bench.run(),
        Command::Dist(dist) => dist.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
