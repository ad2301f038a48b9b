//! A server whose TOML names nothing but a bucket.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use e2e::{Moto, Server, Space, node};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

use crate::proxy::seed;

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).timeout_global(Some(Duration::from_secs(60))).build().into()
}

/// Status and body of a file.
pub fn file(server: &Server, space: &Space, path: &str) -> (u16, Vec<u8>) {
    let mut reply = agent().get(format!("{}/files/{}/{path}", server.http(), space.id)).call().expect("an answer");
    (reply.status().as_u16(), reply.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a body"))
}

/// Status and text of a page of the space's site.
pub fn page(server: &Server, space: &Space, path: &str) -> (u16, String) {
    let request = agent().get(format!("{}{path}", server.http())).header("host", format!("{}.localhost", space.id));
    let mut reply = request.call().expect("an answer");
    (reply.status().as_u16(), reply.body_mut().read_to_string().expect("a text"))
}

/// Deploys a site of one page.
#[track_caller]
pub fn deploy(server: &Server, space: &Space, text: &str) {
    let folder = server.scratch("site");
    fs::create_dir_all(&folder).expect("make a folder");
    fs::write(folder.join("index.html"), text).expect("write a page");
    server.run_json(&["hosting", "deploy", utf8(&folder), "--space", &space.id]);
}

pub fn utf8(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

fn granted(server: &Server, space: &Space, path: &str, size: usize) -> String {
    let size = size.to_string();
    let signed =
        server.management().act("DescribeFileUploadSignedUrl", &[("SpaceId", &space.id), ("FileId", path), ("Size", &size)]).json();
    let url = signed["SignUrl"].as_str().unwrap_or_else(|| panic!("{signed}"));
    url.strip_prefix(server.http()).unwrap_or_else(|| panic!("{url}")).to_owned()
}

/// Sends the head of a `PUT`.
fn begin(server: &Server, target: &str, size: usize) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).expect("connect");
    let head = format!("PUT {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n", server.address());
    socket.write_all(head.as_bytes()).expect("send the head");
    socket
}

#[test]
fn files_functions_and_sites_lie_in_the_bucket() {
    let moto = Moto::start();
    let mut server = Server::with_config(&Moto::toml(moto.address()));
    let space = server.space("app");

    let folder = server.scratch("files");
    fs::create_dir(&folder).expect("make a folder");
    let mut config = server.sdk_config(&space);
    config["folder"] = json!(folder);
    let result = node("files.cjs", &config);
    assert_eq!((&result["downloaded"]["status"], &result["downloaded"]["body"]), (&json!(200), &json!("a picture")), "{result}");
    assert_eq!((&result["serverDownloaded"]["status"], &result["serverDownloaded"]["body"]), (&json!(206), &json!("report")), "{result}");
    assert_eq!((&result["gone"]["status"], &result["serverGone"]["status"]), (&json!(404), &json!(404)), "{result}");

    let function = server.scratch("function");
    fs::create_dir(&function).expect("make a folder");
    fs::write(function.join("index.js"), "module.exports = async ({ args }) => `hello ${args.name}`;").expect("write the function");
    server.deploy(&function, &space, "hello");
    let client = server.wire(&space).authorized();
    assert_eq!(client.invoke("hello", json!({"name": "Ann"})).data(), "hello Ann");
    server.run(&["hosting", "enable", "--space", &space.id]).succeeded();
    deploy(&server, &space, "<h1>one</h1>");
    assert_eq!(page(&server, &space, "/"), (200, "<h1>one</h1>".to_owned()));

    let keys = moto.keys();
    assert!(keys.len() >= 4 && keys.iter().all(|key| key.starts_with("mpcloud/objects/")), "{keys:?}");
    assert_eq!(fs::read_dir(server.data().join("storage")).into_iter().flatten().count(), 0, "nothing lies in the data folder");

    server.stop();
    server.restart();
    assert_eq!(file(&server, &space, "%E7%9B%B8%E5%86%8C/a%20b.png"), (200, b"a picture".to_vec()));
    assert_eq!(server.wire(&space).authorized().invoke("hello", json!({"name": "Bob"})).data(), "hello Bob");
    assert_eq!(page(&server, &space, "/"), (200, "<h1>one</h1>".to_owned()));
    deploy(&server, &space, "<h1>two</h1>");
    assert_eq!(page(&server, &space, "/").1, "<h1>two</h1>");

    server.run(&["space", "delete", &space.id, "--yes"]).succeeded();
    e2e::wait_for("the bucket to be free of the space", || moto.keys().iter().all(|key| !key.contains(&space.id)).then_some(()));
}

