//! What runs functions without a client: HTTP requests and timers; and the commands for them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::{Server, Space, function, mpcloud_path, python, wait_for};
use serde_json::{Value, json};

/// Runs curl; status, headers in lower case and body of what comes back.
struct Fetched {
    version: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Fetched {
    fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str()).collect()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }
}

fn curl(arguments: &[&str]) -> Fetched {
    let mut command = Command::new("curl");
    command.args(["-sS", "-i", "--noproxy", "*", "--max-time", "20"]).args(arguments);
    let done = command.output().expect("run curl");
    assert!(done.status.success(), "{command:?}: {done:?}");
    let mut answer = done.stdout.as_slice();
    loop {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an end of the headers");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        answer = &answer[end + 4..];
        let mut lines = head.split("\r\n");
        let mut status = lines.next().unwrap_or_default().split(' ');
        let (version, status) =
            (status.next().unwrap_or_default().to_owned(), status.next().unwrap_or_default().parse().expect("a status"));
        if status == 100 {
            continue;
        }
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        return Fetched { version, status, headers, body: answer.to_vec() };
    }
}

/// A server with a space whose triggers are on, and a function at `/http/NAME`.
fn open(server: &Server, name: &str) -> (Space, String) {
    let space = server.space("triggers");
    server.deploy(&function(name), &space, name);
    server.run(&["function", "update", name, "--space", &space.id, "--http-path", &format!("/http/{name}")]).succeeded();
    let on = server.run_json(&["function", "http", "on", "--space", &space.id]);
    let url = on["functions"][0]["url"].as_str().unwrap_or_else(|| panic!("{on}")).to_owned();
    (space, url)
}

#[test]
fn the_management_sdk_sets_triggers() {
    let server = Server::start();
    for scheme in [None, Some("v2")] {
        let mut config = server.management_config();
        config["scheme"] = json!(scheme);
        let result = python("triggers.py", &config);
        let space = result["space"].as_str().unwrap_or_default();
        assert_eq!(result["off"]["EnableService"], false, "{result}");
        assert_eq!(result["off"]["DefaultEndpoint"], format!("{}/trigger/{space}", server.address()), "{result}");
        assert_eq!(result["path"]["HttpTriggerPath"], "/http/hello", "{result}");
        assert_eq!(result["beforeOn"]["status"], 404, "{result}");
        assert_eq!(result["on"]["EnableService"], true, "{result}");
        assert_eq!(result["fetched"]["status"], 200, "{result}");
        let fetched: Value = serde_json::from_str(result["fetched"]["text"].as_str().unwrap_or_default()).expect("JSON");
        assert_eq!(fetched, json!({"method": "GET", "source": "http"}), "{result}");
        assert_eq!(result["described"]["HttpTriggerPath"], "/http/hello", "{result}");
        let bad = result["badPaths"].as_array().expect("a list");
        for refused in bad.iter().chain([&result["taken"]]) {
            assert_eq!((&refused["code"], &refused["status"]), (&json!("InvalidParameter"), &json!(400)), "{result}");
        }
        assert_eq!(result["domain"]["code"], "InvalidDomain.NotVerified", "{result}");
        assert_eq!(result["noPath"]["HttpTriggerPath"], "", "{result}");
        assert_eq!((&result["afterNoPath"]["status"], &result["again"]["status"]), (&json!(404), &json!(200)), "{result}");
        assert_eq!((&result["switchedOff"]["EnableService"], &result["afterOff"]["status"]), (&json!(false), &json!(404)), "{result}");

        let timer = ("cron:0 30 2 * * ?", "nightly");
        for told in ["timer", "kept"] {
            let told = &result[told];
            assert_eq!((&told["TimingTriggerConfig"], &told["TimingTriggerUserPayload"]), (&json!(timer.0), &json!(timer.1)), "{result}");
            assert_eq!(told["Spec"]["Timeout"], "600", "{result}");
        }
        let bad = result["badTimers"].as_object().expect("an object");
        assert_eq!(bad.len(), 7);
        let mut messages: Vec<&str> = bad.values().filter_map(|refused| refused["message"].as_str()).collect();
        assert!(bad.values().all(|refused| refused["code"] == "InvalidParameter"), "{result}");
        messages.sort_unstable();
        messages.dedup();
        assert_eq!(messages.len(), 7, "each has a text of its own: {messages:?}");
        assert_eq!(result["noTimer"]["TimingTriggerConfig"], "", "{result}");
        assert_eq!(result["manuals"]["TimingTriggerConfig"], "cron:00 * * * *", "{result}");
    }
}

