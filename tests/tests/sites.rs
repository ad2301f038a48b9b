//! Websites of spaces: with the management SDK, the command line, curl and a browser; while they
//! are being deployed, and when the server is killed meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use e2e::{Server, Space, mpcloud_path, python};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

/// A website's address as a browser has it, and the server's own address behind it.
#[derive(Clone)]
struct Site {
    domain: String,
    server: String,
}

/// An answer.
struct Fetched {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Fetched {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }
}

impl Site {
    fn of(server: &Server, space: &Space) -> Self {
        let shown = server.run_json(&["hosting", "config", "--space", &space.id]);
        let domain = shown["defaultDomain"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
        assert!(domain.starts_with(&space.id), "{domain}");
        Self { domain, server: server.address().to_owned() }
    }

    /// `--resolve` of curl: the domain's name and port lead to the server.
    fn resolve(&self) -> String {
        let (host, port) = self.domain.rsplit_once(':').expect("the domain has a port");
        let (address, _) = self.server.rsplit_once(':').expect("the server has a port");
        format!("{host}:{port}:{address}")
    }

    fn curl(&self, path: &str, arguments: &[&str]) -> Fetched {
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--path-as-is",
            "--include",
            "--max-time",
            "30",
            "--resolve",
            &self.resolve(),
        ]);
        let output = command.args(arguments).arg(format!("http://{}{path}", self.domain)).output().expect("start curl");
        assert!(output.status.success(), "curl {path}: {}", String::from_utf8_lossy(&output.stderr));
        let end = output.stdout.windows(4).position(|window| window == b"\r\n\r\n").expect("the answer has headers");
        let head = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok()).expect("a status");
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        Fetched { status, headers: headers.collect(), body: output.stdout[end + 4..].to_vec() }
    }
}

/// A connection that asks again and again.
struct Reader {
    agent: ureq::Agent,
    site: Site,
}

impl Reader {
    fn new(site: &Site) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).timeout_global(Some(Duration::from_secs(30)));
        Self { agent: agent.build().into(), site: site.clone() }
    }

    fn get(&self, path: &str) -> Result<(u16, String), ureq::Error> {
        let request = self.agent.get(format!("http://{}{path}", self.site.server)).header("host", &self.site.domain);
        let mut response = request.call()?;
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    }
}

/// A folder with files.
fn folder(server: &Server, name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = server.scratch(name);
    for (path, contents) in files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("make a folder");
        fs::write(file, contents).expect("write a file");
    }
    folder
}

#[track_caller]
fn deploy(server: &Server, space: &Space, folder: &Path) -> Value {
    server.run_json(&["hosting", "deploy", folder.to_str().expect("the path is UTF-8"), "--space", &space.id])
}

fn opened(server: &Server) -> (Space, Site) {
    let space = server.space("site");
    server.run(&["hosting", "enable", "--space", &space.id]).succeeded();
    let site = Site::of(server, &space);
    (space, site)
}

#[track_caller]
fn every_action(scheme: Option<&str>) {
    let server = Server::start();
    let space = server.space("site");
    let mut config = server.management_config();
    config["scheme"] = json!(scheme);
    config["spaceId"] = json!(space.id);
    let result = python("hosting.py", &config);

    assert_eq!(result["closed"]["status"], json!({"SpaceId": space.id, "Status": "NotOpened"}), "{result}");
    for action in ["config", "upload"] {
        assert_eq!(result["closed"][action]["code"], "InvalidWebHosting.NotOpened", "{result}");
    }
    assert_eq!(result["opened"], json!([true, true]), "{result}");
    assert_eq!(result["status"]["Status"], "Opened", "{result}");
    assert!(result["uploads"].as_object().expect("uploads").values().all(|status| status == 200), "{result}");
    assert_eq!(result["folder"], 200, "{result}");
    assert_eq!(result["forged"], json!({"status": 403, "code": "SignatureNotMatch"}), "{result}");
    for bad in result["bad"].as_array().expect("bad paths") {
        assert_eq!(bad["code"], "InvalidParameter", "{result}");
    }
    let all = ["empty/", "error.html", "img/a.svg", "img/b.svg", "img/deep/c.svg", "index.html", "空/文件.txt"];
    assert_eq!(result["listed"], json!(all), "{result}");
    assert_eq!(result["inFolder"], json!(["img/a.svg", "img/b.svg", "img/deep/c.svg"]), "{result}");
    let described = &result["described"];
    assert_eq!((&described["Exists"], &described["Size"]), (&json!(true), &json!(6)), "{result}");
    assert_eq!(described["ContentType"], "image/svg+xml; charset=utf-8", "{result}");
    assert!(described["LastModifiedTime"].as_u64() > Some(1_700_000_000_000), "{result}");
    assert_eq!(result["saved"], "<svg/>", "{result}");
    assert_eq!(result["absent"]["Exists"], false, "{result}");
    assert_eq!(result["before"]["IndexPath"], "index.html", "{result}");
    assert!(result["before"]["DefaultDomain"].as_str().is_some_and(|domain| domain.starts_with(&space.id)), "{result}");
    assert_eq!(result["modified"], true, "{result}");
    assert_eq!((&result["after"]["AllowedIps"], &result["after"]["ErrorHttpStatus"]), (&json!("127.0.0.0/8"), &json!("404")), "{result}");
    for refused in result["refused"].as_array().expect("refusals") {
        assert_eq!(refused["code"], "InvalidParameter", "{result}");
    }
    assert!(result["refreshed"]["RequestId"].is_string(), "{result}");
    assert_eq!((&result["one"], &result["several"]), (&json!(true), &json!(true)), "{result}");
    assert_eq!(result["left"], json!(all.iter().filter(|path| **path != "img/a.svg").collect::<Vec<_>>()), "{result}");
    assert_eq!(result["rest"], json!(["error.html", "index.html", "空/文件.txt"]), "{result}");

    let site = Site::of(&server, &space);
    assert_eq!(site.curl("/", &[]).text(), "<h1>你好</h1>");
    let lost = site.curl("/xxxxx", &[]);
    assert_eq!((lost.status, lost.text()), (404, "<h1>404 error</h1>"));
    assert_eq!(site.curl("/%E7%A9%BA/%E6%96%87%E4%BB%B6.txt", &[]).text(), "文");
}