#[test]
fn kill_9_during_uploads_to_s3_leaves_nothing_visible() {
    const SIZE: usize = 20 << 20;
    let moto = Moto::start();
    let mut server = Server::with_config(&Moto::toml(moto.address()));
    let space = server.space("app");
    let mut random = StdRng::seed_from_u64(seed());
    let mut kept = None;
    for round in 1..=4u8 {
        let before = moto.keys();
        let sent = random.random_range(0..SIZE);
        let mut socket = begin(&server, &granted(&server, &space, "big.bin", SIZE), SIZE);
        socket.write_all(&vec![round; sent]).expect("send a part of the body");
        std::thread::sleep(Duration::from_millis(random.random_range(0..100)));
        server.kill();
        let new: Vec<String> = moto.keys().into_iter().filter(|key| !before.contains(key)).collect();
        assert_eq!(new, [""; 0], "round {round}, after {sent} bytes: nothing became visible");
        server.restart();
        let (status, body) = file(&server, &space, "big.bin");
        match kept {
            None => assert_eq!(status, 404, "round {round}"),
            Some(old) => assert!(status == 200 && body.len() == SIZE && body.iter().all(|byte| *byte == old), "round {round}"),
        }
        let mut socket = begin(&server, &granted(&server, &space, "big.bin", SIZE), SIZE);
        socket.write_all(&vec![round; SIZE]).expect("send the body");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        kept = Some(round);
    }
}

#[test]
fn large_files_to_and_from_s3_take_no_memory() {
    const SIZE: usize = 160 << 20;
    let moto = Moto::start();
    let server =
        Server::with_config(&format!("{}[plugins.functions]\nenabled = false\nlibrary = \"functions\"\n", Moto::toml(moto.address())));
    let space = server.space("app");
    let transfer = |size: usize| {
        let block = vec![42; 1 << 20];
        let mut most = 0;
        let mut socket = begin(&server, &granted(&server, &space, "big.bin", size), size);
        for _ in 0..size >> 20 {
            socket.write_all(&block).expect("send a block");
            most = most.max(server.resident());
        }
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let mut reply = agent().get(format!("{}/files/{}/big.bin", server.http(), space.id)).call().expect("an answer");
        let (mut reader, mut received) = (reply.body_mut().as_reader(), 0);
        let mut buffer = vec![0; 1 << 20];
        loop {
            match reader.read(&mut buffer).expect("receive") {
                0 => break,
                count => received += count,
            }
            most = most.max(server.resident());
        }
        assert_eq!(received, size);
        most
    };
    let small = transfer(16 << 20);
    let growth = transfer(SIZE).saturating_sub(small);
    println!("at the most {} MB, {} MB more than 16 MB took", (small + growth) >> 20, growth >> 20);
    assert!(growth < 64 << 20, "{} MB more", growth >> 20);
}

#[test]
fn secrets_come_from_files_and_mistakes_are_named() {
    let moto = Moto::start();
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    fs::write(&secret, "a-secret-of-s3\n").expect("write a secret");
    let toml = |secret: &str| Moto::toml(moto.address()).replace("secret_access_key = \"secret\"", secret);
    let server = Server::with_config(&toml(&format!("secret_access_key = {{ file = {:?} }}", utf8(&secret))));
    let space = server.space("app");
    server.run(&["hosting", "enable", "--space", &space.id]).succeeded();
    deploy(&server, &space, "here");
    assert_eq!(page(&server, &space, "/").1, "here");
    let shown = server.run(&["plugin", "list", "--json"]).succeeded().stdout;
    assert!(!shown.contains("a-secret-of-s3") && !server.log().contains("a-secret-of-s3"));
    for (command, wrong, named) in [
        ("check", "secret_access_kee = \"x\"", "did you mean `secret_access_key`?"),
        ("serve", "secret_access_key = { env = \"MPCLOUD_NOT_SET\" }", "MPCLOUD_NOT_SET"),
        ("serve", "secret_access_key = { file = \"/nothing\" }", "/nothing"),
    ] {
        let file = folder.path().join("mpcloud.toml");
        fs::write(&file, format!("[server]\nlisten = \"127.0.0.1:0\"\n{}", toml(wrong))).expect("write the configuration");
        let data = folder.path().join("data");
        let failed = e2e::mpcloud([command, "-c", utf8(&file), "--data", utf8(&data)]).failed();
        assert!(failed.stderr.contains(named), "{wrong}: {}", failed.stderr);
    }
}
