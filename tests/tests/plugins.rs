//! Plugins that misbehave, that are replaced under load, and that must be refused.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use e2e::{Finished, Server, Wire, function, mpcloud, node, plugin_library};
use serde_json::{Value, json};
use tempfile::TempDir;

const MISBEHAVING: &str =
    "[limits]\ncall_timeout = \"2s\"\n\n[plugins.odd]\nlibrary = \"fixture_misbehaving\"\n\n[plugins.hello]\nlibrary = \"hello_plugin\"\n";
const HELLO: &str = "[plugins.hello]\nlibrary = \"hello_plugin\"\nconfig = { greeting = \"Hello\" }\n";

/// Threads that call and expect a success each time, until they are told to end.
struct Load {
    ended: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(callers: Vec<Box<dyn Fn(u64) + Send>>) -> Self {
        let (ended, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = callers
            .into_iter()
            .map(|caller| {
                let (ended, calls) = (ended.clone(), calls.clone());
                thread::spawn(move || {
                    for n in 0.. {
                        if ended.load(Ordering::SeqCst) {
                            break;
                        }
                        caller(n);
                        calls.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        Self { ended, calls, threads }
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Waits until so many more calls were made.
    fn go_on_for(&self, more: u64) {
        let before = self.calls();
        e2e::wait_for("more calls", || {
            let failed = self.threads.iter().any(JoinHandle::is_finished);
            (failed || self.calls() >= before + more).then_some(())
        });
    }

    fn end(self) -> u64 {
        self.ended.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().expect("every call of the load succeeded");
        }
        self.calls.load(Ordering::SeqCst)
    }
}

fn at_once(client: &Wire, method: &'static str, times: usize) -> Vec<String> {
    let calls: Vec<_> = (0..times)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || client.call(method, json!({})).code())
        })
        .collect();
    calls.into_iter().map(|call| call.join().expect("the call was answered")).collect()
}

#[test]
fn a_plugin_that_misbehaves_harms_nobody_else() {
    let server = Server::with_config(MISBEHAVING);
    let space = server.space("app");
    server.deploy(&function("hello"), &space, "hello");
    let client = server.wire(&space).authorized();
    client.invoke("hello", json!({"name": "first"})).data();

    let (functions, database, hello) = (client.clone(), server.wire(&space).authorized(), server.wire(&space).authorized());
    let load = Load::start(vec![
        Box::new(move |n| assert_eq!(functions.invoke("hello", json!({"name": n})).data(), json!({"message": format!("hi {n}")}))),
        Box::new(move |_| assert_eq!(database.db("tasks", "count", json!({})).data()["result"], 0)),
        Box::new(move |n| assert_eq!(hello.call("demo.hello", json!({"name": n.to_string()})).data(), format!("Hello, {n}!"))),
    ]);
    load.go_on_for(10);

    for method in ["test.panic", "test.garbage"] {
        assert_eq!(at_once(&client, method, 10), vec!["InternalError"; 10], "{method}");
    }
    let panicked = client.call("test.panic", json!({})).envelope();
    assert!(!panicked.to_string().contains("lost its head"), "the cause is for the log: {panicked}");
    assert!(server.log().contains("lost its head"), "and there it is");

    let began = Instant::now();
    assert_eq!(at_once(&client, "test.hang", 10), vec!["RequestTimeout"; 10]);
    assert!(began.elapsed() < Duration::from_secs(10), "all of them gave up at their deadline: {:?}", began.elapsed());

    // Calls that block threads of the host never get all of them. Once that is noticed, the plugin's
    // calls have threads of their own.
    for blocking in [6, 4] {
        let blocked: Vec<_> = (0..blocking)
            .map(|_| {
                let client = client.clone();
                thread::spawn(move || client.call("test.block", json!({})).envelope())
            })
            .collect();
        let before = load.calls();
        while !blocked.iter().all(JoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(5));
        }
        let meanwhile = load.calls() - before;
        for call in blocked {
            call.join().expect("the blocking call was answered");
        }
        println!("{meanwhile} calls of others while {blocking} blocked");
        assert!(meanwhile > 100, "only {meanwhile} calls went on while {blocking} calls blocked");
    }

    assert_eq!(client.call("test.echo", json!({"n": 1})).data(), json!({"n": 1}), "the plugin itself goes on");
    let calls = load.end();
    println!("{calls} calls of others succeeded meanwhile");
    let plugins = server.run_json(&["plugin", "list"]);
    let odd =
        plugins["plugins"].as_array().into_iter().flatten().find(|plugin| plugin["id"] == "odd").unwrap_or_else(|| panic!("{plugins}"));
    assert_eq!(odd["state"], "ready", "{plugins}");
    assert!(odd["errors"].as_u64().is_some_and(|errors| errors >= 20), "{plugins}");
}

#[test]
fn a_custom_method_is_reached_by_the_sdk() {
    let server = Server::with_config(&format!("{HELLO}\n[plugins.odd]\nlibrary = \"fixture_misbehaving\"\n"));
    let space = server.space("app");
    let mut config = server.sdk_config(&space);
    config["forward"] = json!([
        {"method": "demo.hello", "params": {"name": "小明"}},
        {"method": "test.echo", "params": {"deep": [1, {"x": null}]}},
        {"method": "demo.hello", "params": {"nobody": 1}},
        {"method": "demo.goodbye", "params": {}},
        {"method": "test.panic", "params": {}},
        {"method": "test.echo"},
    ]);
    let result = node("forward.cjs", &config);
    let forwarded = &result["forwarded"];
    assert!(forwarded[0]["ok"]["result"].to_string().contains("Hello, 小明"), "{result}");
    assert_eq!(forwarded[1]["ok"]["result"], json!({"deep": [1, {"x": null}]}), "{result}");
    assert_eq!(forwarded[2]["error"]["code"], "InvalidParams.Format", "{result}");
    assert_eq!(forwarded[3]["error"]["code"], "InvalidMethod.Format", "{result}");
    assert_eq!(forwarded[4]["error"]["code"], "InternalError", "{result}");
    assert_eq!(forwarded[5]["ok"]["result"], json!({}), "the SDK leaves `params` out: {result}");
}

#[test]
fn a_reload_under_load_drops_no_request() {
    let server = Server::with_config(&format!("{HELLO}\n[plugins.odd]\nlibrary = \"fixture_misbehaving\"\n"));
    let space = server.space("app");
    let hello = |client: Wire| move |_: u64| assert!(client.call("demo.hello", json!({"name": "x"})).data().to_string().contains(", x"));
    let echo = |client: Wire| move |n: u64| assert_eq!(client.call("test.echo", json!({"n": n})).data(), json!({"n": n}));
    let mut callers: Vec<Box<dyn Fn(u64) + Send>> = Vec::new();
    for _ in 0..3 {
        callers.push(Box::new(hello(server.wire(&space).authorized())));
        callers.push(Box::new(echo(server.wire(&space).authorized())));
    }
    let load = Load::start(callers);
    let toml = server.scratch("mpcloud.toml");
    for round in 0..5 {
        load.go_on_for(50);
        let other = fs::read_to_string(&toml).expect("read the configuration").replace("Hello", "Servus");
        fs::write(&toml, other).expect("write the configuration");
        for id in ["hello", "odd"] {
            server.run(&["plugin", "reload", id]).succeeded();
        }
        load.go_on_for(50);
        println!("reload {round} after {} calls", load.calls());
    }
    let client = server.wire(&space).authorized();
    let greeting = client.call("demo.hello", json!({"name": "x"})).data();
    assert!(greeting.to_string().contains("Servus, x"), "the new instance has the new configuration: {greeting}");

    // A reload that fails leaves the old instance at work.
    let broken = fs::read_to_string(&toml).expect("read the configuration").replace("greeting", "greting");
    fs::write(&toml, broken).expect("write the configuration");
    let failed = server.run(&["plugin", "reload", "hello"]).failed();
    assert!(failed.stderr.contains("greeting"), "{failed:?}");
    load.go_on_for(50);

    // So does one whose new library claims what another plugin provides.
    let valid = fs::read_to_string(&toml).expect("read the configuration").replace("greting", "greeting");
    let hello = "library = \"hello_plugin\"\nconfig = { greeting = \"Servus\" }";
    assert!(valid.contains(hello), "{valid}");
    fs::write(&toml, valid.replace(hello, "library = \"fixture_misbehaving\"")).expect("write the configuration");
    let failed = server.run(&["plugin", "reload", "hello"]).failed();
    assert!(failed.stderr.contains("both provide"), "{failed:?}");
    load.go_on_for(50);
    server.run(&["plugin", "reload", "odd"]).succeeded();
    load.go_on_for(50);
    load.end();
}

#[test]
fn a_stop_waits_for_the_calls_in_flight() {
    let mut server = Server::with_config("[plugins.odd]\nlibrary = \"fixture_misbehaving\"\n");
    let space = server.space("app");
    let client = server.wire(&space).authorized();
    let slow = thread::spawn(move || client.call("test.block", json!({})).data());
    let arrived = server.data().join("odd/blocking");
    e2e::wait_for("the arrival of the slow call", || arrived.exists().then_some(()));
    let status = server.stop();
    assert!(status.success(), "{status}\n{}", server.log());
    assert_eq!(slow.join().expect("the slow call was answered"), Value::Null);
}

#[test]
fn an_optional_plugin_that_fails_is_shown_and_stops_nothing() {
    let server = Server::with_config("[plugins.broken]\nlibrary = \"fixture_panicking_start\"\nrequired = false\n");
    let plugins = server.run_json(&["plugin", "list"]);
    let state = |id: &str| {
        plugins["plugins"].as_array().into_iter().flatten().find(|plugin| plugin["id"] == id).map(|plugin| plugin["state"].clone())
    };
    assert_eq!(state("broken"), Some(json!("failed")), "{plugins}");
    assert_eq!(state("db"), Some(json!("ready")), "{plugins}");
    let space = server.space("app");
    server.wire(&space).authorized().db("tasks", "count", json!({})).data();
}

/// Leaves out the plugins that are there by default, so that only the one in question is looked at.
const ALONE: &str = "[plugins.db]\nenabled = false\n[plugins.storage]\nenabled = false\n[plugins.functions]\nenabled = false\n";

/// Runs `mpcloud check` and `mpcloud serve` with a configuration, in a new data folder.
fn check_and_serve(toml: &str) -> (Finished, Finished) {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("mpcloud.toml");
    fs::write(&file, format!("{toml}\n{ALONE}")).expect("write the configuration");
    let (file, data) = (file.to_string_lossy(), folder.path().join("data"));
    let data = data.to_string_lossy();
    let check = mpcloud(["check", "-c", &file, "--data", &data]);
    let serve = mpcloud(["serve", "-c", &file, "--data", &data, "--listen", "127.0.0.1:0"]);
    (check, serve)
}

#[track_caller]
fn refused(toml: &str, says: &[&str]) {
    let (check, serve) = check_and_serve(toml);
    for run in [check, serve] {
        let run = run.failed();
        for text in says {
            assert!(run.stderr.contains(text), "`{text}` is not in: {}", run.stderr);
        }
        assert!(!run.stdout.contains("ready "), "{}", run.stdout);
    }
}

#[test]
fn libraries_that_do_not_fit_are_refused_and_told_why() {
    let plugin = |library: &str| format!("[plugins.extra]\nlibrary = \"{library}\"\n");
    refused(&plugin("fixture_not_a_plugin"), &["plugins.extra", "fixture_not_a_plugin", "is not a plugin"]);
    refused(&plugin("fixture_other_loader"), &["plugins.extra", "loader number 99", "has 1"]);
    refused(&plugin("fixture_other_sdk"), &["plugins.extra", "9.9.9", env!("CARGO_PKG_VERSION")]);
    refused(&plugin("fixture_other_layout"), &["plugins.extra", "layout", "OtherBoundary", "Boundary"]);
    refused(&plugin("no_such_library"), &["plugins.extra", "no_such_library"]);

    let folder = TempDir::new().expect("a temporary folder");
    let text = folder.path().join("text.so");
    fs::write(&text, "not a library at all").expect("write a file");
    refused(&format!("[plugins.extra]\npath = \"{}\"\n", text.display()), &["plugins.extra", "text.so", "cannot be opened as a library"]);
}

#[test]
fn a_plugin_that_panics_when_it_starts_stops_the_server() {
    let (_, serve) = check_and_serve("[plugins.extra]\nlibrary = \"fixture_panicking_start\"\n");
    let serve = Finished { stderr: serve.stderr.replace("panicked at", "panicked in the plugin at"), ..serve }.failed();
    assert!(serve.stderr.contains("plugins.extra"), "{}", serve.stderr);
    assert!(serve.stderr.contains("no luck today"), "an operator is told the cause: {}", serve.stderr);
}

#[test]
fn unknown_keys_of_a_plugin_are_refused_with_a_hint() {
    refused("[plugins.hello]\nlibrary = \"hello_plugin\"\nconfig = { greting = \"Hi\" }\n", &["plugins.hello", "`greting`", "`greeting`"]);
    refused("[plugins.hello]\nlibary = \"hello_plugin\"\n", &["`libary`", "`library`", "line 2"]);
}

#[test]
fn two_plugins_with_one_method_are_refused() {
    let toml = "[plugins.a]\nlibrary = \"fixture_misbehaving\"\n\n[plugins.b]\nlibrary = \"fixture_misbehaving\"\n";
    let (_, serve) = check_and_serve(toml);
    let serve = serve.failed();
    for text in ["`a`", "`b`", "test."] {
        assert!(serve.stderr.contains(text), "`{text}` is not in: {}", serve.stderr);
    }
}

#[test]
fn a_library_is_checked_without_a_server() {
    let checked = |name: &str| mpcloud(["plugin", "check", &plugin_library(name).to_string_lossy(), "--json"]);
    let good = checked("fixture_misbehaving").succeeded().json();
    let methods: Vec<&str> = good["manifest"]["methods"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(methods, ["test.block", "test.echo", "test.garbage", "test.hang", "test.panic"], "{good}");
    let bad = checked("fixture_other_sdk").failed();
    assert!(bad.stderr.contains("9.9.9"), "{}", bad.stderr);
}
