//! The management SDK from PyPI, unmodified, with both of its signatures; and what it never sends.

use std::time::{Duration, SystemTime};

use e2e::{Scheme, Server, Space, function, node, python, utc};
use serde_json::{Value, json};

/// What the SDK calls the two signature schemes; none is its default.
const SCHEMES: [Option<&str>; 2] = [None, Some("v2")];

fn config(server: &Server, scheme: Option<&str>) -> Value {
    let mut config = server.management_config();
    config["scheme"] = json!(scheme);
    config
}

#[track_caller]
fn names(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter().map(|item| item[key].as_str().unwrap_or_else(|| panic!("no {key} in {item}")).to_owned()).collect()
}

#[track_caller]
fn spaces(scheme: Option<&str>) {
    let server = Server::start();
    let result = python("spaces.py", &config(&server, scheme));
    let space = result["created"]["SpaceId"].as_str().unwrap_or_else(|| panic!("{result}"));
    let other = result["other"].as_str().unwrap_or_else(|| panic!("{result}"));
    let request_id = result["created"]["RequestId"].as_str().unwrap_or_default();
    assert!(request_id.len() == 36 && request_id == request_id.to_uppercase(), "a UUID in upper case: {result}");

    assert_eq!(result["described"]["Count"], 2, "{result}");
    let described = names(&result["described"]["Spaces"], "SpaceId");
    assert!(described.iter().any(|id| id == space) && described.iter().any(|id| id == other), "{result}");
    assert_eq!(result["listed"]["Count"], 2, "the count is of all, the page has one: {result}");
    assert_eq!(names(&result["listed"]["Spaces"], "SpaceId").len(), 1, "{result}");
    assert_eq!(names(&result["filtered"]["Spaces"], "SpaceId"), [space], "{result}");
    assert_eq!(names(&result["filtered"]["Spaces"], "Desc"), ["第一个 space & more"], "{result}");
    assert_eq!(names(&result["updated"]["Spaces"], "Description"), ["renewed"], "{result}");
    assert_eq!(names(&result["updated"]["Spaces"], "Name"), ["shop"], "{result}");

    assert_eq!(result["config"]["SpaceId"], space, "{result}");
    assert_eq!(result["config"]["Name"], "shop", "{result}");
    assert_eq!(result["config"]["Endpoint"], server.http(), "{result}");
    assert_eq!(result["config"]["ApiKey"], result["resetConfig"]["ApiKey"], "only the server's secret is reset: {result}");
    let (old, new) = (&result["config"]["PrivateKey"], &result["resetConfig"]["PrivateKey"]);
    assert_ne!(old, new);
    let tried = node("secrets.cjs", &json!({"endpoint": server.http(), "spaceId": space, "serverSecrets": [old, new]}));
    assert_eq!(tried["tried"][0]["error"]["code"], "SignatureNotMatch", "the old key: {tried}");
    assert_eq!(tried["tried"][1]["ok"]["result"], 0, "the new key: {tried}");

    assert_eq!(names(&result["domains"]["Domains"], "Domain"), ["shop.example.com"], "{result}");
    assert_eq!(result["domains"]["Domains"][0]["DomainId"], result["domain"]["DomainId"], "{result}");
    assert_eq!(result["noDomains"]["Domains"], json!([]), "{result}");
    assert_eq!(names(&result["left"]["Spaces"], "SpaceId"), [space], "{result}");
    assert!(result["deleted"]["status"].as_u64().is_some_and(|status| (400..500).contains(&status)), "{result}");
}

#[test]
fn the_life_of_a_space_with_the_default_signature() {
    spaces(SCHEMES[0]);
}

#[test]
fn the_life_of_a_space_with_the_older_signature() {
    spaces(SCHEMES[1]);
}