#[test]
fn every_action_with_the_default_signature() {
    every_action(None);
}

#[test]
fn every_action_with_the_older_signature() {
    every_action(Some("v2"));
}

#[test]
fn a_folder_is_deployed_fetched_and_gone_back_from() {
    let server = Server::start();
    let (space, site) = opened(&server);
    assert_eq!(site.curl("/", &[]).status, 404, "nothing is deployed yet");
    let style = "p { color: red }\n".repeat(200);
    let large = "0123456789".repeat(400_000);
    let files = [
        ("index.html", "<h1>one</h1>"),
        ("docs/index.html", "docs"),
        ("style.css", style.as_str()),
        ("large.bin", large.as_str()),
        (".well-known/security.txt", "contact"),
        (".git/config", "secret"),
    ];
    let one = folder(&server, "one", &files);
    let first = deploy(&server, &space, &one);
    assert_eq!((&first["files"], &first["uploaded"], &first["hidden"]), (&json!(5), &json!(5), &json!([".git"])), "{first}");

    let page = site.curl("/", &[]);
    assert_eq!((page.status, page.text()), (200, "<h1>one</h1>"));
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    let tag = &page.headers["etag"];
    assert_eq!(site.curl("/", &["--header", &format!("If-None-Match: {tag}")]).status, 304);
    let moved = site.curl("/docs", &[]);
    assert_eq!((moved.status, moved.headers["location"].as_str()), (301, "/docs/"));
    assert_eq!(site.curl("/docs/", &[]).text(), "docs");
    let packed = site.curl("/style.css", &["--header", "Accept-Encoding: br, gzip"]);
    assert_eq!(packed.headers["content-encoding"], "br");
    assert!(packed.body.len() < style.len() / 10);
    assert_eq!(site.curl("/style.css", &["--compressed"]).text(), style);
    let part = site.curl("/large.bin", &["--range", "3999998-"]);
    assert_eq!((part.status, part.text(), part.headers["content-range"].as_str()), (206, "89", "bytes 3999998-3999999/4000000"));
    assert_eq!(site.curl("/large.bin", &[]).body, large.as_bytes());
    let head = site.curl("/large.bin", &["--head"]);
    assert_eq!((head.headers["content-length"].as_str(), head.body.len()), ("4000000", 0));
    assert_eq!(site.curl("/.well-known/security.txt", &[]).text(), "contact");
    assert_eq!(site.curl("/.git/config", &[]).status, 404);
    assert_eq!(site.curl("/", &["--request", "POST"]).status, 405);
    for path in ["/../index.html", "/%2e%2e/x", "//x", "/a%00"] {
        assert_eq!(site.curl(path, &[]).status, 400, "{path}");
    }

    fs::write(one.join("index.html"), "<h1>two</h1>").expect("change a file");
    fs::remove_file(one.join("large.bin")).expect("remove a file");
    let second = deploy(&server, &space, &one);
    assert_eq!((&second["files"], &second["uploaded"], &second["uploadedBytes"]), (&json!(4), &json!(1), &json!(12)), "{second}");
    assert_eq!(site.curl("/", &[]).text(), "<h1>two</h1>");
    assert_eq!(site.curl("/large.bin", &[]).status, 404);

    server.run(&["hosting", "rollback", "--space", &space.id]).succeeded();
    assert_eq!(site.curl("/", &[]).text(), "<h1>one</h1>");
    assert_eq!(site.curl("/large.bin", &[]).status, 200);
    let releases = server.run_json(&["hosting", "releases", "--space", &space.id]);
    let made: Vec<&str> =
        releases["releases"].as_array().expect("releases").iter().filter_map(|release| release["kind"].as_str()).collect();
    assert_eq!(made, ["rollback", "deployment", "deployment"], "{releases}");

    let logo = folder(&server, "more", &[("logo.svg", "<svg/>")]).join("logo.svg");
    server.run(&["hosting", "files", "put", logo.to_str().expect("UTF-8"), "img/logo.svg", "--space", &space.id]).succeeded();
    assert_eq!(site.curl("/img/logo.svg", &[]).text(), "<svg/>");
    server.run(&["hosting", "files", "rm", "img/", "--yes", "--space", &space.id]).succeeded();
    assert_eq!(site.curl("/img/logo.svg", &[]).status, 404);
    server.run(&["hosting", "config", "--error", "index.html", "--error-status", "200", "--space", &space.id]).succeeded();
    assert_eq!(site.curl("/any/route", &[]).text(), "<h1>one</h1>");
    server.run(&["hosting", "config", "--allowed-ips", "10.9.9.9", "--space", &space.id]).succeeded();
    assert_eq!(site.curl("/", &[]).status, 403);

    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", one.join("link")).expect("make a link");
        let refused = server.run(&["hosting", "deploy", one.to_str().expect("UTF-8"), "--space", &space.id]);
        assert!(refused.code == Some(1) && refused.stderr.contains("is a link"), "{}", refused.stderr);
    }
}

