//! A started `mpcloud serve` with a data folder of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Finished, Management, Space, Wire, mpcloud, mpcloud_path, wait_for};

const READY_DEADLINE: Duration = Duration::from_secs(60);

/// A running server. It ends with this value; when the test fails, its log is printed.
pub struct Server {
    folder: TempDir,
    child: Child,
    ready: Value,
    runs: u32,
}

impl Server {
    /// Starts one without a configuration file.
    pub fn start() -> Self {
        Self::start_in(TempDir::new().expect("a temporary folder"))
    }

    /// Starts one with a configuration file.
    pub fn with_config(toml: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("mpcloud.toml"), toml).expect("write the configuration");
        Self::start_in(folder)
    }

    /// Starts one with a configuration file, and with files in its data folder.
    pub fn with_data(toml: &str, files: &[(&str, &[u8])]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("mpcloud.toml"), toml).expect("write the configuration");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("create the data folder");
        for (name, contents) in files {
            fs::write(data.join(name), contents).expect("write a file of the data folder");
        }
        Self::start_in(folder)
    }

    fn start_in(folder: TempDir) -> Self {
        let (child, ready) = launch(folder.path(), 1);
        Self { folder, child, ready, runs: 1 }
    }

    /// Its base URL, such as `http://127.0.0.1:41234`.
    pub fn http(&self) -> &str {
        self.ready["http"].as_str().expect("the ready line has `http`")
    }

    /// `host:port` of [`http`](Self::http).
    pub fn address(&self) -> &str {
        self.http().trim_start_matches("http://")
    }

    /// All that its ready line said.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// The folder that it was given as `--data`.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// How much memory it takes, in bytes.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("read the server's status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the status has VmRSS");
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("VmRSS is a number");
        kilobytes * 1024
    }

    /// A file to write, outside of the server's data.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it has written to standard error since it was last started.
    pub fn log(&self) -> String {
        fs::read_to_string(log_file(self.folder.path(), self.runs)).unwrap_or_default()
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Panics
    /// When it had ended before.
    pub fn kill(&mut self) {
        assert!(self.child.try_wait().expect("ask for the server's state").is_none(), "the server ended by itself\n{}", self.log());
        self.child.kill().expect("kill the server");
        self.child.wait().expect("wait for the killed server");
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("run kill");
        assert!(asked.success(), "kill -TERM failed");
        wait_for("the end of the server", || self.child.try_wait().expect("ask for the server's state"))
    }

    /// Starts it again, on the same data and perhaps another port, after [`kill`](Self::kill) or
    /// [`stop`](Self::stop).
    pub fn restart(&mut self) {
        self.runs += 1;
        (self.child, self.ready) = launch(self.folder.path(), self.runs);
    }

    /// Runs a command of `mpcloud` against this server.
    pub fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Finished {
        let data = self.data();
        let data = data.to_str().expect("a temporary path is UTF-8");
        mpcloud(arguments.iter().map(AsRef::as_ref).chain(["--data", data]))
    }

    /// Runs a command with `--json` and gives what it prints.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn run_json<S: AsRef<str>>(&self, arguments: &[S]) -> Value {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).chain(["--json"]).collect();
        self.run(&arguments).succeeded().json()
    }

    /// Creates a space with the command line.
    #[track_caller]
    pub fn space(&self, name: &str) -> Space {
        Space::from_json(&self.run_json(&["space", "create", name]))
    }

    /// Deploys a folder as a function with the command line.
    #[track_caller]
    pub fn deploy(&self, folder: &Path, space: &Space, name: &str) {
        let folder = folder.to_str().expect("the path is UTF-8");
        self.run(&["function", "deploy", folder, "--space", &space.id, "--name", name]).succeeded();
    }

    /// A raw client of a space, not yet authorized.
    pub fn wire(&self, space: &Space) -> Wire {
        Wire::new(self.http(), space)
    }

    /// A raw client of the management API with the administrator's key.
    pub fn management(&self) -> Management {
        let (id, secret) = self.access_key();
        Management::new(self.http(), &id, &secret)
    }

    /// The administrator's key, from `admin.json`.
    ///
    /// # Panics
    /// When the file is not as promised.
    pub fn access_key(&self) -> (String, String) {
        let file = fs::read(self.data().join("admin.json")).expect("read admin.json");
        let admin: Value = serde_json::from_slice(&file).expect("admin.json is JSON");
        let text = |key: &str| admin[key].as_str().unwrap_or_else(|| panic!("no `{key}` in admin.json")).to_owned();
        (text("accessKeyId"), text("accessKeySecret"))
    }

    /// What the driver scripts need to reach a space with the npm SDKs.
    pub fn sdk_config(&self, space: &Space) -> Value {
        json!({
            "endpoint": self.http(),
            "spaceId": space.id,
            "clientSecret": space.client_secret,
            "serverSecret": space.server_secret,
        })
    }

    /// What the driver scripts need to reach the management API with the PyPI SDK.
    pub fn management_config(&self) -> Value {
        let (id, secret) = self.access_key();
        json!({ "endpoint": self.address(), "accessKeyId": id, "accessKeySecret": secret })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- log of mpcloud ---\n{}", self.log());
        }
    }
}

fn log_file(folder: &Path, run: u32) -> PathBuf {
    folder.join(format!("server.{run}.log"))
}

fn launch(folder: &Path, run: u32) -> (Child, Value) {
    let mut command = Command::new(mpcloud_path());
    command.arg("serve");
    let config = folder.join("mpcloud.toml");
    if config.exists() {
        command.arg("-c").arg(config);
    }
    let log = File::create(log_file(folder, run)).expect("create the log file");
    command.arg("--data").arg(folder.join("data")).args(["--listen", "127.0.0.1:0"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().expect("start mpcloud");
    match ready_line(&mut child) {
        Ok(ready) => (child, ready),
        Err(reason) => {
            let _ = child.kill();
            let _ = child.wait();
            panic!("mpcloud did not start: {reason}\n{}", fs::read_to_string(log_file(folder, run)).unwrap_or_default());
        }
    }
}

/// The ready line, or why there is none.
fn ready_line(child: &mut Child) -> Result<Value, String> {
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let (send, receive) = mpsc::channel();
    // Reads on after the line, so that the server never blocks on a full pipe.
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    let line = receive.recv_timeout(READY_DEADLINE).map_err(|e| match e {
        mpsc::RecvTimeoutError::Timeout => format!("not ready after {READY_DEADLINE:?}"),
        mpsc::RecvTimeoutError::Disconnected => "it ended without a ready line".to_owned(),
    })?;
    let json = line.strip_prefix("ready ").ok_or_else(|| format!("the first line is not the ready line: {line}"))?;
    serde_json::from_str(json).map_err(|e| format!("{e}: {line}"))
}
