//! Mingo in a process of Node.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

use crate::case::Outcome;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/mingo")
}

/// Installs mingo under cargo's target folder unless an earlier run did; answers `node_modules`.
///
/// # Panics
/// When npm fails; with what it wrote.
pub fn install() -> PathBuf {
    let manifest = fs::read(source().join("package-lock.json")).expect("read the lock file of npm");
    let mut hasher = DefaultHasher::new();
    manifest.hash(&mut hasher);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mingo-{:016x}", hasher.finish()));
    let lock = File::create(folder.with_extension("lock")).expect("create the lock file");
    lock.lock().expect("lock the install folder");
    let done = folder.join(".installed");
    if !done.exists() {
        // What an interrupted install left behind.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("create the install folder");
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source().join(file), folder.join(file)).expect("copy the npm manifest");
        }
        let npm = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output()
            .expect("start npm");
        assert!(npm.status.success(), "npm ci failed\n{}\n{}", String::from_utf8_lossy(&npm.stdout), String::from_utf8_lossy(&npm.stderr));
        File::create(done).expect("mark the install as done");
    }
    folder.join("node_modules")
}

/// Where mingo departs from MongoDB, as the process corrects it.
#[derive(Clone, Debug, Deserialize)]
pub struct Correction {
    pub name: String,
    /// A path below `https://www.mongodb.com/docs/v4.2/`.
    pub page: String,
    pub says: String,
}

/// What the process made of a case.
pub struct Answer {
    pub outcome: Outcome,
    /// The places of the corrections that made a difference.
    pub corrections: Vec<usize>,
}

/// A process that evaluates cases. It ends with the value.
pub struct Mingo {
    pub corrections: Vec<Correction>,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Mingo {
    pub fn start(node_modules: &Path) -> Self {
        let mut child = Command::new("node")
            .arg(source().join("driver.js"))
            .env("NODE_PATH", node_modules)
            // Dates in the time zone of the machine would differ from one to the next.
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start node");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("the output of node"));
        let mut mingo = Self { corrections: Vec::new(), child, input, output };
        mingo.corrections = serde_json::from_str(&mingo.line()).expect("the list of corrections");
        mingo
    }

    fn line(&mut self) -> String {
        let mut text = String::new();
        let read = self.output.read_line(&mut text).expect("read from node");
        assert!(read > 0, "node ended");
        text.truncate(text.trim_end_matches('\n').len());
        text
    }

    /// Sends a batch of lines. Answers nothing until [`receive`](Self::receive).
    pub fn send(&mut self, lines: &[String]) {
        let mut batch = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum::<usize>() + 1);
        for line in lines {
            batch.push_str(line);
            batch.push('\n');
        }
        batch.push('\n');
        let input = self.input.as_mut().expect("the input of node");
        input.write_all(batch.as_bytes()).and_then(|()| input.flush()).expect("write to node");
    }

    /// The answers to a batch.
    pub fn receive(&mut self, count: usize) -> Vec<Answer> {
        (0..count).map(|_| answer(&self.line())).collect()
    }
}

fn answer(line: &str) -> Answer {
    let (outcome, places) = line.split_once('\t').unwrap_or_else(|| panic!("mingo's process wrote {line:?}"));
    let corrections = places.split(',').filter(|place| !place.is_empty()).map(|place| place.parse().expect("a place")).collect();
    Answer { outcome: Outcome::read(outcome), corrections }
}

impl Drop for Mingo {
    fn drop(&mut self) {
        // The end of its input ends the process.
        self.input = None;
        let _ = self.child.wait();
    }
}
