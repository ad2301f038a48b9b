//! A server with a space that means harm, and a neighbour whose latency is watched.

use std::io::{Cursor, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use e2e::{Answer, Management, Server, Space, Wire};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// How often the neighbour's function is called.
const PACE: Duration = Duration::from_millis(25);
/// Within what 99 of 100 of its calls must be answered. It would be a few milliseconds on a machine
/// that does nothing else; this one has two cores, and the harm is meant to take both.
const BOUND: Duration = Duration::from_secs(1);
/// How many calls a figure is made of at least.
const ENOUGH: u32 = 40;

/// What it runs is in its arguments.
pub const RUN: &str = "module.exports = (ctx) => eval(ctx.args.code)";

/// Tests that are watched run one after another: else each would see the harm of the others.
static ALONE: Mutex<()> = Mutex::new(());

/// A server, the space that means harm, and its neighbour.
pub struct Stage {
    pub server: Server,
    pub hostile: Tenant,
    neighbour: Neighbour,
    _alone: MutexGuard<'static, ()>,
}

impl Stage {
    /// A server with these keys in the table of the functions plugin.
    pub fn set(functions: &str) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let server = Server::with_config(&format!("[plugins.functions.config]\n{functions}\n"));
        let hostile = Tenant::new(&server, "hostile");
        let neighbour = Tenant::new(&server, "neighbour");
        neighbour.deploy("hello", "module.exports = async (ctx) => ({ message: `hi ${ctx.args.name}` })");
        neighbour.client.invoke("hello", json!({"name": "first"})).data();
        let neighbour = Neighbour::watch(neighbour.client);
        Self { server, hostile, neighbour, _alone: alone }
    }

    /// Ends the watch; `what` says what the neighbour was beside.
    pub fn end(self, what: &str) {
        self.neighbour.end(what);
    }
}

/// Calls a function at a steady pace.
struct Neighbour {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Neighbour {
    fn watch(client: Wire) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let told = ended.clone();
        let thread = thread::spawn(move || {
            let (began, mut took) = (Instant::now(), Vec::new());
            for n in 0.. {
                if n >= ENOUGH && told.load(Ordering::SeqCst) {
                    break;
                }
                // From when it was due: a call that waits makes those behind it late, too.
                let due = began + PACE * n;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let answer = client.invoke("hello", json!({"name": n}));
                assert_eq!(answer.data(), json!({"message": format!("hi {n}")}), "the neighbour's call {n}");
                took.push(due.elapsed());
            }
            took
        });
        Self { ended, thread }
    }

    fn end(self, what: &str) {
        self.ended.store(true, Ordering::SeqCst);
        let mut took = self.thread.join().expect("every call of the neighbour was answered");
        took.sort_unstable();
        let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
        println!("the neighbour beside {what}: {} calls, p50 {:?}, p99 {:?}, longest {:?}", took.len(), at(50), at(99), at(100));
        assert!(at(99) < BOUND, "beside {what}: p99 {:?}", at(99));
    }
}

/// A space with its credentials.
#[derive(Clone)]
pub struct Tenant {
    pub space: Space,
    pub client: Wire,
    management: Management,
}

impl Tenant {
    pub fn new(server: &Server, name: &str) -> Self {
        let space = server.space(name);
        Self { client: server.wire(&space).authorized(), management: server.management(), space }
    }

    /// Runs an action of the management API on the space.
    #[track_caller]
    pub fn act(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.management.act(action, &[&[("SpaceId", self.space.id.as_str())][..], parameters].concat())
    }

    #[track_caller]
    fn done(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let answer = self.act(action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.json());
        answer.json()
    }

    /// Makes a function with little memory and little time.
    #[track_caller]
    pub fn create(&self, name: &str) {
        self.done("CreateFunction", &[("Name", name), ("Memory", "64"), ("Timeout", "2"), ("Runtime", "nodejs"), ("Desc", "")]);
    }

    /// Gives a function more time.
    #[track_caller]
    pub fn allow_seconds(&self, name: &str, seconds: &str) {
        self.done("UpdateFunction", &[("Name", name), ("Timeout", seconds)]);
    }

    /// Makes a function of a module.
    #[track_caller]
    pub fn deploy(&self, name: &str, code: &str) {
        self.create(name);
        self.replace(name, code);
    }

    /// Makes [`RUN`], under the name `run`.
    #[track_caller]
    pub fn deploy_run(&self) {
        self.deploy("run", RUN);
    }

    /// Makes another version of a function.
    #[track_caller]
    pub fn replace(&self, name: &str, code: &str) {
        let (deployment, uploaded) = self.upload(name, &package(&[("index.js", code)]));
        assert_eq!(uploaded.status, 200, "{}", uploaded.json());
        self.done("DeployFunction", &[("DeploymentId", &deployment)]);
    }

    /// Uploads a package; gives the deployment's id, and what the upload was answered.
    #[track_caller]
    pub fn upload(&self, name: &str, package: &[u8]) -> (String, Answer) {
        let created = self.done("CreateFunctionDeployment", &[("Name", name)]);
        let text = |key: &str| created[key].as_str().unwrap_or_else(|| panic!("no {key} in {created}")).to_owned();
        // A client of its own: a refused upload may take the connection with it.
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        let mut response = agent.put(text("UploadSignedUrl")).send(package).expect("an answer to the upload");
        let body = response.body_mut().read_to_vec().expect("the whole answer");
        (text("DeploymentId"), Answer { status: response.status().as_u16(), headers: Vec::new(), body })
    }

    /// Deletes a function.
    #[track_caller]
    pub fn delete(&self, name: &str) {
        self.done("DeleteFunction", &[("Name", name)]);
    }

    /// Evaluates code in the function `run`.
    #[track_caller]
    pub fn run(&self, code: &str) -> Answer {
        self.client.invoke("run", json!({"code": code}))
    }

    /// What a function logged, newest call first, once there is a call with this request id.
    pub fn logged(&self, name: &str, request_id: &str) -> Value {
        e2e::wait_for("the log", || {
            let list = self.done("ListFunctionLog", &[("Name", name), ("LogRequestId", request_id)]);
            list["DataList"].get(0).cloned()
        })
    }
}

/// A zip of files.
pub fn package(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("begin a file");
        writer.write_all(contents.as_bytes()).expect("write a file");
    }
    writer.finish().expect("finish the zip").into_inner()
}

/// The error's message.
#[track_caller]
pub fn message(answer: &Answer) -> String {
    answer.envelope()["error"]["message"].as_str().unwrap_or_default().to_owned()
}
