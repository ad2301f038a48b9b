//! Export, import, backup and restore of collections: with the official management SDK, and on the
//! command line.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use e2e::{Server, Space, python};
use serde_json::{Value, json};

#[track_caller]
fn sdk(server: &Server, space: &Space, parts: &[&str]) -> Value {
    let mut config = server.management_config();
    config["space"] = json!(space.id);
    config["parts"] = json!(parts);
    python("database_tasks.py", &config)
}

#[track_caller]
fn refused(refusal: &Value, code: &str, status: u16) {
    assert_eq!((&refusal["code"], &refusal["status"]), (&json!(code), &json!(status)), "{refusal}");
}

#[test]
fn exports_with_the_sdk() {
    let server = Server::start();
    let space = server.space("app");
    let result = sdk(&server, &space, &["exports"])["exports"].clone();

    let json = &result["json"];
    assert_eq!((&json["status"]["Status"], &json["status"]["ExportedCount"]), (&json!("SUCCESS"), &json!("2")), "{result}");
    assert_eq!((&json["code"], &json["forged"]), (&json!(200), &json!(403)), "{result}");
    assert_eq!(
        json["text"],
        "{\"_id\":1,\"name\":\"小明, \\\"a\\\"\",\"at\":{\"$date\":\"2020-01-01T00:00:00.000Z\"},\"address\":{\"city\":\"A\"},\"n\":{\"$numberLong\":\"5\"}}\n\
         {\"_id\":2,\"name\":\"b\",\"price\":{\"$numberDecimal\":\"1.10\"},\"tags\":[1,\"x\"]}\n"
    );
    assert_eq!(result["fields"]["text"], "{\"_id\":1,\"address\":{\"city\":\"A\"}}\n{\"_id\":2}\n");
    assert_eq!(
        result["csv"]["text"],
        "name,address.city,at,tags\r\n\"小明, \"\"a\"\"\",A,2020-01-01T00:00:00.000Z,\r\nb,,,\"[1,\"\"x\"\"]\"\r\n"
    );
    refused(&result["noFields"], "MissingParameter", 400);
    refused(&result["noCollection"], "InvalidCollection.NotFound", 404);
    refused(&result["unknownTask"], "TaskId.NotFound", 404);
}

