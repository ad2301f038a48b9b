//! `workerd` from npm, serving a function of mpcloud.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::bare_hyper::Process;

/// The version that is measured.
const VERSION: &str = "1.20261117.1";

/// Installs it where it is not there yet, and starts it with a function that requires nothing.
pub fn start(function: &Path) -> Result<Process> {
    let folder = e2e::mpcloud_path().parent().ok_or("mpcloud is in no folder")?.join("bench-workerd");
    fs::create_dir_all(&folder)?;
    let binary = install(&folder)?;
    // Free now; workerd cannot say which port it picked by itself.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    // Several may run at once, so each has files of its own.
    let files = tempfile::Builder::new().prefix("bench-workerd-").tempdir()?;
    fs::write(files.path().join("function.js"), module(&fs::read_to_string(function)?))?;
    fs::write(files.path().join("config.capnp"), config(address))?;
    let child = Command::new(binary).args(["serve", "config.capnp"]).current_dir(files.path()).stdin(Stdio::null()).spawn()?;
    let process = Process::new(child, address);
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        if Instant::now() > deadline {
            return Err("workerd does not listen".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(process)
}

fn install(folder: &Path) -> Result<PathBuf> {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "64" };
    let binary = folder.join(format!("node_modules/@cloudflare/workerd-linux-{arch}/bin/workerd"));
    if !binary.exists() {
        fs::write(folder.join("package.json"), "{\"private\":true}\n")?;
        let package = format!("workerd@{VERSION}");
        let npm = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", &package];
        if !Command::new("npm").args(npm).current_dir(folder).status()?.success() {
            return Err("npm cannot install workerd".into());
        }
    }
    Ok(binary)
}

/// The function as it is, in an envelope like that of mpcloud.
fn module(function: &str) -> String {
    format!(
        "const module = {{ exports: {{}} }};\n{function}\nexport default {{\n  async fetch(request) {{\n    \
         const {{ functionArgs }} = await request.json();\n    \
         return Response.json({{ success: true, data: await module.exports({{ args: functionArgs }}) }});\n  }},\n}};\n"
    )
}

fn config(address: SocketAddr) -> String {
    format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (\n  services = [(name = \"main\", worker = .function)],\n  \
         sockets = [(name = \"http\", address = \"{address}\", http = (), service = \"main\")],\n);\n\
         const function :Workerd.Worker = (\n  modules = [(name = \"function.js\", esModule = embed \"function.js\")],\n  \
         compatibilityDate = \"2025-01-01\",\n);\n"
    )
}
