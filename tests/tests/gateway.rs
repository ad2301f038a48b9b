//! The gateway's own promises: TLS and HTTP/2, limits on headers, time and connections, and
//! cross-origin requests.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::{Server, post};
use serde_json::{Value, json};

fn self_signed(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .output()
        .expect("run openssl");
    assert!(made.status.success(), "{made:?}");
}

fn curl(arguments: &[&str]) -> String {
    let done = Command::new("curl").args(["-sS", "--max-time", "20"]).args(arguments).output().expect("run curl");
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).expect("text")
}

#[test]
fn https_offers_http_2_and_http_1() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    self_signed(folder.path());
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let server = Server::with_config(&format!("[server.tls]\ncert = '{}'\nkey = '{}'\n", path("cert.pem"), path("key.pem")));
    let http = server.ready()["http"].as_str().expect("a URL").to_owned();
    assert!(http.starts_with("https://"), "{http}");
    let url = format!("{http}/healthz");
    for (option, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        assert_eq!(curl(&[option, "--cacert", &path("cert.pem"), "-w", "%{http_version}", &url]), format!("ok\n{version}"));
    }
}

#[test]
fn files_are_for_the_listener_of_https_and_the_first_one_stays_http() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    self_signed(folder.path());
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let config = format!("[server]\nhttps = \"127.0.0.1:0\"\n[server.tls]\ncert = '{}'\nkey = '{}'\n", path("cert.pem"), path("key.pem"));
    let server = Server::with_config(&config);
    let url = |key: &str| server.ready()[key].as_str().expect("a URL").to_owned();
    assert!(url("http").starts_with("http://"), "{}", server.ready());
    assert_eq!(curl(&[&format!("{}/healthz", url("http"))]), "ok\n");
    assert_eq!(curl(&["--cacert", &path("cert.pem"), &format!("{}/healthz", url("https"))]), "ok\n");
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let toml = folder.path().join("mpcloud.toml");
    std::fs::write(&toml, "[server.tls]\ncert = \"/nowhere/cert.pem\"\nkey = \"/nowhere/key.pem\"\n").expect("written");
    let checked = e2e::mpcloud(["check", "-c", &toml.to_string_lossy()]).failed();
    assert!(checked.stderr.contains("/nowhere/cert.pem"), "{checked:?}");
}

/// Reads until the other side closes; gives what came.
fn read_to_end(stream: &mut TcpStream, patience: Duration) -> Vec<u8> {
    stream.set_read_timeout(Some(patience)).expect("a timeout");
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => all,
        Err(e) if e.kind() == ErrorKind::ConnectionReset => all,
        Err(e) => panic!("the server did not close the connection: {e}"),
    }
}

#[test]
fn headers_are_bounded_in_size_and_time() {
    let server = Server::with_config("[limits]\nheaders = \"16KiB\"\nheader_timeout = \"300ms\"\n");
    let mut large = TcpStream::connect(server.address()).expect("connected");
    let request = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "a".repeat(64 << 10));
    // The server may close before all of it is written.
    let _ = large.write_all(request.as_bytes());
    let answer = String::from_utf8_lossy(&read_to_end(&mut large, Duration::from_secs(10))).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");

    let began = Instant::now();
    let mut slow = TcpStream::connect(server.address()).expect("connected");
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost:").expect("written");
    read_to_end(&mut slow, Duration::from_secs(10));
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());

    // Neither of them harmed anybody else.
    assert_eq!(curl(&[&format!("{}/healthz", server.http())]), "ok\n");
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let server = Server::with_config("[limits]\nheader_timeout = \"300ms\"\n");
    let address = server.ready()["http"].as_str().and_then(|url| url.strip_prefix("http://")).expect("an address").to_owned();
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n"] {
        let mut stream = TcpStream::connect(&address).expect("connected");
        stream.write_all(beginning.as_bytes()).expect("sent");
        assert_eq!(read_to_end(&mut stream, Duration::from_secs(10)), b"", "{beginning:?}");
    }
}

