//! `serve`, `init` and `check`: what concerns the server of this machine.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{Failure, Options, output};
use crate::config::TEMPLATE;

/// `mpcloud serve`.
#[derive(Debug, Args)]
#[command(after_help = "Prints one line `ready {\"http\":\"http://127.0.0.1:PORT\",…}` once it serves. Ctrl-C and SIGTERM
end it after the requests in flight.

Examples:
  mpcloud serve
  mpcloud serve -c mpcloud.toml --data /var/lib/mpcloud
  mpcloud serve --listen 127.0.0.1:0             pick a free port")]
pub struct Serve {
    /// The configuration file; defaults without one
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on, before what the file says
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

impl Serve {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let options = crate::serve::ServeOptions { config: self.config, data: options.data.clone(), listen: self.listen };
        let runtime = runtime()?;
        let outcome = runtime.block_on(crate::serve::run(options));
        // A plugin that blocks a thread must not keep the process from ending.
        runtime.shutdown_timeout(Duration::from_secs(2));
        Ok(outcome?)
    }
}

/// `mpcloud init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud init                                   write ./mpcloud.toml
  mpcloud init -                                 print it")]
pub struct Init {
    /// Where to write; `-` is standard output
    #[arg(default_value = "mpcloud.toml", value_name = "FILE")]
    file: PathBuf,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
}

impl Init {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        if self.file == Path::new("-") {
            return output::print(TEMPLATE);
        }
        let file = self.file.display().to_string();
        let mut open = OpenOptions::new();
        let opened =
            if self.force { open.write(true).create(true).truncate(true) } else { open.write(true).create_new(true) }.open(&self.file);
        let mut target = opened.map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => {
                Failure::new(format!("{file} exists already")).advise("Replace it with --force, or name another file.")
            }
            _ => Failure::new(format!("cannot write {file}: {e}")),
        })?;
        target.write_all(TEMPLATE.as_bytes()).map_err(|e| Failure::new(format!("cannot write {file}: {e}")))?;
        options.output().result(&json!({"file": file}), || format!("wrote {file}\nStart with it: mpcloud serve -c {file}"))
    }
}

/// `mpcloud check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud check
  mpcloud check -c mpcloud.toml --data /var/lib/mpcloud")]
pub struct Check {
    /// The configuration file; defaults without one
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Check {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let lines = runtime()?.block_on(crate::check::run(self.config, options.data.clone()))?;
        options.output().result(&json!({"ok": true, "lines": lines}), || lines.join("\n"))
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    // More threads than cores, because a plugin that blocks holds one until the watchdog finds out.
    let threads = std::thread::available_parallelism().map_or(4, |cores| cores.get() * 2).max(4);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    runtime.map_err(|e| Failure::new(format!("cannot start the threads: {e}")))
}
