//! The rules of collections: set with the management SDK and the command line, and met by two
//! users of the mini-program SDK.

use std::sync::atomic::{AtomicBool, Ordering};

use e2e::{Server, Space, node, python};
use serde_json::{Value, json};

const OWNER: &str = "request.auth.userId==resource.auth.userId";
const DENIED: &str = "InvalidParameter.PermissionDenied";
/// A collection for each preset of the manual.
const PRESETS: [(&str, &str); 4] = [
    ("public_read", "PUBLICREAD"),
    ("private", "PRIVATE"),
    ("admin_write_only", "ADMINWRITEONLY"),
    ("admin_read_write_only", "ADMINREADWRITEONLY"),
];

/// What every preset stands for, by the name of its collection.
fn rules(collection: &str) -> Value {
    match collection {
        "public_read" => json!({".read": true, ".write": OWNER}),
        "private" => json!({".read": OWNER, ".write": OWNER}),
        "admin_write_only" => json!({".read": true, ".write": false}),
        _ => json!({".read": false, ".write": false}),
    }
}

fn parsed(text: &Value) -> Value {
    text.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| panic!("no rules: {text}"))
}

/// The example of the manual (4.1.1).
const FILE_RULES: &str = r#"{"file": {
    "/.*\\.png/": {".write": "request.auth.userId == resource.auth.userId", "*": true},
    "xxx/yyy/zzz.jpg": {"*": "request.auth.userId == resource.auth.userId"},
    "*": {"*": true}
}}"#;

/// Sets the presets and `open`, with the official SDK.
#[track_caller]
fn set_rules(server: &Server, space: &Space, scheme: Option<&str>) -> Value {
    let mut config = server.management_config();
    let presets = PRESETS.iter().map(|(collection, name)| json!({"collection": collection, "PolicyName": name}));
    let open = json!({"collection": "open", "PolicyName": "EXTENDED", "Policy": "{ \"*\" : true }"});
    config["scheme"] = json!(scheme);
    config["spaceId"] = json!(space.id);
    config["rules"] = presets.chain([open]).collect();
    config["fileRules"] = json!(FILE_RULES);
    python("policy.py", &config)
}

#[track_caller]
fn set_and_described(scheme: Option<&str>) {
    let server = Server::start();
    let space = server.space("app");
    let result = set_rules(&server, &space, scheme);
    assert_eq!(result["default"]["PolicyName"], "ADMINWRITEONLY", "{result}");
    assert_eq!(parsed(&result["default"]["Policy"]), json!({".read": true, ".write": false}), "{result}");
    for (collection, name) in PRESETS {
        for reply in [&result["updated"][collection], &result["described"][collection]] {
            assert_eq!((&reply["PolicyName"], &reply["ServiceName"]), (&json!(name), &json!("db")), "{result}");
            assert_eq!((&reply["CollectionName"], &reply["SpaceId"]), (&json!(collection), &json!(space.id)), "{result}");
            assert_eq!(parsed(&reply["Policy"]), rules(collection), "{result}");
        }
    }
    assert_eq!(result["described"]["open"]["PolicyName"], "EXTENDED", "{result}");
    assert_eq!(result["described"]["open"]["Policy"], "{ \"*\" : true }", "as it was written: {result}");

    for refused in ["unknownName", "half", "twice", "noRule", "file", "other"] {
        assert_eq!((&result[refused]["code"], &result[refused]["status"]), (&json!("InvalidParameter"), &json!(400)), "{result}");
    }
    for refused in ["noName", "noPolicy"] {
        assert_eq!(result[refused]["code"], "MissingParameter", "{result}");
    }
    assert_eq!(result["unknownSpace"]["status"], 404, "{result}");
    assert!(result["half"]["message"].as_str().is_some_and(|message| message.contains("`.write` is missing")), "{result}");
    assert_eq!(result["refused"]["PolicyName"], "ADMINWRITEONLY", "a refusal changes nothing: {result}");
    rules_for_files(&result["files"], &space);
}

