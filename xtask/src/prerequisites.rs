//! What must be on the machine besides cargo and Node.js.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::cargo::{root, target};
use crate::engine::{Build, Engine};
use crate::step::succeed;

/// A Debian package and how to see that what it brings is there.
struct Package {
    name: &'static str,
    there: fn() -> bool,
}

const BUILD: [Package; 6] = [
    Package {
        name: "build-essential",
        there: || runs("cc", &["--version"]) && runs("c++", &["--version"]) && runs("make", &["--version"]),
    },
    Package { name: "ca-certificates", there: || Path::new("/etc/ssl/certs/ca-certificates.crt").exists() },
    // OpenSSL's build is written in it.
    Package { name: "perl", there: || runs("perl", &["-MIPC::Cmd", "-e", "1"]) },
    // They bundle the builtins of functions, and run the tests' clients.
    Package { name: "nodejs", there: || runs("node", &["--version"]) },
    Package { name: "npm", there: || runs("npm", &["--version"]) },
    // The build of the `v8` crate downloads with it.
    Package { name: "curl", there: || runs("curl", &["--version"]) },
];

const QUICKJS: [Package; 2] = [
    Package { name: "cmake", there: || runs("cmake", &["--version"]) },
    Package { name: "libsimde-dev", there: || Path::new("/usr/include/simde").exists() },
];

const TEST: [Package; 3] = [
    // The management SDK of the tests is a Python package.
    Package { name: "python3-venv", there: || runs("python3", &["-c", "import venv, ensurepip"]) },
    // A browser that looks at websites.
    Package { name: "chromium", there: || runs("chromium", &["--version"]) },
    // The certificate authority of the tests.
    Package { name: "pebble", there: || Path::new("/usr/bin/pebble").exists() },
];

/// Parse Server, beside which the database is measured, keeps its data in PostgreSQL; websites are
/// measured beside nginx and Caddy.
const BENCH: [Package; 5] = [
    Package { name: "nginx", there: || runs("nginx", &["-v"]) },
    Package { name: "caddy", there: || runs("caddy", &["version"]) },
    Package { name: "nghttp2-client", there: || runs("h2load", &["--version"]) },
    Package { name: "postgresql", there: || runs("psql", &["--version"]) && postgresql("lib", "bin/initdb") },
    Package { name: "postgresql-postgis", there: || postgresql("share", "extension/postgis.control") },
];

/// What a task needs before the engine is chosen.
pub fn for_building() -> Result {
    install(&BUILD)
}

/// What the chosen engine needs.
pub fn for_engine(build: &Build) -> Result {
    if build.engine == Engine::Quickjs { install(&QUICKJS) } else { Ok(()) }
}

/// What the tests need.
pub fn for_testing() -> Result {
    warn_of_full_disk();
    install(&TEST)
}

/// A first build that meets a full disk does so after most of an hour, so it is said before.
fn warn_of_full_disk() {
    /// What a build with its tests takes.
    const GIB: u64 = 11;
    if target().join("debug/deps").exists() {
        return;
    }
    let free = Command::new("df").arg("--output=avail").arg("--block-size=1G").arg(root()).output();
    let free = free.ok().and_then(|free| String::from_utf8(free.stdout).ok()?.lines().last()?.trim().parse::<u64>().ok());
    if let Some(free) = free.filter(|free| *free < GIB) {
        println!("note: a first build with its tests takes {GIB} GiB, and there are {free}; CARGO_TARGET_DIR puts it elsewhere");
    }
}

/// What the benches need.
pub fn for_benching() -> Result {
    install(&BENCH)
}

fn install(packages: &[Package]) -> Result {
    let missing: Vec<&str> = packages.iter().filter(|package| !(package.there)()).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !Path::new("/etc/debian_version").exists() {
        return Err(format!("missing: {}. On Debian or Ubuntu: sudo sh -c '{by_hand}'", missing.join(", ")).into());
    }
    if !is_root() {
        return Err(format!("missing: {}. Run this, and try again: sudo sh -c '{by_hand}'", missing.join(", ")).into());
    }
    println!("installing {}", missing.join(", "));
    let apt = |arguments: &[&str]| {
        succeed(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()))
    };
    apt(&["update", "--quiet", "--quiet"])?;
    apt(&[&["install", "--yes", "--no-install-recommends", "--quiet", "--quiet"], &*missing].concat())?;
    match packages.iter().find(|package| !(package.there)()) {
        None => Ok(()),
        Some(package) => Err(format!("{} is installed, but what it should bring is still missing", package.name).into()),
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let quiet = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// Whether a version of PostgreSQL has a file.
fn postgresql(part: &str, file: &str) -> bool {
    let versions = std::fs::read_dir(format!("/usr/{part}/postgresql"));
    versions.is_ok_and(|versions| versions.flatten().any(|version| version.path().join(file).exists()))
}
