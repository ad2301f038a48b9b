//! SDKs from npm and PyPI, installed once for all test processes as they are.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs `tests/clients/node/oracle.cjs`.
pub fn node(input: &Value) -> Value {
    let source = source("node");
    let folder = installed("alipay-node", &source.join("package-lock.json"), |folder| {
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(source.join(file), folder.join(file)).unwrap();
        }
        succeed(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder));
    });
    let mut command = Command::new("node");
    command.arg(source.join("oracle.cjs")).env("NODE_PATH", folder.join("node_modules"));
    run(command, input)
}

/// Runs `tests/clients/python/oracle.py`.
pub fn python(input: &Value) -> Value {
    let source = source("python");
    let requirements = source.join("requirements.txt");
    let folder = installed("alipay-python", &requirements, |folder| {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--requirement"];
        succeed(Command::new(folder.join("bin/python")).args(pip).arg(&requirements));
    });
    let mut command = Command::new(folder.join("bin/python"));
    command.arg(source.join("oracle.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    run(command, input)
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

fn run(mut command: Command, input: &Value) -> Value {
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    // Both SDKs send the time of the machine's zone.
    command.env("TZ", "Asia/Shanghai").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    serde_json::from_str(stdout.lines().last().unwrap_or_default()).unwrap_or_else(|error| panic!("{error}\n{stdout}\n{stderr}"))
}

/// A folder beside the test binaries whose name changes with the contents of `manifest`.
fn installed(name: &str, manifest: &Path, install: impl FnOnce(&Path)) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    fs::read(manifest).unwrap().hash(&mut hasher);
    let binary = std::env::current_exe().unwrap();
    let folder = binary.ancestors().nth(2).unwrap().join("e2e-clients").join(format!("{name}-{:016x}", hasher.finish()));
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let done = folder.join(".installed");
    if !done.exists() {
        // What an interrupted install left behind.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        install(&folder);
        File::create(done).unwrap();
    }
    folder
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed\n{stdout}\n{stderr}");
}