#[test]
fn a_browser_shows_a_deployed_site() {
    let server = Server::start();
    let (space, site) = opened(&server);
    let script = "document.querySelector('#from-script').textContent = '脚本 ran'; fetch('data.json').then((r) => r.json()).then((d) => { document.querySelector('#from-data').textContent = d.text; });";
    let page = "<!DOCTYPE html><meta charset=utf-8><link rel=stylesheet href=style.css><p id=from-script></p><p id=from-data></p><script src=js/app.js></script>";
    let files = [("index.html", page), ("js/app.js", script), ("data.json", "{\"text\":\"数据 came\"}"), ("style.css", "p { color: red }")];
    deploy(&server, &space, &folder(&server, "dist", &files));
    let host = site.domain.rsplit_once(':').expect("a port").0.to_owned();
    let (address, port) = site.server.rsplit_once(':').expect("a port");
    let profile = server.scratch("chromium");
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            "--virtual-time-budget=10000",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--host-resolver-rules=MAP {host} {address}:{port}"))
        .args(["--dump-dom", &format!("http://{}/", site.domain)])
        .output()
        .expect("start chromium: `cargo xtask test` installs it");
    let dom = String::from_utf8_lossy(&output.stdout);
    assert!(dom.contains("脚本 ran") && dom.contains("数据 came"), "{dom}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// The files of a release whose number is in each of them.
fn numbered(server: &Server, number: u64) -> PathBuf {
    let text = format!("release {number}\n");
    let long = text.repeat(500);
    let name = format!("numbered-{number}");
    folder(server, &name, &[("index.html", &text), ("a.txt", &long), ("b.txt", &long), (&format!("only-{number}.txt"), &text)])
}

/// The release that a text is of, if all of it is of one.
fn release_of(text: &str) -> Option<u64> {
    let mut lines = text.lines();
    let first = lines.next()?;
    let number = first.strip_prefix("release ")?.parse().ok()?;
    (lines.all(|line| line == first) && text.ends_with('\n')).then_some(number)
}

#[test]
fn visitors_see_one_release_and_never_an_older_one_than_was_acknowledged() {
    let server = Server::start();
    let (space, site) = opened(&server);
    deploy(&server, &space, &numbered(&server, 1));
    let (acknowledged, done) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicBool::new(false)));
    let readers: Vec<_> = (0..4)
        .map(|n| {
            let (reader, acknowledged, done) = (Reader::new(&site), acknowledged.clone(), done.clone());
            let path = ["/", "/a.txt", "/b.txt", "/a.txt"][n];
            thread::spawn(move || {
                let (mut last, mut count) = (0, 0);
                while !done.load(Ordering::SeqCst) {
                    let least = acknowledged.load(Ordering::SeqCst);
                    let (status, text) = reader.get(path).expect("the server answers");
                    assert_eq!(status, 200, "{text}");
                    let number = release_of(&text).unwrap_or_else(|| panic!("a mix of releases: {text}"));
                    assert!(number >= least, "release {number} was served after release {least} had been acknowledged");
                    assert!(number >= last, "release {number} was served after release {last}");
                    (last, count) = (number, count + 1);
                }
                count
            })
        })
        .collect();
    for number in 2..=6 {
        deploy(&server, &space, &numbered(&server, number));
        acknowledged.store(number, Ordering::SeqCst);
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        let count = reader.join().expect("the reader ended well");
        assert!(count > 50, "{count} answers are too few to tell");
    }
    let reader = Reader::new(&site);
    assert_eq!(reader.get("/only-5.txt").expect("an answer").0, 404);
    assert_eq!(reader.get("/only-6.txt").expect("an answer").0, 200);
}

