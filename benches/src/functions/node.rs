//! Node.js around a function: a bare `http` server, in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::bare_hyper::Process;
use crate::functions::folder;

/// Starts a server of the function in a folder.
pub fn start(function: &Path) -> Result<Process> {
    let mut node = Command::new("node");
    node.arg(folder("node").join("serve.js")).arg(function).env("NODE_ENV", "production");
    let mut child = node.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|e| format!("node: {e}"))?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
    Ok(Process::new(child, line.trim().parse().map_err(|_| "node does not serve the function")?))
}

/// Signs texts as the server SDK does.
pub fn sign(key: &str, texts: &[String]) -> Result<Vec<String>> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), serde_json::json!({"key": key, "texts": texts}).to_string())?;
    let output = Command::new("node").arg(folder("node").join("sign.js")).arg(file.path()).output().map_err(|e| format!("node: {e}"))?;
    if !output.status.success() {
        return Err(format!("node cannot sign: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