#[test]
fn imports_with_the_sdk() {
    let server = Server::start();
    let space = server.space("app");
    let result = sdk(&server, &space, &["imports"])["imports"].clone();

    let counts = |part: &str| {
        let status = &result[part]["status"];
        (status["Status"].clone(), status["SuccessCount"].clone(), status["FailedCount"].clone())
    };
    let done = |succeeded: &str, failed: &str| (json!("SUCCESS"), json!(succeeded), json!(failed));
    assert_eq!((&result["insert"]["new"], &result["insert"]["upload"]), (&json!("NEW"), &json!(204)), "{result}");
    assert_eq!(counts("insert"), done("1", "2"), "{result}");
    assert_eq!(counts("upsert"), done("3", "0"), "{result}");
    assert_eq!(counts("csv"), done("2", "0"), "{result}");
    assert_eq!(counts("largest"), done("0", "0"), "{result}");
    for key in ["Host", "FileKey", "Policy", "Signature", "AccessKeyId", "ExpireTime", "TaskId"] {
        assert!(result["insert"]["created"][key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {result}");
    }

    assert_eq!(result["conflict"]["status"]["Status"], "FAILED", "{result}");
    for (part, begins) in [
        ("conflict", "DUPLICATE_KEY_ERROR: line 2: "),
        ("array", "INVALID_FILE_FORMAT: line 2: "),
        ("twice", "INVALID_FILE_FORMAT: line 1: "),
        ("dots", "INVALID_FILE_FORMAT: line 1: "),
        ("latin1", "INVALID_FILE_FORMAT: line 1: "),
    ] {
        let message = result[part]["status"]["DetailMessage"].as_str().unwrap_or_default();
        assert!(message.starts_with(begins), "{part}: {message}\n{result}");
    }
    assert_eq!(
        (&result["tooLarge"]["upload"], &result["tooLarge"]["refusal"]["code"]),
        (&json!(413), &json!("EntityTooLarge")),
        "{result}"
    );
    assert_eq!((&result["forged"], &result["otherKey"]), (&json!(403), &json!(403)), "{result}");
    refused(&result["badMode"], "InvalidParameter", 400);

    let mut people = result["people"].as_array().cloned().unwrap_or_default();
    let generated = people.pop().unwrap_or_default();
    assert!(generated["_id"].as_str().is_some_and(|id| id.len() == 24) && generated["phone"] == "f", "{result}");
    assert_eq!(
        people,
        [
            json!({"_id": 1, "phone": "x"}),
            json!({"_id": 2, "phone": "b"}),
            json!({"_id": 4, "phone": "d"}),
            json!({"_id": 5, "phone": "a"}),
            json!({"_id": 6, "phone": "g"}),
            json!({"_id": 20, "phone": "t"}),
        ],
        "{result}"
    );
    let table = [json!({"_id": 10, "phone": "0086", "address": {"city": "A"}, "vip": true}), json!({"_id": 11, "address": {"city": "B"}})];
    assert_eq!(result["table"], json!(table), "{result}");
}

#[test]
fn names_with_the_sdk() {
    let server = Server::start();
    let space = server.space("app");
    server.run_json(&["db", "create", "people", "--space", &space.id]);
    let result = sdk(&server, &space, &["names"])["names"].clone();
    assert_eq!((&result["renamed"], &result["deleted"]), (&json!([{"_id": 1}]), &json!([])), "{result}");
    refused(&result["taken"], "InvalidCollection.AlreadyExists", 400);
    refused(&result["missing"], "InvalidCollection.NotFound", 404);
    refused(&result["again"], "InvalidCollection.NotFound", 404);
}

#[test]
fn a_backup_is_put_back_with_the_sdk() {
    let mut server = Server::start();
    let space = server.space("app");
    let management = server.management();
    let command = |collection: &str, command: &str, params: Value| management.db(&space, collection, command, params);
    command("users", "createIndexes", json!({"indexes": [{"key": {"z": 1, "a": -1}, "name": "z_1_a_-1", "unique": true}]}));
    let users: Vec<Value> = (0..5).map(|n| json!({"_id": n, "z": n, "a": n})).collect();
    command("users", "insertMany", json!({"docs": users}));
    command("orders", "insertOne", json!({"doc": {"_id": 1}}));
    let made = server.run_json(&["db", "backup", "now", "--space", &space.id]);
    assert_eq!(made["documents"], 6, "{made}");
    command("users", "deleteMany", json!({"filter": {}}));
    // A backup is in the storage, not in the process.
    server.stop();
    server.restart();

    let result = sdk(&server, &space, &["restores"])["restores"].clone();
    assert_eq!(result["times"][0]["BackupId"], made["backupId"], "{result}");
    let time = result["times"][0]["DumpTime"].as_str().unwrap_or_default();
    assert!(time.len() == 20 && time.ends_with('Z'), "{result}");
    assert_eq!(result["collections"], json!(["orders", "users"]), "{result}");
    let restored = &result["restored"];
    assert_eq!(
        (&restored["Status"], &restored["SuccessCount"], &restored["FailedCount"]),
        (&json!("SUCCESS"), &json!(6), &json!(0)),
        "{result}"
    );
    let names: Vec<&str> = result["indexes"].as_array().into_iter().flatten().filter_map(|index| index["name"].as_str()).collect();
    assert_eq!(names, ["_id_", "z_1_a_-1"], "{result}");
    assert_eq!(result["users"], json!(users), "{result}");
    refused(&result["taken"], "InvalidCollection.AlreadyExists", 400);
    refused(&result["notInIt"], "InvalidCollection.NotFound", 404);
    refused(&result["noBackup"], "InvalidBackup.NotFound", 404);
}

#[test]
fn files_and_backups_on_the_command_line() {
    let server = Server::start();
    let space = server.space("app");
    let run = |arguments: &[&str]| server.run(&[arguments, &["--space", &space.id]].concat());
    let json_of = |arguments: &[&str]| server.run_json(&[arguments, &["--space", &space.id]].concat());
    let file = |name: &str| server.scratch(name).to_string_lossy().into_owned();

    // Enough for several pages and batches.
    let lines: Vec<String> = (0..5000)
        .map(|n| format!("{{\"_id\":{n},\"phone\":\"{n:011}\",\"at\":{{\"$date\":\"2020-01-01T00:00:00.{:03}Z\"}}}}", n % 1000))
        .collect();
    fs::write(file("in.json"), lines.join("\n")).expect("write a file");
    let imported = run(&["db", "import", "people", &file("in.json")]).succeeded();
    assert!(imported.stdout.contains("imported 5000 documents"), "{imported:?}");
    assert!(!imported.stderr.contains('\u{1b}'), "no bar where there is no terminal: {imported:?}");
    assert_eq!(json_of(&["db", "import", "people", &file("in.json")]), json!({"collection": "people", "succeeded": 0, "failed": 5000}));
    let upserted = json_of(&["db", "import", "people", &file("in.json"), "--mode", "upsert"]);
    assert_eq!(upserted, json!({"collection": "people", "succeeded": 5000, "failed": 0}));

    let exported = server.run(&["db", "export", "people", "--space", &space.id, "--output", &file("out.json"), "--json"]).succeeded();
    assert!(exported.stderr.is_empty(), "nothing but the result: {exported:?}");
    assert_eq!(exported.json()["documents"], 5000);
    let text = fs::read_to_string(file("out.json")).expect("the file was written");
    let (before, after): (BTreeSet<&str>, BTreeSet<&str>) = (lines.iter().map(String::as_str).collect(), text.lines().collect());
    assert_eq!(before, after, "what is exported is what was imported");
    let again = run(&["db", "export", "people", "--output", &file("out.json")]).failed();
    assert!(again.stderr.contains("exists already"), "{again:?}");
    let csv = run(&["db", "export", "people", "--format", "csv", "--fields", "_id,phone", "--output", "-"]).succeeded();
    assert!(csv.stdout.starts_with("_id,phone\r\n0,00000000000\r\n"), "{}", &csv.stdout[..100.min(csv.stdout.len())]);
    assert_eq!(csv.stdout.lines().count(), 5001);

    fs::write(file("bad.csv"), "a,b\n1,2\n3\n").expect("write a file");
    let bad = run(&["db", "import", "table", &file("bad.csv")]).failed();
    assert!(bad.stderr.contains("INVALID_FILE_FORMAT") && bad.stderr.contains("line 3"), "{bad:?}");
    run(&["db", "import", "table", &file("no-such-file.csv")]).failed();
    run(&["db", "export", "nothing", "--output", &file("nothing.json")]).failed();
    assert!(!server.scratch("nothing.json").exists());

    json_of(&["db", "index", "create", "people", "{\"phone\":1}", "--unique"]);
    let indexes = json_of(&["db", "index", "list", "people"])["indexes"].clone();
    assert_eq!((&indexes[1]["name"], &indexes[1]["unique"]), (&json!("phone_1"), &json!(true)), "{indexes}");
    json_of(&["db", "create", "empty"]);
    let backup = json_of(&["db", "backup", "now"]);
    assert_eq!(backup["documents"], json!(5001), "people, and the first line of the bad file: {backup}");
    let id = backup["backupId"].as_str().expect("an id");
    assert_eq!(json_of(&["db", "backup", "list"])["backups"][0]["backupId"], id);
    assert_eq!(json_of(&["db", "backup", "show", id])["collections"], json!(["empty", "people", "table"]));
    json_of(&["db", "drop", "people", "--yes"]);
    let restored = json_of(&["db", "restore", id, "--collection", "people=people2", "--collection", "empty=empty2"]);
    assert_eq!(restored, json!({"collections": ["people2", "empty2"], "succeeded": 5000, "failed": 0}));
    json_of(&["db", "rename", "people2", "people"]);
    let stats = json_of(&["db", "collections", "--stats"])["collections"].clone();
    let of_people = stats.as_array().into_iter().flatten().find(|one| one["name"] == "people").cloned().unwrap_or_default();
    assert_eq!((&of_people["documents"], &of_people["indexes"]), (&json!(5000), &json!(2)), "{stats}");
    json_of(&["db", "index", "drop", "people", "phone_1"]);
    let names: Vec<Value> =
        json_of(&["db", "collections"])["collections"].as_array().into_iter().flatten().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["empty", "empty2", "people", "table"]);
    let taken = run(&["db", "restore", id, "--collection", "people=table"]).failed();
    assert!(taken.stderr.contains("InvalidCollection.AlreadyExists"), "{taken:?}");
}

#[test]
fn a_task_that_a_crash_cut_off_is_ended_after_the_restart() {
    let mut server = Server::start();
    let space = server.space("app");
    // Upserts of documents that are there are made one by one, so that it takes a while.
    let lines: String = (0..30_000).map(|n| format!("{{\"_id\":{n}}}\n")).collect();
    let file = server.scratch("in.json").to_string_lossy().into_owned();
    fs::write(&file, lines).expect("write a file");
    let import = ["db", "import", "people", &file, "--space", &space.id];
    server.run(&import).succeeded();
    let created = server
        .management()
        .act("CreateDBImportTask", &[("SpaceId", &space.id), ("Collection", "people"), ("FileType", "JSON"), ("Mode", "UPSERT")]);
    let created = created.json();
    let text = |key: &str| created[key].as_str().unwrap_or_else(|| panic!("no {key}: {created}")).to_owned();
    let mut form = String::new();
    for (name, key) in [("key", "FileKey"), ("policy", "Policy"), ("Signature", "Signature")] {
        form.push_str(&format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n", text(key)));
    }
    form.push_str("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n");
    form.push_str(&fs::read_to_string(&file).expect("read the file"));
    form.push_str("\r\n--x--\r\n");
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let uploaded = e2e::post(&agent, &text("Host"), &[("content-type", "multipart/form-data; boundary=x")], form.as_bytes());
    assert_eq!(uploaded.status, 204);
    server.kill();
    server.restart();

    let deadline = Instant::now() + Duration::from_secs(90);
    let ended = loop {
        let status = server.management().act("QueryDBImportTaskStatus", &[("SpaceId", &space.id), ("TaskId", &text("TaskId"))]).json();
        if status["Status"] != "RUNNING" && status["Status"] != "WAITING" {
            break status;
        }
        assert!(Instant::now() < deadline, "{status}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(ended["Status"], "FAILED", "{ended}");
    assert!(
        ended["DetailMessage"].as_str().is_some_and(|message| message.starts_with("INTERNAL_ERROR: the server was stopped")),
        "{ended}"
    );
}

#[test]
fn the_configuration_of_backups_is_checked() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let (file, data) = (folder.path().join("mpcloud.toml"), folder.path().join("data"));
    let check = |config: &str| {
        fs::write(&file, format!("[plugins.db_tasks]\nconfig = {config}\n")).expect("write a configuration");
        e2e::mpcloud(["check", "-c", &*file.to_string_lossy(), "--data", &*data.to_string_lossy()])
    };
    check("{ backup_at = \"03:30\", time_zone = \"Asia/Shanghai\", keep_days = 14 }").succeeded();
    for (config, says) in [
        ("{ backup_at = \"3 o'clock\" }", "backup_at"),
        ("{ time_zone = \"Asia/Atlantis\" }", "Asia/Atlantis"),
        ("{ keep_dais = 7 }", "keep_days"),
    ] {
        let refused = check(config).failed();
        assert!(refused.stderr.contains(says), "{config}: {refused:?}");
    }
}