#[track_caller]
fn rules_for_files(result: &Value, space: &Space) {
    assert_eq!(result["default"]["PolicyName"], "PUBLICREAD", "{result}");
    let default = json!({"*": {".write": "request.auth.userId == resource.auth.userId"}});
    assert_eq!(parsed(&result["default"]["Policy"]), default, "the manual's: {result}");
    for reply in [&result["preset"], &result["described"]] {
        assert_eq!((&reply["PolicyName"], &reply["ServiceName"]), (&json!("PRIVATE"), &json!("file")), "{result}");
        assert_eq!((&reply["CollectionName"], &reply["SpaceId"]), (&Value::Null, &json!(space.id)), "{result}");
        assert_eq!(parsed(&reply["Policy"]), json!({"*": {".read": OWNER, ".write": OWNER}}), "{result}");
    }
    for reply in [&result["own"], &result["left"]] {
        assert_eq!((&reply["PolicyName"], &reply["Policy"]), (&json!("EXTENDED"), &json!(FILE_RULES)), "as it was written: {result}");
    }
    let refused = result["refused"].as_array().unwrap_or_else(|| panic!("{result}"));
    for (reply, why) in refused.iter().zip(["line 1 column 1", "look-ahead", "operation `.write`", "range `.read`"]) {
        assert_eq!((&reply["code"], &reply["status"]), (&json!("InvalidParameter"), &json!(400)), "{result}");
        assert!(reply["message"].as_str().is_some_and(|message| message.contains(why)), "{why}: {result}");
    }
    assert_eq!((refused.len(), &result["noPolicy"]["code"]), (4, &json!("MissingParameter")), "{result}");
}

#[test]
fn rules_are_set_and_described_with_the_default_signature() {
    set_and_described(None);
}

#[test]
fn rules_are_set_and_described_with_the_older_signature() {
    set_and_described(Some("v2"));
}

/// What two users did, and what is left of it.
struct Tried {
    outcome: Value,
    /// The documents, by `_id`.
    left: Vec<Value>,
}

impl Tried {
    #[track_caller]
    fn is_denied(&self, names: &[&str]) {
        for name in names {
            assert_eq!(self.outcome[*name]["error"]["code"], DENIED, "{name}: {}", self.outcome);
        }
    }

    #[track_caller]
    fn affects(&self, names: &[&str], documents: u64) {
        for name in names {
            assert_eq!(self.outcome[*name]["ok"]["affectedDocs"], documents, "{name}: {}", self.outcome);
        }
    }

    #[track_caller]
    fn shows(&self, name: &str, numbers: &[u64]) {
        let expected: Vec<Value> = numbers.iter().map(|n| json!({"n": n})).collect();
        assert_eq!(self.outcome[name]["ok"]["result"], json!(expected), "{name}: {}", self.outcome);
    }
}

const WRITES: [&str; 11] = [
    "inserted",
    "otherInserted",
    "updated",
    "updatedOther",
    "forged",
    "renamed",
    "replaced",
    "took",
    "upserted",
    "written",
    "deletedOther",
];

#[test]
fn two_users_under_each_rule() {
    let server = Server::start();
    let space = server.space("app");
    set_rules(&server, &space, None);
    let management = server.management();
    let collections: Vec<&str> = PRESETS.iter().map(|(collection, _)| *collection).chain(["open"]).collect();
    for collection in &collections {
        management.db(&space, collection, "insertOne", json!({"doc": {"_id": "admin", "n": 0}}));
    }
    management.db(&space, "people", "insertMany", json!({"docs": [{"n": 0}, {"n": 1}, {"n": 2}]}));
    let mut config = server.sdk_config(&space);
    config["collections"] = json!(collections);
    let result = node("policy.cjs", &config);
    let (one, other) = (&result["one"], &result["other"]);
    assert!(one.is_string() && other.is_string() && one != other, "{result}");
    let tried = |collection: &str| Tried {
        outcome: result["tried"][collection].clone(),
        left: management.db(&space, collection, "find", json!({"options": {"sort": {"_id": 1}}})).1.as_array().cloned().unwrap_or_default(),
    };
    let admins = json!({"_id": "admin", "n": 0});

    for (collection, seen) in [("public_read", &[0, 1, 2][..]), ("private", &[1])] {
        let tried = tried(collection);
        tried.affects(&["inserted", "otherInserted", "updated", "replaced"], 1);
        tried.shows("found", seen);
        tried.shows("joined", seen);
        assert_eq!(tried.outcome["counted"]["ok"]["result"], seen.len(), "{}", tried.outcome);
        assert_eq!(tried.outcome["foundOne"]["ok"]["result"].is_null(), collection == "private", "{}", tried.outcome);
        tried.affects(&["updatedOther", "took", "deletedOther"], 0);
        tried.is_denied(&["forged", "renamed", "written"]);
        assert_eq!(tried.outcome["upserted"]["error"]["code"], "DuplicateKey", "{}", tried.outcome);
        let left = [
            admins.clone(),
            json!({"_id": "one", "n": 11, "auth": {"userId": one}}),
            json!({"_id": "other", "n": 2, "auth": {"userId": other}}),
        ];
        assert_eq!(tried.left, left, "{collection}");
    }

    let read_only = tried("admin_write_only");
    read_only.is_denied(&WRITES);
    read_only.shows("found", &[0]);
    read_only.shows("joined", &[0]);
    assert_eq!(read_only.left, std::slice::from_ref(&admins));

    let closed = tried("admin_read_write_only");
    closed.is_denied(&WRITES);
    closed.is_denied(&["found", "foundOne", "counted", "joined"]);
    assert_eq!(closed.left, std::slice::from_ref(&admins));

    let open = tried("open");
    open.affects(&["inserted", "otherInserted", "updated", "updatedOther", "forged", "replaced", "took", "upserted", "deletedOther"], 1);
    open.shows("found", &[0, 1, 2]);
    assert_eq!(open.left, [admins, json!({"_id": "one", "n": 11, "auth": {"userId": other}})]);
}

