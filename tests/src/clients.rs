//! The official clients: installed unmodified from npm and PyPI, once for all test processes,
//! and run by the driver scripts in `clients/`.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::lock::once;
use crate::{mpcloud_path, tests_folder};

/// Runs `clients/node/SCRIPT` with the npm SDKs in reach, and reads the one JSON line it prints.
///
/// # Panics
/// When the script fails; with what it wrote.
pub fn node(script: &str, config: &Value) -> Value {
    let mut command = Command::new("node");
    command.env("NODE_PATH", node_modules());
    run(command, &tests_folder().join("clients/node").join(script), config)
}

/// Runs `clients/python/SCRIPT` with the PyPI SDK in reach, and reads the one JSON line it prints.
///
/// # Panics
/// When the script fails; with what it wrote.
pub fn python(script: &str, config: &Value) -> Value {
    python_of("python", script, config)
}

/// Runs `clients/NAME/SCRIPT` with the packages of `clients/NAME/requirements.txt` in reach, and
/// reads the one JSON line it prints.
///
/// # Panics
/// When the script fails; with what it wrote.
pub fn python_of(name: &str, script: &str, config: &Value) -> Value {
    let mut command = Command::new(virtual_environment(name).join("bin/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    run(command, &tests_folder().join("clients").join(name).join(script), config)
}

fn run(mut command: Command, script: &Path, config: &Value) -> Value {
    // A proxy of the machine has no business between two processes of a test.
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    let output = command.arg(script).arg(config.to_string()).output().expect("start the client's interpreter");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{} failed ({})\n{stdout}\n{stderr}", script.display(), output.status);
    let last = stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| panic!("{} printed no JSON ({e})\n{stdout}\n{stderr}", script.display()))
}

fn node_modules() -> PathBuf {
    let source = tests_folder().join("clients/node");
    let folder = cache("node", &source.join("package-lock.json"));
    once(&folder, || {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), folder.join(file)).expect("copy the npm manifest");
        }
        succeed(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder));
    });
    folder.join("node_modules")
}

/// The Python of `clients/NAME/requirements.txt`.
pub(crate) fn virtual_environment(name: &str) -> PathBuf {
    let requirements = tests_folder().join("clients").join(name).join("requirements.txt");
    let folder = cache(name, &requirements);
    once(&folder, || {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        succeed(
            Command::new(folder.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--no-deps", "--requirement"])
                .arg(&requirements),
        );
    });
    folder
}

/// A folder under `target/` whose name changes with the contents of `manifest`.
fn cache(name: &str, manifest: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    fs::read(manifest).expect("read the client's manifest").hash(&mut hasher);
    let profile = mpcloud_path().parent().map(Path::to_path_buf).unwrap_or_default();
    profile.join("e2e-clients").join(format!("{name}-{:016x}", hasher.finish()))
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed\n{stdout}\n{stderr}");
}