#[track_caller]
fn functions(scheme: Option<&str>) {
    let server = Server::start();
    let result = python("functions.py", &config(&server, scheme));

    assert_eq!(result["inserted"]["AffectedDocs"], 2, "{result}");
    assert_eq!(result["found"]["AffectedDocs"], 1, "{result}");
    let found: Value =
        serde_json::from_str(result["found"]["Result"].as_str().unwrap_or_default()).unwrap_or_else(|e| panic!("{e}: {result}"));
    assert_eq!(names(&found, "name"), ["Tom"], "{result}");
    assert_eq!(result["broken"]["status"], 400, "{result}");

    assert_eq!(result["created"]["Name"], "count", "{result}");
    assert_eq!(result["created"]["Spec"]["Memory"], "256", "{result}");
    assert_eq!(result["created"]["Spec"]["Runtime"], "nodejs18", "{result}");
    assert_eq!(result["twice"]["status"], 400, "{result}");
    assert!(result["notDeployed"]["code"].is_string(), "{result}");
    for (deployed, run, version) in [("first", "firstRun", 1), ("second", "secondRun", 2)] {
        assert_eq!(result[deployed]["upload"], 200, "{result}");
        let returned: Value =
            serde_json::from_str(result[run]["Result"].as_str().unwrap_or_default()).unwrap_or_else(|e| panic!("{e}: {result}"));
        assert_eq!(returned, json!({"version": version, "names": ["Tom"]}), "{result}");
    }
    assert!(result["forged"].as_u64().is_some_and(|status| (400..500).contains(&status)), "{result}");

    assert_eq!(names(&result["listed"]["DataList"], "Name"), ["count"], "{result}");
    assert_eq!(result["listed"]["Paginator"]["Total"], 1, "{result}");
    assert_eq!(result["described"]["Function"]["Name"], "count", "{result}");
    assert_eq!(result["described"]["Function"]["Desc"], "counts", "{result}");
    assert_eq!(result["described"]["Deployment"]["DeploymentId"], result["second"]["deployment"]["DeploymentId"], "{result}");
    let deployments = names(&result["deployments"]["DataList"], "DeploymentId");
    assert!(deployments.iter().any(|id| result["first"]["deployment"]["DeploymentId"] == **id), "{result}");
    let logged: Vec<String> = result["logs"]["DataList"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|call| call["Contents"].as_array().cloned().unwrap_or_default())
        .map(|line| line.to_string())
        .collect();
    assert!(logged.iter().any(|line| line.contains("counting cat")), "{result}");

    assert_eq!(result["afterDelete"]["DataList"], json!([]), "{result}");
    assert_eq!(result["gone"]["status"], 404, "{result}");
    assert!(result["runGone"]["code"].is_string(), "{result}");
}

#[test]
fn the_life_of_a_function_with_the_default_signature() {
    functions(SCHEMES[0]);
}

#[test]
fn the_life_of_a_function_with_the_older_signature() {
    functions(SCHEMES[1]);
}

#[test]
fn what_is_refused_as_the_sdk_tells_it() {
    let server = Server::start();
    for scheme in SCHEMES {
        let result = python("refusals.py", &config(&server, scheme));
        assert_eq!(result["unknownAction"]["code"], "InvalidAction.NotFound", "{result}");
        assert_eq!(result["unknownAction"]["status"], 404, "{result}");
        assert_eq!(result["missingParameter"]["status"], 400, "{result}");
        assert!(["MissingParameter", "InvalidParameter"].iter().any(|code| result["missingParameter"]["code"] == *code), "{result}");
        assert_eq!(result["unknownSpace"]["status"], 404, "{result}");
        assert_eq!(result["wrongSecret"]["code"], "SignatureDoesNotMatch", "{result}");
        assert_eq!(result["unknownKey"]["code"], "InvalidAccessKeyId.NotFound", "{result}");
    }
}