#[test]
fn responses_are_those_of_the_manual_over_http_1_and_2() {
    let server = Server::start();
    let (_, url) = open(&server, "respond");
    for (option, version) in [("--http1.1", "HTTP/1.1"), ("--http2-prior-knowledge", "HTTP/2")] {
        let get = |kind: &str| {
            let fetched = curl(&[option, &format!("{url}?kind={kind}")]);
            assert_eq!(fetched.version, version);
            assert_eq!(fetched.header("content-disposition"), ["attachment"], "{kind}");
            assert_eq!(fetched.header("request-id").len(), 1, "{kind}");
            fetched
        };
        let text = get("string");
        assert_eq!((text.status, text.header("content-type"), text.header("content-length")), (200, vec!["text/plain"], vec!["12"]));
        assert_eq!(text.body, b"hello world!");
        for (kind, body) in [("object", r#"{"keyString":"value1","keyNumber":1234}"#), ("number", "1.5"), ("boolean", "true")] {
            let json = get(kind);
            assert_eq!((json.status, json.header("content-type")), (200, vec!["application/json; charset=utf-8"]));
            assert_eq!(String::from_utf8_lossy(&json.body), body);
        }
        let html = get("html");
        assert_eq!((html.header("content-type"), html.header("x-mine")), (vec!["text/html; charset=utf-8"], vec!["yes"]));
        assert_eq!((html.header("content-length"), &html.body[..]), (vec!["20"], &b"<h1>Hello World</h1>"[..]));
        let picture = get("picture");
        assert_eq!((picture.header("content-type"), &picture.body[..6]), (vec!["image/gif"], &b"GIF89a"[..]));
        let moved = get("moved");
        assert_eq!((moved.status, moved.header("location"), moved.header("set-cookie")), (302, vec!["/elsewhere"], vec!["a=1", "b=2"]));
        let nothing = get("nothing");
        assert_eq!((nothing.status, nothing.body.len(), nothing.header("content-length")), (204, 0, vec![]));
        assert_eq!(get("largest").body.len(), 1 << 20);

        let split = get("split");
        assert_eq!((split.status, &split.json()["code"]), (502, &json!("InvalidFunctionResponse")));
        assert!(split.header("set-cookie").is_empty());
        let large = get("large");
        assert_eq!((large.status, &large.json()["code"]), (502, &json!("ResponseBodyTooLarge")));
        let thrown = get("other");
        assert_eq!(thrown.status, 500);
        assert_eq!((&thrown.json()["code"], &thrown.json()["message"]), (&json!("FunctionBizError"), &json!("no such kind")));
        assert!(!String::from_utf8_lossy(&thrown.body).contains("index.js"), "no stack");
    }
}

#[test]
fn requests_arrive_whole_or_not_at_all() {
    let server = Server::start();
    let (space, url) = open(&server, "echo");
    for option in ["--http1.1", "--http2-prior-knowledge"] {
        let asked = format!("{url}?a=1&a=2&b=%E5%B0%8F+x");
        let headers = ["-H", "x-mine: 1", "-H", "x-mine: 2", "-H", "content-type: text/plain; charset=utf-8"];
        let echoed = curl(&[&[option, "-X", "PUT", "--data-binary", "名字"], &headers[..], &[&asked]].concat()).json();
        let args = &echoed["args"];
        assert_eq!((&args["path"], &args["httpMethod"]), (&json!("/http/echo"), &json!("PUT")), "{echoed}");
        assert_eq!(args["queryStringParameters"], json!({"a": "2", "b": "小 x"}), "{echoed}");
        assert_eq!((&args["body"], &args["isBase64Encoded"]), (&json!("名字"), &json!(false)), "{echoed}");
        assert_eq!(args["headers"]["x-mine"], "1, 2", "{echoed}");
        assert_eq!(args.as_object().map(serde_json::Map::len), Some(6), "{echoed}");
        assert_eq!(echoed["env"], json!({"MP_SPACE_ID": space.id, "MP_SOURCE": "http"}), "{echoed}");

        let form = curl(&[option, "-d", "n=1", &url]).json();
        assert_eq!((&form["args"]["httpMethod"], &form["args"]["body"]), (&json!("POST"), &json!("n=1")), "{form}");
        for (method, status) in [("GET", 200), ("DELETE", 200), ("PATCH", 405), ("OPTIONS", 405)] {
            let answer = curl(&[option, "-X", method, &url]);
            assert_eq!(answer.status, status, "{method}");
            assert_eq!(answer.header("allow").is_empty(), status == 200, "{method}");
        }
        let multipart = curl(&[option, "-F", "a=b", &url]);
        assert_eq!((multipart.status, &multipart.json()["code"]), (415, &json!("InvalidContentType")));
        for other in [format!("{url}/"), format!("{url}x"), url.replace(&space.id, "no-such-space"), format!("{}/http/echo", server.http())]
        {
            assert_eq!(curl(&[option, &other]).status, 404, "{other}");
        }
    }
    let large = server.scratch("large");
    std::fs::write(&large, vec![b'x'; (1 << 20) + 1]).expect("written");
    let data = format!("@{}", large.to_string_lossy());
    for extra in ["content-length: 1048577", "transfer-encoding: chunked"] {
        let refused = curl(&["--http1.1", "-H", "expect:", "-H", "content-type: text/plain", "-H", extra, "--data-binary", &data, &url]);
        assert_eq!((refused.status, &refused.json()["code"]), (413, &json!("RequestBodyTooLarge")), "{extra}");
    }
    std::fs::write(&large, vec![b'x'; 1 << 20]).expect("written");
    let fits = curl(&["-H", "content-type: text/plain", "--data-binary", &data, &url]);
    // What comes in fits, what would go out does not.
    assert_eq!((fits.status, &fits.json()["code"]), (502, &json!("ResponseBodyTooLarge")));
}

/// Sends bytes as they are; what comes back until the server closes the connection.
fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream.write_all(request).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn bytes_that_no_client_would_send() {
    let server = Server::start();
    let (space, _) = open(&server, "echo");
    let address = format!("/trigger/{}/http/echo", space.id);
    let body = |answer: &str| -> Value {
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
        serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"))
    };
    // Neither body nor header is UTF-8, and the query is broken.
    let mut request = format!("POST {address}?%zz&=&%ff=%c3%28&&a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Raw: a").into_bytes();
    request.extend_from_slice(b"\xff\r\nContent-Length: 3\r\n\r\n\xff\xfe\x00");
    let echoed = body(&raw(&server, &request));
    assert_eq!((&echoed["args"]["body"], &echoed["args"]["isBase64Encoded"]), (&json!("//4A"), &json!(true)), "{echoed}");
    assert_eq!(echoed["args"]["headers"]["x-raw"], "a\u{fffd}", "{echoed}");
    assert_eq!(echoed["args"]["queryStringParameters"]["%zz"], "", "{echoed}");
    // Two types, and a method that does not exist.
    let two =
        format!("POST {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\n");
    assert!(raw(&server, two.as_bytes()).starts_with("HTTP/1.1 415"));
    let brew = raw(&server, format!("BREW {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
    assert!(brew.starts_with("HTTP/1.1 405") && brew.to_lowercase().contains("allow: get, post, put, delete"), "{brew}");
    // The address as a proxy is asked for it.
    let absolute = format!("GET http://{}{address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", server.address());
    assert_eq!(body(&raw(&server, absolute.as_bytes()))["args"]["path"], "/http/echo");
    for odd in [format!("//{}", &address[1..]), address.replace("/http", "/x/../http"), address.replace("/http", "//http")] {
        let answer = raw(&server, format!("GET {odd} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
        let found = odd.starts_with("//");
        assert_eq!(answer.starts_with("HTTP/1.1 200"), found, "{odd}: {answer}");
    }
}

#[test]
fn a_domain_tells_spaces_apart() {
    let server = Server::with_config("[plugins.functions]\nlibrary = \"functions\"\nconfig = { trigger_domain = \"fn.example.com\" }\n");
    let (space, url) = open(&server, "echo");
    let host = format!("{}.fn.example.com", space.id);
    assert_eq!(url, format!("http://{host}/http/echo"));
    let shown = server.run_json(&["function", "http", "show", "--space", &space.id]);
    assert_eq!((&shown["enabled"], &shown["defaultEndpoint"]), (&json!(true), &json!(host)), "{shown}");
    let asked = format!("{}/http/echo", server.http());
    for option in ["--http1.1", "--http2-prior-knowledge"] {
        let found = curl(&[option, "-H", &format!("host: {host}"), &asked]);
        assert_eq!((found.status, &found.json()["args"]["path"]), (200, &json!("/http/echo")));
        for other in ["fn.example.com", "other.fn.example.com", "example.com"] {
            assert_eq!(curl(&[option, "-H", &format!("host: {other}"), &asked]).status, 404, "{other}");
        }
    }
}

/// The calls that a function has logged, with a word.
fn calls(server: &Server, space: &Space, name: &str, word: &str) -> Vec<String> {
    let logged = server.run(&["function", "logs", name, "--space", &space.id, "--json"]).succeeded().stdout;
    let lines = logged.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| line["content"].as_str().map(str::to_owned)).filter(|line| line.contains(word)).collect()
}

#[test]
fn a_timer_runs_its_function_once_at_its_time() {
    let mut server = Server::start();
    let space = server.space("timers");
    server.deploy(&function("echo"), &space, "echo");
    let due = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() + 4;
    let cron = format!("cron:{} {} * * * *", due % 60, due / 60 % 60);
    server.run(&["function", "update", "echo", "--space", &space.id, "--timer", &cron, "--payload", "ping"]).succeeded();
    let ran = wait_for("the timer's call", || {
        let ran = calls(&server, &space, "echo", "called");
        (!ran.is_empty()).then_some(ran)
    });
    let (_, called) = ran[0].split_once("called ").expect("the line");
    let called: Value = serde_json::from_str(called).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    assert_eq!((&called["source"], &called["args"]["timingTriggerConfig"]), (&json!("timing"), &json!(cron)), "{called}");
    assert_eq!(called["args"]["userPayload"], "ping", "{called}");
    let at = called["args"]["timestamp"].as_u64().expect("a time");
    assert!((due * 1000..due * 1000 + 5_000).contains(&at), "due at {due}, run at {at}");

    // Neither a new instance of the plugin nor one of the server runs it again.
    server.run(&["plugin", "reload", "functions"]).succeeded();
    server.stop();
    server.restart();
    // A call that is logged after it, so that the log has been written.
    server.run(&["function", "invoke", "echo", "{\"last\":1}", "--space", &space.id]).succeeded();
    let all = wait_for("the last call in the log", || {
        let all = calls(&server, &space, "echo", "called");
        all.iter().any(|line| line.contains("last")).then_some(all)
    });
    assert_eq!(all.len(), 2, "{all:?}");
}

#[test]
fn versions_are_listed_and_rolled_back() {
    let server = Server::start();
    let space = server.space("versions");
    let run = |arguments: &[&str]| server.run_json(&[arguments, &["--space", &space.id]].concat());
    for name in ["hello", "whoami", "echo"] {
        server.deploy(&function(name), &space, "f");
    }
    let listed = run(&["function", "versions", "f"]);
    let versions: Vec<(Value, Value)> = listed["versions"]
        .as_array()
        .unwrap_or_else(|| panic!("{listed}"))
        .iter()
        .map(|version| (version["version"].clone(), version["active"].clone()))
        .collect();
    assert_eq!(versions, [(json!(3), json!(true)), (json!(2), json!(false)), (json!(1), json!(false))], "{listed}");
    let back = run(&["function", "rollback", "f"]);
    assert_eq!(back["version"], 2, "{back}");
    assert_eq!(run(&["function", "invoke", "f"])["result"]["env"]["MP_SPACE_ID"], space.id, "it is `whoami` again");
    assert_eq!(run(&["function", "rollback", "f"])["version"], 1);
    assert_eq!(run(&["function", "invoke", "f", "{\"name\":\"x\"}"])["result"], json!({"message": "hi x"}), "and `hello`");
    let none = server.run(&["function", "rollback", "f", "--space", &space.id]).failed();
    assert!(none.stderr.contains("no version before"), "{none:?}");
    assert_eq!(run(&["function", "rollback", "f", "--to", "3"])["version"], 3);
    let id = listed["versions"][1]["deploymentId"].as_str().expect("an id");
    assert_eq!(run(&["function", "rollback", "f", "--to", id])["version"], 2);
    assert_eq!(run(&["function", "show", "f"])["deployment"]["versionNo"], "2");
    server.deploy(&function("echo"), &space, "f");
    assert_eq!(run(&["function", "show", "f"])["deployment"]["versionNo"], "4", "numbers are not given twice");
}

#[test]
fn settings_are_changed_on_the_command_line() {
    let server = Server::start();
    let (space, url) = open(&server, "echo");
    let update = |changes: &[&str]| server.run_json(&[&["function", "update", "echo", "--space", &space.id], changes].concat());
    let updated =
        update(&["--timer", "0 0 3 ? * SUN", "--timeout", "7", "--memory", "256", "--concurrency", "5", "--desc", "says it back"]);
    assert_eq!(updated["spec"], json!({"instanceConcurrency": 5, "memory": "256", "runtime": "nodejs", "timeout": "7"}), "{updated}");
    assert_eq!((&updated["timingTriggerConfig"], &updated["desc"]), (&json!("cron:0 0 3 ? * SUN"), &json!("says it back")), "{updated}");
    assert_eq!(updated["httpTriggerPath"], "/http/echo", "{updated}");
    let human = server.run(&["function", "list", "--space", &space.id]).succeeded().stdout;
    assert!(human.contains("/http/echo") && human.contains("cron:0 0 3 ? * SUN"), "{human}");
    let wrong = server.run(&["function", "update", "echo", "--space", &space.id, "--timer", "0 * 3 * * *"]).failed();
    assert!(wrong.stderr.contains("the minute must be one number"), "{wrong:?}");
    assert_eq!(update(&["--no-timer"])["timingTriggerConfig"], "");
    assert_eq!(curl(&[&url]).status, 200);
    assert_eq!(update(&["--no-http-path"])["httpTriggerPath"], "");
    assert_eq!(curl(&[&url]).status, 404);
    update(&["--http-path", "/http/echo"]);
    assert_eq!(curl(&[&url]).status, 200);
    let off = server.run_json(&["function", "http", "off", "--space", &space.id]);
    assert_eq!((&off["enabled"], off["functions"].as_array().map(Vec::len)), (&json!(false), Some(1)), "{off}");
    assert_eq!(curl(&[&url]).status, 404);
}

/// A child that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_log_is_filtered_and_followed() {
    let server = Server::start();
    let space = server.space("logs");
    server.deploy(&function("echo"), &space, "echo");
    server.deploy(&function("throws"), &space, "throws");
    let invoke = |name: &str, args: &str| server.run(&["function", "invoke", name, args, "--space", &space.id]);
    invoke("echo", "{\"n\":1}").succeeded();
    wait_for("the first call in the log", || calls(&server, &space, "echo", "\"n\":1").pop());

    let mut child = Command::new(mpcloud_path())
        .args(["function", "logs", "echo", "-f", "--json", "--space", &space.id, "--data"])
        .arg(server.data())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start mpcloud");
    let (send, lines) = mpsc::channel();
    let output = child.stdout.take().expect("its output");
    let _child = Ended(child);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = send.send(serde_json::from_str::<Value>(&line).expect("JSON"));
        }
    });
    let next = |word: &str| loop {
        let line = lines.recv_timeout(Duration::from_secs(30)).expect("a line");
        if line["content"].as_str().is_some_and(|content| content.contains("called")) {
            assert!(line["content"].to_string().contains(word), "{line}");
            return line;
        }
    };
    next("\\\"n\\\":1");
    for n in 2..5 {
        invoke("echo", &format!("{{\"n\":{n}}}")).succeeded();
        next(&format!("\\\"n\\\":{n}"));
    }

    let shown = |filter: &[&str]| {
        let logged = server.run(&[&["function", "logs", "echo", "--space", &space.id, "--json"], filter].concat()).succeeded().stdout;
        logged.lines().filter(|line| line.contains("called")).map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>()
    };
    let all = shown(&[]);
    assert_eq!(all.len(), 4);
    let id = all[1]["requestId"].as_str().expect("an id");
    assert_eq!(shown(&["--request-id", id]), [all[1].clone()]);
    assert_eq!(shown(&["--limit", "2"]), all[2..]);
    assert_eq!(shown(&["--status", "success"]).len(), 4);
    assert!(shown(&["--status", "fail"]).is_empty());
    let time = |line: &Value| line["time"].as_str().expect("a time").to_owned();
    assert!(shown(&["--to", "2020-01-01T00:00:00Z"]).is_empty());
    let late = shown(&["--from", &time(&all[3])]).len() + shown(&["--to", &time(&all[0])]).len();
    assert!((1..=3).contains(&late), "{late} calls began with the first or with the last");
    invoke("throws", "{}").failed();
    let failed = wait_for("the failure in the log", || {
        let logged = server.run(&["function", "logs", "throws", "--space", &space.id, "--status", "fail"]).succeeded().stdout;
        (!logged.is_empty()).then_some(logged)
    });
    assert!(failed.contains("out of stock"), "{failed}");
}
