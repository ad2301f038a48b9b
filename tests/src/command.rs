//! The command line of `mpcloud`, as a user has it.

use std::io::{Read, Seek};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::POLL;

/// How long a command may take.
const DEADLINE: Duration = Duration::from_secs(90);

/// The binary that is tested: `MPCLOUD_BIN`, or the one beside the running test.
///
/// # Panics
/// When it was not built.
pub fn mpcloud_path() -> PathBuf {
    let path = match std::env::var_os("MPCLOUD_BIN") {
        Some(path) => PathBuf::from(path),
        None => {
            // A test runs from target/PROFILE/deps.
            let test = std::env::current_exe().expect("the path of the test");
            let profile = test.parent().and_then(|deps| deps.parent()).expect("the test is in target/PROFILE/deps");
            profile.join(format!("mpcloud{}", std::env::consts::EXE_SUFFIX))
        }
    };
    assert!(path.exists(), "{} is missing: run `cargo build --workspace` first", path.display());
    path
}

/// A run of `mpcloud` that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

impl Finished {
    /// Asserts that it ended with 0.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "mpcloud failed\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that it ended with another code than 0, and said why on standard error only.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn failed(self) -> Self {
        assert!(self.code.is_some_and(|code| code != 0), "mpcloud should have failed: {self:?}");
        assert!(!self.stderr.trim().is_empty(), "a failure says why: {self:?}");
        assert!(!self.stderr.contains("panicked at"), "a failure is not a panic: {}", self.stderr);
        self
    }

    /// Its standard output as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("standard output is not JSON ({e}): {self:?}"))
    }
}

/// Runs `mpcloud` with some arguments and waits for its end.
///
/// # Panics
/// When it cannot be started, or has not ended after 90 seconds.
pub fn mpcloud<I, S>(arguments: I) -> Finished
where
    I: IntoIterator<Item = S>,
    S: AsRef<std::ffi::OsStr>,
{
    let mut command = Command::new(mpcloud_path());
    for name in ["MPCLOUD_URL", "MPCLOUD_ACCESS_KEY_ID", "MPCLOUD_ACCESS_KEY_SECRET"] {
        command.env_remove(name);
    }
    let mut output = [tempfile::tempfile(), tempfile::tempfile()].map(|file| file.expect("a temporary file"));
    let [stdout, stderr] = output.each_ref().map(|file| file.try_clone().expect("duplicate a file"));
    let mut child = command.args(arguments).stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn().expect("start mpcloud");
    let deadline = Instant::now() + DEADLINE;
    let status = loop {
        if let Some(status) = child.try_wait().expect("ask for the command's state") {
            break Some(status);
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        thread::sleep(POLL);
    };
    let [stdout, stderr] = output.each_mut().map(|file| {
        let mut text = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut text)).expect("read what the command wrote");
        String::from_utf8_lossy(&text).into_owned()
    });
    assert!(status.is_some(), "mpcloud did not end within {DEADLINE:?}\n{stdout}\n{stderr}");
    Finished { code: status.and_then(|status| status.code()), stdout, stderr }
}
