//! Clients of WeChat Pay from npm and PyPI, installed unmodified, and what they make of the same.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ring::digest::{SHA256, digest};
use serde_json::Value;

/// Runs `tests/clients/node/SCRIPT`, and reads the one JSON line it prints.
pub fn node(script: &str, input: &Value) -> Value {
    let source = clients().join("node");
    let folder = installed(&source.join("package-lock.json"), |folder| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), folder.join(file)).unwrap();
        }
        succeed(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder));
    });
    let mut command = Command::new("node");
    run(command.env("NODE_PATH", folder.join("node_modules")).arg(source.join(script)), input)
}

/// Runs `tests/clients/python/SCRIPT`, and reads the one JSON line it prints.
pub fn python(script: &str, input: &Value) -> Value {
    let source = clients().join("python");
    let requirements = source.join("requirements.txt");
    let folder = installed(&requirements, |folder| {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let mut pip = Command::new(folder.join("bin/python"));
        succeed(pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--requirement"]).arg(&requirements));
    });
    run(Command::new(folder.join("bin/python")).env("PYTHONDONTWRITEBYTECODE", "1").arg(source.join(script)), input)
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// A folder beside the tests' own whose name changes with a file. One process installs into it, and
/// the others wait.
fn installed(manifest: &Path, install: impl FnOnce(&Path)) -> PathBuf {
    let name = hex::encode(&digest(&SHA256, &fs::read(manifest).unwrap()).as_ref()[..8]);
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().unwrap().join("wechatpay-clients").join(name);
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

fn run(command: &mut Command, input: &Value) -> Value {
    // A proxy of the machine has no business between two processes of a test.
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} failed");
    let stdout = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(stdout.lines().last().unwrap()).unwrap()
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?} failed\n{}", String::from_utf8_lossy(&output.stderr));
}
