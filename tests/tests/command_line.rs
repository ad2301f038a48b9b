//! The command line, as scripts use it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use e2e::{Server, Space, function, mpcloud, mpcloud_path, wait_for};
use serde_json::{Value, json};
use tempfile::TempDir;

#[track_caller]
fn column(list: &Value, key: &str) -> Vec<Value> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|item| item[key].clone()).collect()
}

#[test]
fn spaces() {
    let server = Server::start();
    let created = server.run_json(&["space", "create", "demo1", "--desc", "for 小明"]);
    let space = Space::from_json(&created);
    assert_eq!(space.endpoint, server.http());
    assert!(space.server_secret.contains("PRIVATE KEY"), "{created}");
    assert_eq!(server.run_json(&["space", "show", &space.id]), created);
    let list = server.run_json(&["space", "list"])["spaces"].clone();
    assert_eq!(column(&list, "spaceId"), [json!(space.id)]);
    assert_eq!(column(&list, "name"), ["demo1"]);
    assert_eq!(column(&list, "description"), ["for 小明"]);

    let human = server.run(&["space", "list"]).succeeded().stdout;
    assert!(human.contains("demo1") && human.contains(&space.id), "{human}");

    let unknown = server.run(&["space", "show", "no-such-space"]).failed();
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("NotFound") && unknown.stdout.is_empty(), "{unknown:?}");

    server.run_json(&["space", "delete", &space.id]);
    assert_eq!(server.run_json(&["space", "list"])["spaces"], json!([]));
    server.run(&["space", "delete", &space.id]).failed();
}

#[test]
fn the_administrators_key_is_for_its_owner_only() {
    let mut server = Server::start();
    let file = server.data().join("admin.json");
    let mode = fs::metadata(&file).expect("admin.json exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let admin: Value = serde_json::from_slice(&fs::read(&file).expect("read admin.json")).expect("admin.json is JSON");
    assert_eq!(admin["url"], server.http());

    let key = server.access_key();
    server.stop();
    server.restart();
    assert_eq!(server.access_key(), key, "it stays the same");

    // Without the folder, by the environment.
    let listed = Command::new(mpcloud_path())
        .args(["space", "list", "--json"])
        .env("MPCLOUD_URL", server.http())
        .env("MPCLOUD_ACCESS_KEY_ID", &key.0)
        .env("MPCLOUD_ACCESS_KEY_SECRET", &key.1)
        .current_dir(server.scratch("."))
        .output()
        .expect("start mpcloud");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
}

#[test]
fn functions() {
    let server = Server::start();
    let space = server.space("app");
    let run = |arguments: &[&str]| server.run(&[arguments, &["--space", &space.id]].concat());
    let json_of = |arguments: &[&str]| server.run_json(&[arguments, &["--space", &space.id]].concat());

    let folder = function("tasks");
    let deployed = json_of(&["function", "deploy", &folder.to_string_lossy()]);
    assert_eq!(deployed["name"], "tasks", "named after its folder: {deployed}");
    server.deploy(&function("hello"), &space, "greet");
    server.deploy(&function("whoami"), &space, "whoami");
    let mut names = column(&json_of(&["function", "list"])["functions"], "name");
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["greet", "tasks", "whoami"]);

    assert_eq!(json_of(&["function", "invoke", "greet", "{\"name\":\"小明\"}"])["result"], json!({"message": "hi 小明"}));
    let human = run(&["function", "invoke", "greet", "{\"name\":\"x\"}"]).succeeded();
    assert!(human.stdout.contains("hi x"), "{human:?}");
    // A new deployment replaces the code that is running.
    server.deploy(&function("whoami"), &space, "greet");
    assert_eq!(json_of(&["function", "invoke", "greet"])["result"]["env"]["MP_SPACE_ID"], space.id);

    json_of(&["function", "invoke", "tasks", "{\"add\":[{\"n\":1,\"done\":false}]}"]);
    let line = wait_for("the log line", || {
        let lines = run(&["function", "logs", "tasks", "--json"]).succeeded().stdout;
        lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line["content"].to_string().contains("added"))
    });
    assert_eq!(line["level"].as_str().map(str::to_lowercase).as_deref(), Some("info"), "{line}");

    server.deploy(&function("throws"), &space, "throws");
    let thrown = run(&["function", "invoke", "throws"]).failed();
    assert!(thrown.stderr.contains("out of stock"), "{thrown:?}");
    let not_json = run(&["function", "invoke", "greet", "{name: 1}"]).failed();
    assert_eq!(not_json.code, Some(2), "{not_json:?}");
    let empty = TempDir::new().expect("a temporary folder");
    let no_index = run(&["function", "deploy", &empty.path().to_string_lossy(), "--name", "empty"]).failed();
    assert!(no_index.stderr.contains("index.js"), "{no_index:?}");
    run(&["function", "deploy", "/no/such/folder", "--name", "nothing"]).failed();

    run(&["function", "delete", "greet"]).succeeded();
    let mut names = column(&json_of(&["function", "list"])["functions"], "name");
    names.sort_by_key(ToString::to_string);
    assert!(!names.contains(&json!("greet")), "{names:?}");
    run(&["function", "invoke", "greet"]).failed();
}

