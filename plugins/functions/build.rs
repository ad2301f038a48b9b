//! Bundles the Node.js builtins of `node/` with npm, and lists them for `include_str!`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    let node = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("node");
    let out = PathBuf::from(env::var("OUT_DIR").unwrap_or_default());
    for watched in ["src", "build.mjs", "package.json", "package-lock.json", "NOTICES"] {
        println!("cargo::rerun-if-changed={}", node.join(watched).display());
    }
    let result = install(&node).and_then(|()| bundle(&node, &out.join("builtins"))).and_then(|()| list(&out));
    if let Err(error) = result {
        println!("cargo::error={error}");
    }
}

fn install(node: &Path) -> Result<(), String> {
    // npm writes this file last; it is older than the lock file after a change of versions.
    let modified = |path: PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
    let installed = modified(node.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(node.join("package-lock.json")) {
        return Ok(());
    }
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(node))
}

fn bundle(node: &Path, to: &Path) -> Result<(), String> {
    run(Command::new("node").arg("build.mjs").arg(to).current_dir(node))
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output =
        command.output().map_err(|e| format!("{shown}: {e}; the builtins of functions are bundled with Node.js 18 or newer and npm"))?;
    if output.status.success() {
        return Ok(());
    }
    let lines = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).replace('\n', " | "));
    Err(format!("{shown}: {} {}", lines[0], lines[1]))
}

/// Writes `builtins.rs`: a table of names and sources, sorted by name.
fn list(out: &Path) -> Result<(), String> {
    let folder = out.join("builtins");
    let mut names = Vec::new();
    collect(&folder, "", &mut names).map_err(|e| e.to_string())?;
    names.sort();
    let mut table = String::from("&[\n");
    for name in names {
        let path = folder.join(format!("{name}.js"));
        writeln!(table, "    ({name:?}, include_str!({path:?})),").map_err(|e| e.to_string())?;
    }
    table.push_str("]\n");
    fs::write(out.join("builtins.rs"), table).map_err(|e| e.to_string())
}

fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), names)?;
        } else if let Some(name) = name.strip_suffix(".js") {
            names.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
