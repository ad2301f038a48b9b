//! Cargo, called the same way everywhere.
//!
//! Each command builds the whole workspace with the same features and the same compiler wrapper:
//! anything else would have cargo resolve features anew and build SurrealDB a second time.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::engine::Build;
use crate::step::{output, succeed};

/// The folder of the workspace.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where the binary and the plugins of a profile are.
pub fn artefacts(release: bool) -> PathBuf {
    target().join(if release { "release" } else { "debug" })
}

/// `cargo SUBCOMMAND --workspace` for a build.
pub fn cargo(build: &Build, subcommand: &[&str]) -> Result<Command> {
    let mut command = plain(subcommand);
    command.arg("--workspace").args(build.features());
    if let Some(clippy) = clippy_driver() {
        // One build gives lints and artefacts.
        command.env("RUSTC_WORKSPACE_WRAPPER", clippy);
    }
    build.prepare(&mut command)?;
    Ok(command)
}

/// Any cargo command, in the folder of the workspace.
pub fn plain(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    // Set by the `cargo run` that this process came from; they would change what others build.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_")) {
        command.env_remove(name);
    }
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
    command
}

/// Whether cargo has a subcommand.
pub fn has(subcommand: &str) -> bool {
    plain(&[subcommand, "--version"]).output().is_ok_and(|output| output.status.success())
}

/// Adds the rustup components for lints and formatting, where they are missing.
pub fn ensure_lints() -> Result {
    if clippy_driver().is_some() && has("fmt") {
        return Ok(());
    }
    succeed(Command::new("rustup").args(["component", "add", "clippy", "rustfmt"]).current_dir(root()))
        .map_err(|e| format!("clippy and rustfmt are missing, and rustup did not add them: {e}").into())
}

fn clippy_driver() -> Option<PathBuf> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root())).ok()?;
    let driver = Path::new(sysroot.trim()).join("bin").join(format!("clippy-driver{}", std::env::consts::EXE_SUFFIX));
    driver.exists().then_some(driver)
}

/// What this machine builds for, such as `x86_64-unknown-linux-gnu`.
pub fn host() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV").current_dir(root()))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc -vV names no host")?.to_owned())
}