#[test]
fn a_rule_holds_at_once_and_goes_with_its_collection() {
    let server = Server::start();
    let space = server.space("app");
    let management = server.management();
    management.db(&space, "notes", "insertOne", json!({"doc": {"_id": "admin"}}));
    let client = server.wire(&space).authorized();
    assert_eq!(client.db("notes", "count", json!({})).data()["result"], 1);
    let set = server.run_json(&["db", "policy", "set", "notes", "--space", &space.id, "--preset", "private"]);
    assert_eq!(set, json!({"collection": "notes", "policyName": "PRIVATE", "policy": rules("private")}));
    assert_eq!(server.run_json(&["db", "policy", "get", "notes", "--space", &space.id]), set);
    assert_eq!(client.db("notes", "count", json!({})).data()["result"], 0);
    client.db("notes", "insertOne", json!({"doc": {}})).data();
    assert_eq!(client.db("notes", "count", json!({})).data()["result"], 1);

    management.db(&space, "notes", "renameCollection", json!({"to": "memos"}));
    assert_eq!(client.db("memos", "count", json!({})).data()["result"], 1, "the rule has moved");
    assert_eq!(server.run_json(&["db", "policy", "get", "notes", "--space", &space.id])["policyName"], "ADMINWRITEONLY");
    management.db(&space, "memos", "drop", json!({}));
    assert_eq!(server.run_json(&["db", "policy", "get", "memos", "--space", &space.id])["policyName"], "ADMINWRITEONLY");

    let human = server.run(&["db", "policy", "get", "notes", "--space", &space.id]).succeeded().stdout;
    assert!(human.contains("ADMINWRITEONLY") && human.contains(".write"), "{human}");
    let own = server.run_json(&["db", "policy", "set", "notes", "--space", &space.id, "--rules", "{\"*\":false,\".read\":true}"]);
    assert_eq!(own["policy"], json!({"*": false, ".read": true}));
    let wrong = server.run(&["db", "policy", "set", "notes", "--space", &space.id, "--rules", "{\".read\":1}"]).failed();
    assert!(wrong.code == Some(2) && wrong.stderr.contains("integer `1`"), "{wrong:?}");
}

#[test]
fn no_moment_of_a_rename_is_without_the_rule() {
    let server = Server::start();
    let space = server.space("app");
    let management = server.management();
    for (collection, documents) in [("notes", 1), ("taken", 0)] {
        management.db(&space, collection, "create", json!({}));
        for id in 0..documents {
            management.db(&space, collection, "insertOne", json!({"doc": {"_id": id}}));
        }
    }
    server.run_json(&["db", "policy", "set", "notes", "--space", &space.id, "--preset", "private"]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looks = ["notes", "memos"].map(|collection| {
            let client = server.wire(&space).authorized();
            let done = &done;
            scope.spawn(move || {
                let mut looked = 0;
                while !done.load(Ordering::SeqCst) {
                    assert_eq!(client.db(collection, "count", json!({})).data()["result"], 0, "{collection} after {looked} looks");
                    looked += 1;
                }
                looked
            })
        });
        for _ in 0..10 {
            management.db(&space, "notes", "renameCollection", json!({"to": "memos"}));
            management.db(&space, "memos", "renameCollection", json!({"to": "notes"}));
        }
        done.store(true, Ordering::SeqCst);
        for look in looks {
            assert!(look.join().is_ok_and(|looked| looked > 0));
        }
    });

    let body = json!({"command": "renameCollection", "collection": "notes", "to": "taken"}).to_string();
    let refused = management.act("RunDBCommand", &[("SpaceId", &space.id), ("Body", &body)]);
    assert_ne!(refused.status, 200, "{}", refused.json());
    let name = |collection: &str| server.run_json(&["db", "policy", "get", collection, "--space", &space.id])["policyName"].clone();
    assert_eq!((name("notes"), name("taken")), (json!("PRIVATE"), json!("ADMINWRITEONLY")), "a refused rename changes no rule");
}
