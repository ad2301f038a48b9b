//! The mini programs of spaces on their platforms: set by the command line and the official
//! management SDK, read by the plugins of the platforms, and shown to nobody.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use e2e::{Server, Space, mpcloud_path, python, tests_folder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Nothing answers there, so that whoever has got keys fails with another code than who has none.
const CONFIG: &str = r#"
[plugins.platforms]
library = "cloudcall_platforms"

[plugins.alipay]
library = "cloudcall_alipay"
config = { gateway = "http://127.0.0.1:1/gateway.do", timeout_seconds = 2 }

[plugins.dingtalk]
library = "login_dingtalk"
config = { gateway = "http://127.0.0.1:1", api_gateway = "http://127.0.0.1:1", timeout_seconds = 2 }

[plugins.wechat]
library = "cloudcall_wechatpay"
config = { gateway = "http://127.0.0.1:1", login_gateway = "http://127.0.0.1:1", timeout_seconds = 2 }

[plugins.inspector]
library = "fixture_inspector"
"#;

const APP: &str = "2021000000000001";

/// The file of a key of the tests of Alipay's plugin.
fn key_file(name: &str) -> String {
    let path = tests_folder().join("../plugins/cloudcall/alipay/tests/keys").join(name);
    path.to_str().expect("the path is UTF-8").to_owned()
}

fn key(name: &str) -> String {
    fs::read_to_string(key_file(name)).expect("read a key").trim().to_owned()
}

/// What stands for a secret.
fn masked(secret: &str) -> String {
    let hash = hex::encode(Sha256::digest(secret));
    format!("•••• sha256:{}", hash.get(..8).expect("a hash has 64 digits"))
}

/// Lines of a key: none may be seen anywhere.
#[track_caller]
fn shows_no_line_of(key: &str, text: &str) {
    for line in key.lines().filter(|line| line.len() > 20 && !line.starts_with("-----")) {
        assert!(!text.contains(line), "a line of the key is in: {text}");
    }
}