/// The code of a refusal, after a look at the vendor's form of it.
#[track_caller]
fn refusal(answer: &e2e::Answer) -> String {
    let json = answer.json();
    assert!((400..500).contains(&answer.status), "{}: {json}", answer.status);
    for key in ["Code", "Message", "RequestId", "HostId"] {
        assert!(json[key].as_str().is_some_and(|text| !text.is_empty()), "no {key} in {json}");
    }
    json["Code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn requests_that_are_replayed_late_or_changed_on_the_way() {
    let server = Server::start();
    for scheme in [Scheme::Acs3, Scheme::Rpc] {
        let management = server.management().signing_with(scheme);
        assert_eq!(management.act("ListSpace", &[]).status, 200, "{scheme:?}: a good request is taken");
        assert_eq!(management.act("ListSpace", &[("SpaceIds", "a b,*~/é")]).status, 200, "{scheme:?}: so is one with much to escape");

        let replayed = management.with_nonce(&format!("once-{scheme:?}"));
        assert_eq!(replayed.act("ListSpace", &[]).status, 200, "{scheme:?}");
        assert_eq!(refusal(&replayed.act("ListSpace", &[])), "SignatureNonceUsed", "{scheme:?}");

        let now = SystemTime::now();
        let minute = Duration::from_secs(60);
        for (time, good) in [(now - 14 * minute, true), (now + 14 * minute, true), (now - 16 * minute, false), (now + 16 * minute, false)] {
            let shifted = management.at(&utc(time));
            let answer = shifted.act("ListSpace", &[]);
            if good {
                assert_eq!(answer.status, 200, "{scheme:?}: {}", answer.json());
            } else {
                assert!(refusal(&answer).starts_with("InvalidTimeStamp"), "{scheme:?}: {}", answer.json());
            }
        }
        let nonsense = management.at("yesterday");
        assert!(refusal(&nonsense.act("ListSpace", &[])).starts_with("InvalidTimeStamp"), "{scheme:?}");

        let forged = management.with_forged_body("Name=mine&Desc=forged");
        assert_eq!(refusal(&forged.act("CreateSpace", &[("Name", "mine"), ("Desc", "signed")])), "SignatureDoesNotMatch", "{scheme:?}");
    }
    let unsigned =
        e2e::post(&ureq_agent(), &format!("{}/", server.http()), &[("x-acs-action", "ListSpace"), ("x-acs-version", "2019-06-15")], b"");
    refusal(&unsigned);
    assert_eq!(server.run_json(&["space", "list"])["spaces"], json!([]), "nothing of this had an effect");
}

fn ureq_agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into()
}