#[test]
fn a_server_that_is_killed_during_deployments_shows_the_old_or_the_new() {
    let rounds: u64 = std::env::var("MPCLOUD_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(8);
    let seed: u64 = std::env::var("MPCLOUD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed} (MPCLOUD_SEED repeats it)");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = Server::with_config("[plugins.sites]\nlibrary = \"hosting_sites\"\nconfig = { grace_seconds = 4 }\n");
    let (space, _) = opened(&server);
    deploy(&server, &space, &numbered(&server, 1));
    let mut shown = 1;
    for round in 0..rounds {
        let next = shown + 1;
        let dir = numbered(&server, next);
        for n in 0..20 {
            fs::write(dir.join(format!("filler-{round}-{n}.bin")), vec![u8::try_from(n).unwrap_or(0); 20_000]).expect("write a file");
        }
        let mut command = Command::new(mpcloud_path());
        command.args(["hosting", "deploy"]).arg(&dir).args(["--space", &space.id, "--data"]).arg(server.data());
        let mut deployment =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("start mpcloud");
        // The moment of death is what the test varies, not something it waits for.
        thread::sleep(Duration::from_millis(random.random_range(5..700)));
        server.kill();
        let acknowledged = deployment.wait().expect("the end of the deployment").success();
        server.restart();
        let reader = Reader::new(&Site::of(&server, &space));
        let texts = ["/", "/a.txt", "/b.txt"].map(|path| reader.get(path).expect("an answer"));
        let numbers = texts.map(|(status, text)| (status == 200).then(|| release_of(&text)).flatten());
        let [Some(number), second, third] = numbers else { panic!("seed {seed}, round {round}: {numbers:?}") };
        assert_eq!([second, third], [Some(number); 2], "seed {seed}, round {round}");
        assert!(number == shown || number == next, "seed {seed}, round {round}: release {number} instead of {shown} or {next}");
        assert!(!acknowledged || number == next, "seed {seed}, round {round}: an acknowledged deployment is lost");
        assert_eq!(reader.get(&format!("/only-{next}.txt")).expect("an answer").0 == 200, number == next, "seed {seed}, round {round}");
        shown = number;
    }
    let last = deploy(&server, &space, &numbered(&server, 1_000));
    assert_eq!(last["files"], 4, "{last}");
    let reader = Reader::new(&Site::of(&server, &space));
    assert_eq!(release_of(&reader.get("/a.txt").expect("an answer").1), Some(1_000));

    // What killed deployments left is swept away, once it is old enough; what releases name stays.
    let releases = server.run_json(&["hosting", "releases", "--space", &space.id]);
    let kept = releases["releases"].as_array().expect("releases").len();
    thread::sleep(Duration::from_secs(5));
    let swept = server.run_json(&["call", "sites.sweep", "{}", "--space", &space.id]);
    assert!(swept["removed"].as_u64().is_some(), "{swept}");
    assert_eq!(count_files(&server.data(), "manifests"), kept, "each kept release has a manifest, and there are no others");
    // The first step back may push out the oldest release.
    for _ in 2..kept {
        server.run(&["hosting", "rollback", "--space", &space.id]).succeeded();
        let (status, text) = reader.get("/b.txt").expect("an answer");
        assert!(status == 200 && release_of(&text).is_some(), "{status} {text}");
    }
}

/// How many files lie below folders of a name in the storage.
fn count_files(folder: &Path, below: &str) -> usize {
    let is_below = folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.trim_end_matches('\\') == below);
    let entries = fs::read_dir(folder).expect("read a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { count_files(&path, below) } else { usize::from(is_below) }).sum()
}