fn with_input(server: &Server, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(mpcloud_path())
        .args(arguments)
        .arg("--data")
        .arg(server.data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start mpcloud");
    child.stdin.take().expect("standard input").write_all(input.as_bytes()).expect("write to standard input");
    child.wait_with_output().expect("wait for mpcloud")
}

/// The records of apps, as the database has them.
fn records(server: &Server) -> Value {
    let find = json!({"collection": "platformApps", "command": "find", "query": {}, "options": {"limit": 100}});
    let look = json!({"space": "mpcloud-system", "method": "serverless.db.default.execute", "params": find}).to_string();
    server.run_json(&["call", "test.look", &look])["result"].clone()
}

/// Whether a file below a folder holds a text.
fn is_in(folder: &Path, text: &str) -> bool {
    let entries = fs::read_dir(folder).expect("read a folder");
    entries.map(|entry| entry.expect("read an entry").path()).any(|path| {
        if path.is_dir() {
            return is_in(&path, text);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// The code that a login is refused with.
#[track_caller]
fn login(server: &Server, space: &Space, provider: &str, app: &str) -> String {
    let params = json!({"authProvider": provider, "clientIdentifier": app, "authCode": "code"});
    server.wire(space).call("serverless.auth.user.authorize", params).code()
}

#[test]
fn keys_are_set_by_the_command_line_and_read_by_plugins_alone() {
    let mut server = Server::with_config(CONFIG);
    let space = server.space("shop");
    let (private, public) = (key("app.pem"), key("alipay.public.pem"));
    let (private_file, public_file) =
        (format!("privateKey={}", key_file("app.pem")), format!("publicKey={}", key_file("alipay.public.pem")));
    let of_app = |command: &'static str, more: &[&str]| {
        let words: Vec<String> =
            ["platform", command, "alipay", APP, "--space", &space.id].iter().chain(more).map(|word| (*word).to_owned()).collect();
        words
    };

    let platforms = server.run_json(&["platform", "platforms"])["platforms"].clone();
    let names: Vec<&str> = platforms.as_array().expect("a list").iter().filter_map(|platform| platform["platform"].as_str()).collect();
    assert_eq!(names, ["alipay", "dingtalk", "wechat"], "{platforms}");
    let human = server.run(&["platform", "platforms", "alipay"]).succeeded().stdout;
    assert!(human.lines().any(|line| line.starts_with("privateKey") && line.contains("secret")), "{human}");

    assert_eq!(login(&server, &space, "alipay_openapi", APP), "AppNotFound");
    let refused = server.run(&of_app("set", &["--setting", &format!("privateKey={private}")])).failed();
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--file privateKey=PATH"), "{refused:?}");
    shows_no_line_of(&private, &refused.stderr);
    let missing = server.run(&of_app("set", &["--file", &public_file])).failed();
    assert!(missing.stderr.contains("privateKey"), "{missing:?}");
    let wrong =
        server.run(&of_app("set", &["--file", &public_file, "--file", &format!("privateKey={}", key_file("alipay.public.pem"))])).failed();
    assert!(wrong.stderr.contains("privateKey"), "{wrong:?}");
    let unknown = server.run(&of_app("set", &["--setting", "privatKey=x"])).failed();
    assert!(unknown.stderr.contains("`privatKey`") && unknown.stderr.contains("privateKey, publicKey"), "{unknown:?}");
    assert_eq!(records(&server), json!([]), "nothing of that was stored");

    let set = server.run(&of_app("set", &["--file", &private_file, "--file", &public_file, "--setting", "sellerId=2088000000000001"]));
    let set = set.succeeded().stdout;
    let listed = server.run_json(&["platform", "list", "--space", &space.id])["apps"].clone();
    let setting = |name: &str| {
        let settings = listed[0]["settings"].as_array().unwrap_or_else(|| panic!("no settings in {listed}"));
        settings.iter().find(|setting| setting["name"] == name).map(|setting| setting["value"].clone())
    };
    assert_eq!(setting("privateKey"), Some(json!(masked(&private))), "{listed}");
    assert_eq!((setting("publicKey"), setting("sellerId")), (Some(json!(public)), Some(json!("2088000000000001"))), "{listed}");
    let shown = server.run(&of_app("show", &[])).succeeded().stdout;
    assert!(shown.contains(&masked(&private)) && shown.contains("2088000000000001"), "{shown}");
    let human = server.run(&["platform", "list", "alipay", "--space", &space.id]).succeeded().stdout;
    assert!(human.contains(APP), "{human}");
    for text in [&set, &shown, &human, &listed.to_string()] {
        shows_no_line_of(&private, text);
    }

    // Neither can an administrator read the keys, nor who has the database.
    let named = json!({"platform": "alipay", "appId": APP}).to_string();
    let direct = server.run(&["call", "platforms.app", &named, "--space", &space.id]).failed();
    assert!(direct.stderr.contains("PermissionDenied") && direct.stdout.is_empty(), "{direct:?}");
    assert_eq!(server.wire(&space).authorized().call("platforms.app", json!({"platform": "alipay"})).code(), "InvalidMethod.Format");
    let stored = records(&server);
    assert_eq!((&stored[0]["space"], &stored[0]["appId"]), (&json!(space.id), &json!(APP)), "{stored}");
    shows_no_line_of(&private, &stored.to_string());

    // The plugin of the platform has got them, also after a restart.
    assert_eq!(login(&server, &space, "alipay_openapi", APP), "ServiceUnavailable");
    let changed = server.run(&of_app("set", &["--setting", "sellerId="])).succeeded();
    assert!(changed.stdout.contains(&masked(&private)) && !changed.stdout.contains("sellerId"), "{changed:?}");
    assert!(server.stop().success());
    shows_no_line_of(&private, &server.log());
    assert!(is_in(&server.data(), APP), "files of the database hold texts as they are");
    for line in private.lines().filter(|line| !line.starts_with("-----")) {
        assert!(!is_in(&server.data(), line), "a line of the key is in the data folder");
    }
    server.restart();
    assert_eq!(login(&server, &space, "alipay_openapi", APP), "ServiceUnavailable");

    server.run(&of_app("delete", &["--yes"])).succeeded();
    assert_eq!(login(&server, &space, "alipay_openapi", APP), "AppNotFound");
    let gone = server.run(&of_app("show", &[])).failed();
    assert!(gone.stderr.contains("AppNotFound"), "{gone:?}");
    shows_no_line_of(&private, &server.log());
}

#[test]
fn a_secret_comes_from_standard_input_and_goes_with_its_space() {
    let server = Server::with_config(CONFIG);
    let (space, other) = (server.space("gone"), server.space("stays"));
    for space in [&space, &other] {
        let set = ["platform", "set", "dingtalk", "ding1", "--stdin", "appSecret", "--setting", "flavour=enterprise", "--space", &space.id];
        let done = with_input(&server, &set, "SECRET-of-dingtalk\n");
        assert!(done.status.success(), "{done:?}");
        let shown = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(shown.contains(&masked("SECRET-of-dingtalk")) && !shown.contains("SECRET"), "{shown}");
        assert_eq!(login(&server, space, "dingtalk_openapi", "ding1"), "ServiceUnavailable");
    }
    let empty = with_input(&server, &["platform", "set", "dingtalk", "ding1", "--stdin", "appSecret", "--space", &other.id], "\n");
    assert!(!empty.status.success() && String::from_utf8_lossy(&empty.stderr).contains("empty"), "{empty:?}");
    assert_eq!(login(&server, &other, "dingtalk_openapi", "ding2"), "AppNotFound");
    assert_eq!(records(&server).as_array().map(Vec::len), Some(2));
    server.run(&["space", "delete", &space.id, "--yes"]).succeeded();
    let left = records(&server);
    assert_eq!((left.as_array().map(Vec::len), &left[0]["space"]), (Some(1), &json!(other.id)), "{left}");
    assert_eq!(login(&server, &other, "dingtalk_openapi", "ding1"), "ServiceUnavailable");
    assert!(!server.log().contains("SECRET"), "{}", server.log());
}

#[test]
fn a_platform_without_plugin_is_refused_with_what_to_install() {
    let server =
        Server::with_config(&CONFIG.replace("library = \"cloudcall_wechatpay\"", "library = \"cloudcall_wechatpay\"\nenabled = false"));
    let space = server.space("shop");
    let file = server.scratch("secret.txt");
    fs::write(&file, "SECRET-of-wechat").expect("write a file");
    let file = format!("appSecret={}", file.display());
    let refused = server.run(&["platform", "set", "wechat", "wx1", "--file", &file, "--space", &space.id]).failed();
    assert!(refused.stderr.contains("cloudcall_wechatpay") && refused.stderr.contains("PlatformNotInstalled"), "{refused:?}");
    let unknown = server.run(&["platform", "platforms", "wechat"]).failed();
    assert!(unknown.stderr.contains("alipay, dingtalk"), "{unknown:?}");
    assert!(!server.log().contains("SECRET"), "{}", server.log());
}

#[test]
fn rules_for_cloud_calls_are_shown_set_and_taken_back() {
    let server = Server::with_config(CONFIG);
    let space = server.space("shop");
    let rules = |more: &[&str]| server.run(&[&["platform", "rules", "--space", &space.id, "--json"], more].concat());
    let shown = rules(&[]).succeeded().json();
    assert_eq!(shown["policyName"], "DEFAULT", "{shown}");
    assert_eq!(shown["policy"]["cloudcall"]["payment.common.create"], true, "{shown}");
    let own = r#"{"cloudcall":{"fund.*":true}}"#;
    assert_eq!(rules(&["--set", own]).succeeded().json()["policyName"], "EXTENDED");
    assert_eq!(rules(&[]).succeeded().json()["policy"], json!({"cloudcall": {"fund.*": true}}));
    let refused = rules(&["--set", r#"{"cloudcall":{"fund.*":"yes"}}"#]).failed();
    assert!(refused.stderr.contains("fund.*"), "{refused:?}");
    assert_eq!(rules(&["--default"]).succeeded().json()["policyName"], "DEFAULT");
}

#[track_caller]
fn management(scheme: Option<&str>) {
    let server = Server::with_config(CONFIG);
    let space = server.space("shop");
    let mut config = server.management_config();
    config["scheme"] = json!(scheme);
    config["spaceId"] = json!(space.id);
    config["privateKey"] = json!(key("app.pem"));
    config["publicKey"] = json!(key("alipay.public.pem"));
    let result = python("platforms.py", &config);

    let ant = &result["ant"][0];
    assert_eq!((&ant["AppId"], &ant["Platform"], &ant["SpaceId"]), (&json!(APP), &json!("alipay"), &json!(space.id)), "{result}");
    assert_eq!((&ant["PublicKey"], &ant["SignMode"]), (&config["publicKey"], &json!("key")), "{result}");
    assert_eq!(ant["PrivateKey"], masked(&key("app.pem")), "{result}");
    assert_eq!(result["again"], result["ant"], "{result}");
    assert_eq!(result["wechat"][0]["AppSecret"], masked("SECRET-wechat"), "{result}");
    assert_eq!(result["added"][0]["AppSecret"], masked("SECRET-dingtalk"), "{result}");
    assert_eq!(result["updated"][0]["AppSecret"], masked("SECRET-changed"), "{result}");
    assert_eq!(result["updated"][0]["CreateTime"], result["added"][0]["CreateTime"], "{result}");
    for (name, status, code) in [
        ("twice", 400, "AppExists"),
        ("unknown", 404, "AppNotFound"),
        ("noKey", 400, "InvalidParameter"),
        ("noId", 400, "MissingParameter"),
        ("noApp", 404, "AppNotFound"),
        ("noExtension", 404, "InvalidExtensionId.NotFound"),
        ("noService", 400, "InvalidParameter"),
        ("gone", 404, "AppNotFound"),
    ] {
        assert_eq!((&result[name]["status"], &result[name]["code"]), (&json!(status), &json!(code)), "{name}: {result}");
    }
    assert_eq!(result["left"], json!([[], []]), "{result}");

    let extensions = &result["extensions"];
    assert_eq!(
        (&extensions["TotalCount"], &extensions["Extensions"][0]["ExtensionId"]),
        (&json!(2), &json!("cloudcall-alipay")),
        "{result}"
    );
    assert_eq!(result["services"], json!(["Opened", "Opened", "Opened", "NotOpened"]), "{result}");
    assert_eq!(result["opened"], "Opened", "{result}");

    shows_no_line_of(&key("app.pem"), &result.to_string());
    assert!(!result.to_string().contains("SECRET"), "{result}");
    assert!(!server.log().contains("SECRET"), "{}", server.log());
    shows_no_line_of(&key("app.pem"), &server.log());
}

#[test]
fn the_vendors_actions_with_the_default_signature() {
    management(None);
}

#[test]
fn the_vendors_actions_with_the_older_signature() {
    management(Some("v2"));
}