#[test]
fn connections_over_the_limit_wait_their_turn() {
    let server = Server::with_config("[limits]\nconnections = 2\n");
    let ask = |stream: &mut TcpStream| stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
    let answered = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let mut buffer = [0; 12];
        stream.read_exact(&mut buffer).expect("an answer");
        assert_eq!(&buffer, b"HTTP/1.1 200");
    };
    let mut open: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(server.address()).expect("connected")).collect();
    for stream in &mut open {
        ask(stream);
        answered(stream);
    }
    let mut third = TcpStream::connect(server.address()).expect("queued");
    ask(&mut third);
    third.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    let waiting = third.read(&mut [0; 1]).expect_err("no answer while two are open");
    assert!(matches!(waiting.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{waiting}");
    drop(open);
    answered(&mut third);
}

/// Reads one answer with a body: its head and its body.
fn read_answer(stream: &mut TcpStream) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        head.extend(byte);
    }
    let head = String::from_utf8(head).expect("text").to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length").parse().expect("a number");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a body");
    (head, String::from_utf8(body).expect("text"))
}

#[test]
fn a_connection_goes_on_after_a_body_that_nobody_read() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.address()).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    for path in ["/nothing-is-here", "/healthz", "/nothing-is-here"] {
        write!(stream, "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 6\r\n\r\n").expect("sent");
        // The answer waits for the body, which comes later than the head.
        stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
        let early = stream.read(&mut [0]).expect_err("the body has not come");
        assert!(matches!(early.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{early:?}");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream.write_all(b"unread").expect("sent");
        let (head, _) = read_answer(&mut stream);
        assert!(!head.contains("connection: close"), "{path}: {head}");
    }
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    assert_eq!(read_answer(&mut stream).1, "ok\n");
}

#[test]
fn an_answer_before_a_large_body_says_that_the_connection_ends() {
    let server = Server::start();
    for (what, head) in [
        ("a large body", "content-length: 1000000\r\n\r\nsome"),
        ("one that does not go on", "content-length: 1000\r\n\r\nsome"),
        ("one in chunks that does not end", "transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n"),
        ("one that waits to be asked for", "content-length: 4\r\nexpect: 100-continue\r\n\r\n"),
    ] {
        let mut stream = TcpStream::connect(server.address()).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        write!(stream, "POST /nothing-is-here HTTP/1.1\r\nhost: localhost\r\n{head}").expect("sent");
        let (head, _) = read_answer(&mut stream);
        assert!(head.starts_with("http/1.1 404") && head.contains("connection: close"), "{what}: {head}");
        read_to_end(&mut stream, Duration::from_secs(20));
    }
}

#[test]
fn browsers_may_read_replies_from_the_domains_of_the_space() {
    let server = Server::start();
    let space = server.space("browsers");
    server.management().act("AddCorsDomain", &[("SpaceId", &space.id), ("Domain", "app.example.com")]).json();
    let wire = server.wire(&space);
    let url = format!("{}/client", server.http());
    let allowed = |origin: &str| {
        let body = json!({"spaceId": space.id, "method": "x", "timestamp": 1}).to_string();
        let answer = post(wire.agent(), &url, &[("origin", origin), ("content-type", "application/json")], body.as_bytes());
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(allowed("https://app.example.com").as_deref(), Some("https://app.example.com"));
    assert_eq!(allowed("https://evil.example.com"), None);
    let preflight =
        curl(&["-i", "-X", "OPTIONS", "-H", "origin: https://app.example.com", "-H", "access-control-request-method: POST", &url]);
    assert!(preflight.starts_with("HTTP/1.1 204"), "{preflight}");
    assert!(preflight.contains("access-control-allow-headers: content-type, x-serverless-sign"), "{preflight}");
}

#[test]
fn metrics_count_requests_by_surface_and_result() {
    let server = Server::start();
    let space = server.space("metrics");
    server.wire(&space).authorized();
    let metrics = curl(&[&format!("{}/metrics", server.http())]);
    assert!(metrics.contains("mpcloud_http_requests_total{surface=\"client\",code=\"ok\"} 1"), "{metrics}");
    assert!(metrics.contains("mpcloud_sessions_total 1"), "{metrics}");
    assert!(metrics.trim_end().ends_with("# EOF"), "{metrics}");
    let _: Value = serde_json::from_str(&curl(&[&format!("{}/client", server.http())])).expect("even GET is answered with JSON");
}