#[test]
fn any_method_as_an_administrator() {
    let server = Server::start();
    let space = server.space("app");
    let call = |method: &str, params: Value| server.run_json(&["call", method, &params.to_string(), "--space", &space.id]);
    let inserted =
        call("serverless.db.default.execute", json!({"collection": "tasks", "command": "insertOne", "doc": {"n": 1}, "options": {}}));
    assert_eq!(inserted["affectedDocs"], 1, "no rule stops an administrator");
    let ran = server.run_json(&["db", "run", "--space", &space.id, "{\"command\":\"count\",\"collection\":\"tasks\",\"query\":{}}"]);
    assert_eq!(ran, json!({"affectedDocs": 1, "result": 1}));

    let unknown = server.run(&["call", "no.such.method", "{}", "--space", &space.id]).failed();
    assert!(unknown.stderr.contains("InvalidMethod.Format"), "{unknown:?}");
    assert_eq!(server.run(&["call", "core.plugins", "{"]).failed().code, Some(2));
}

#[test]
fn plugins() {
    let server = Server::start();
    let plugins = server.run_json(&["plugin", "list"])["plugins"].clone();
    let defaults = [
        "alipay",
        "analytics",
        "cloudcall",
        "db",
        "db_tasks",
        "dingtalk",
        "domains",
        "files",
        "functions",
        "platforms",
        "sites",
        "storage",
        "wechat",
    ];
    assert_eq!(column(&plugins, "id"), defaults);
    assert_eq!(column(&plugins, "state"), ["ready"; 13]);
    let unknown = server.run(&["plugin", "reload", "nothing"]).failed();
    assert!(unknown.stderr.contains("nothing"), "{unknown:?}");
    for id in defaults {
        server.run(&["plugin", "reload", id]).succeeded();
    }
    let space = server.space("app");
    server.deploy(&function("hello"), &space, "hello");
    assert_eq!(server.wire(&space).authorized().invoke("hello", json!({"name": "x"})).data(), json!({"message": "hi x"}));
}

#[test]
fn init_and_check() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (toml, data) = (path("mpcloud.toml"), path("data"));
    mpcloud(["init", &toml]).succeeded();
    let written = fs::read_to_string(&toml).expect("init wrote the file");
    assert!(written.contains("session_initial") && written.contains('#'), "{written}");
    let again = mpcloud(["init", &toml]).failed();
    assert!(again.stderr.contains("exists already"), "{again:?}");
    assert_eq!(mpcloud(["init", "-"]).succeeded().stdout.trim(), written.trim());

    let good = mpcloud(["check", "-c", &toml, "--data", &data, "--json"]).succeeded().json();
    assert_eq!(good["ok"], true, "{good}");
    mpcloud(["check", "--data", &data]).succeeded();

    for (text, says) in [
        ("[server]\nlissten = \"127.0.0.1:1\"\n", ["line 2", "`lissten`", "`listen`"]),
        ("[servr]\n", ["line 1", "`servr`", "`server`"]),
        ("[auth]\nsession_inital = \"10m\"\n", ["line 2", "`session_inital`", "`session_initial`"]),
        ("[auth]\n\nsession_initial = \"10 parsecs\"\n", ["line 3", "10 parsecs", "duration"]),
        ("[server\n", ["line 1", "", ""]),
        ("[plugins.db]\nconfig = { no_such_key = 1 }\n", ["plugins.db", "no_such_key", ""]),
    ] {
        let file = path("broken.toml");
        fs::write(&file, text).expect("write a configuration");
        let refused = mpcloud(["check", "-c", &file, "--data", &data]).failed();
        for says in says {
            assert!(refused.stderr.contains(says), "`{says}` is not in: {}", refused.stderr);
        }
    }
    let missing = mpcloud(["check", "-c", &path("no-such-file.toml")]).failed();
    assert!(missing.stderr.contains("no-such-file.toml"), "{missing:?}");
}

#[test]
fn without_a_server() {
    let folder = TempDir::new().expect("a temporary folder");
    let data = folder.path().join("data").to_string_lossy().into_owned();
    for command in [&["space", "list"][..], &["function", "list", "--space", "x"], &["plugin", "list"], &["call", "core.plugins"]] {
        let failed = mpcloud(command.iter().copied().chain(["--data", &data])).failed();
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(failed.stderr.contains("mpcloud serve"), "it says what to do: {}", failed.stderr);
        assert!(failed.stdout.is_empty(), "{failed:?}");
    }
    let mut server = Server::start();
    let url = server.http().to_owned();
    server.stop();
    let failed = server.run(&["space", "list", "--json"]).failed();
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains(&url), "it says where it looked: {}", failed.stderr);
}

#[test]
fn wrong_usage() {
    for command in [&["nonsense"][..], &["space"], &["space", "create"], &["function", "list"], &["serve", "--lissten", "x"]] {
        let failed = mpcloud(command.iter().copied()).failed();
        assert_eq!(failed.code, Some(2), "{failed:?}");
    }
    let help = mpcloud(["--help"]).succeeded().stdout;
    for command in ["serve", "init", "check", "space", "function", "plugin", "call"] {
        assert!(help.contains(command), "{help}");
    }
    let version = mpcloud(["--version"]).succeeded().stdout;
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
}

#[test]
fn two_servers_do_not_share_a_data_folder() {
    let server = Server::start();
    let second = mpcloud(["serve", "--listen", "127.0.0.1:0", "--data", &server.data().to_string_lossy()]).failed();
    let data = server.data();
    assert!(second.stderr.contains("another mpcloud") && second.stderr.contains(&*data.to_string_lossy()), "{second:?}");
    server.space("app");
}