#[test]
fn a_deleted_space_leaves_nothing_behind() {
    let config = "[policy]\ndata_write = true\n\n[plugins.inspector]\nlibrary = \"fixture_inspector\"\n\n[plugins.domains]\nlibrary = \"hosting_domains\"\nconfig = { require_ownership = false }\n";
    let server = Server::with_config(config);
    let (space, other) = (server.space("gone"), server.space("stays"));
    let site = server.scratch("site");
    std::fs::create_dir(&site).expect("make a folder");
    std::fs::write(site.join("index.html"), "hello").expect("write a file");
    for space in [&space, &other] {
        server.deploy(&function("hello"), space, "hello");
        server.run(&["function", "update", "hello", "--http-path", "/http/hello", "--space", &space.id]).succeeded();
        server.run(&["function", "http", "on", "--space", &space.id]).succeeded();
        let rules = [("SpaceId", space.id.as_str()), ("ServiceName", "file"), ("PolicyName", "PRIVATE")];
        assert_eq!(server.management().act("UpdateServicePolicy", &rules).status, 200);
        let client = server.wire(space).authorized();
        client.db("tasks", "insertMany", json!({"docs": [{"n": 1}, {"n": 2}]})).data();
        client.invoke("hello", json!({"name": "x"})).data();
        let domain = format!("{}.example.test", space.id);
        server.run(&["hosting", "domain", "add", &domain, "--space", &space.id]).succeeded();
        let file = server.scratch(&space.id).to_string_lossy().into_owned();
        server.run(&["db", "export", "tasks", "--space", &space.id, "--output", &file]).succeeded();
        server.run(&["db", "backup", "now", "--space", &space.id]).succeeded();
        server.run(&["storage", "put", &file, "a/file.txt", "--space", &space.id]).succeeded();
        let rule = r#"{"Type":"black","IpList":"192.0.2.1"}"#;
        let saved = server.management().act("SaveCdnDomainConfig", &[("SpaceId", &space.id), ("IpConfig", rule)]);
        assert_eq!(saved.status, 200, "{}", saved.json());
        server.run(&["hosting", "enable", "--space", &space.id]).succeeded();
        server.run(&["hosting", "deploy", &site.to_string_lossy(), "--space", &space.id]).succeeded();
        let used = server.run_json(&["call", "sites.usage", "{}", "--space", &space.id]);
        assert_eq!((&used["bytes"], &used["uploads"]), (&json!(5), &json!(1)), "{used}");
    }
    let documents = |space: &Space| {
        let count = json!({"collection": "tasks", "command": "count", "query": {}, "options": {}});
        look(&server, &space.id, "serverless.db.default.execute", &count)["result"].clone()
    };
    assert_eq!(documents(&space), 2);
    let before = e2e::wait_for("the function's log", || {
        let mentions = mentions_in_system_records(&server, &space);
        mentions.contains(&"function_logs").then_some(mentions)
    });
    assert_eq!(before, SYSTEM_RECORDS, "the names are still those that the plugins use");

    let management = server.management();
    let deleted = management.act("DeleteSpace", &[("SpaceId", &space.id)]);
    assert_eq!(deleted.status, 200, "{}", deleted.json());

    assert_eq!(documents(&space), 0, "its documents are gone");
    let objects = look(&server, &space.id, "storage.list", &json!({"limit": 1000}));
    assert_eq!(objects["objects"], json!([]), "so are its files");
    assert_eq!(mentions_in_system_records(&server, &space), [""; 0], "so are its records and packages");
    for (action, parameters) in [
        ("RunDBCommand", vec![("Body", "{\"collection\":\"tasks\",\"command\":\"count\"}")]),
        ("RunFunction", vec![("Body", "{\"functionTarget\":\"hello\",\"functionArgs\":{}}")]),
        ("ListFunction", vec![]),
        ("DescribeFunction", vec![("Name", "hello")]),
        ("DescribeSpaceClientConfig", vec![]),
        ("DeleteSpace", vec![]),
    ] {
        let parameters: Vec<(&str, &str)> = parameters.into_iter().chain([("SpaceId", space.id.as_str())]).collect();
        refusal(&management.act(action, &parameters));
    }
    assert_eq!(server.wire(&space).db("tasks", "count", json!({})).code(), "InvalidSpace.Deleted");

    assert_eq!(documents(&other), 2, "another space has lost nothing");
    let client = server.wire(&other).authorized();
    assert_eq!(client.invoke("hello", json!({"name": "x"})).data(), json!({"message": "hi x"}));
}

/// Where mpcloud keeps records of a space's own things, outside of the space: collections, and the storage.
const SYSTEM_RECORDS: &[&str] = &[
    "functions",
    "function_deployments",
    "function_http",
    "function_paths",
    "function_logs",
    "sessions",
    "users",
    "db_tasks",
    "fileRules",
    "files",
    "fileUsage",
    "fileDomains",
    "sites",
    "siteUsage",
    "domains",
    "domainStates",
    "storage",
];

/// Those of [`SYSTEM_RECORDS`] that mention a space.
fn mentions_in_system_records(server: &Server, space: &Space) -> Vec<&'static str> {
    let mentions = |place: &&'static str| {
        let contents = match *place {
            "storage" => look(server, "mpcloud-system", "storage.list", &json!({"limit": 1000})),
            collection => {
                let find = json!({"collection": collection, "command": "find", "query": {}, "options": {"limit": 500}});
                look(server, "mpcloud-system", "serverless.db.default.execute", &find)
            }
        };
        contents.to_string().contains(&space.id)
    };
    SYSTEM_RECORDS.iter().copied().filter(mentions).collect()
}

/// Calls a method in a space through a plugin, which may look where no client may.
#[track_caller]
fn look(server: &Server, space: &str, method: &str, params: &Value) -> Value {
    let call = json!({"space": space, "method": method, "params": params}).to_string();
    server.run_json(&["call", "test.look", &call])
}
