//! Functions that try to reach what is near the server: the server itself, its machine, its network.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::stage::Stage;

const REFUSED: &str = "ERR_OUTBOUND_NOT_ALLOWED";

/// Asks for an address in every way there is; gives what became of each.
const ASK: &str = "
  const http = require('http'), https = require('https'), net = require('net');
  const outcome = (asked) => asked.then((answer) => ({ reached: String(answer) }), (error) => {
    const codes = [];
    for (let cause = error; cause && codes.length < 5; cause = cause.cause) if (cause.code) codes.push(cause.code);
    return { codes, message: String(error) };
  });
  const got = (client, url) => new Promise((resolve, reject) => client.get(url, (response) => resolve(response.statusCode)).on('error', reject));
  const connected = (host, port) => new Promise((resolve, reject) => net.connect({ host, port }, () => resolve('connected')).on('error', reject));
  module.exports = async ({ args, httpclient }) => {
    const { host, port, path = '/healthz' } = args;
    const url = `http://${host}:${port}${path}`;
    return {
      fetch: await outcome(fetch(url).then((response) => response.text())),
      httpclient: await outcome(httpclient.request(url, { followRedirect: true, timeout: 3000 }).then((answer) => `${answer.status} ${answer.data}`)),
      http: args.path ? undefined : await outcome(got(http, url)),
      https: args.path ? undefined : await outcome(got(https, url.replace('http:', 'https:'))),
      net: args.path ? undefined : await outcome(connected(host.replace(/[[\\]]/g, ''), port)),
    };
  };
";

fn port(address: &str) -> u16 {
    address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("the address has a port")
}

#[track_caller]
fn all_refused(asked: &str, outcomes: &Value) {
    for (way, outcome) in outcomes.as_object().expect("an object") {
        let codes = outcome["codes"].as_array().unwrap_or_else(|| panic!("{way} reached {asked}: {outcome}"));
        assert!(codes.iter().any(|code| code == REFUSED), "{way} to {asked}: {outcome}");
    }
}

#[test]
fn nothing_near_the_server_is_reached() {
    let stage = Stage::set("");
    stage.hostile.deploy("ask", ASK);
    stage.hostile.allow_seconds("ask", "10");
    let own = port(stage.server.address());
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "127.255.255.254",
        "0",
        "0.0.0.0",
        "localhost",
        "LocalHost",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "224.0.0.1",
        "255.255.255.255",
    ];
    for host in hosts {
        let answer = stage.hostile.client.invoke("ask", json!({"host": host, "port": own}));
        // `net.connect` takes names as they are, and the system's resolver does not know every odd form.
        let mut outcomes = answer.data();
        let net = outcomes["net"].take();
        outcomes.as_object_mut().expect("an object").remove("net");
        all_refused(host, &outcomes);
        assert!(net["reached"].is_null() && net["codes"].is_array(), "net reached {host}: {net}");
    }
    // Full-width digits and dots are the same address to a URL.
    all_refused("１２７．０．０．１", &json!({"fetch": ask_fetch(&stage, "http://１２７．０．０．１", own)}));
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/", "unix:/var/run/docker.sock", "blob:null/1", "//127.0.0.1"] {
        let code = format!("module.exports = () => fetch({}).then((answer) => answer.text())", json!(url));
        let name = "scheme";
        stage.hostile.deploy(name, &code);
        assert_eq!(stage.hostile.client.invoke(name, json!({})).code(), crate::THREW, "{url}");
        stage.hostile.delete(name);
    }
    stage.end("requests to the inside");
}

fn ask_fetch(stage: &Stage, base: &str, port: u16) -> Value {
    stage.hostile.deploy(
        "fetch",
        "module.exports = ({ args }) => fetch(args.url).then((answer) => ({ reached: answer.status }), (error) => ({ codes: [error.cause?.code], message: String(error) }))",
    );
    stage.hostile.client.invoke("fetch", json!({"url": format!("{base}:{port}/healthz")})).data()
}

/// A server outside, which sends everybody on to what its path says, in hexadecimal.
fn redirector() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = redirect(stream);
        }
    });
    (port, asked)
}

fn redirect(stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let target = hex::decode(path).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let head = if target.is_empty() { "200 OK".to_owned() } else { format!("302 Found\r\nlocation: {target}") };
    write!(&stream, "HTTP/1.1 {head}\r\ncontent-length: 3\r\nconnection: close\r\n\r\nhop")
}

#[test]
fn a_redirect_leads_nowhere_else() {
    let (outside, asked) = redirector();
    let stage = Stage::set(&format!("allow_outbound = [\"127.0.0.1:{outside}\"]"));
    stage.hostile.deploy("ask", ASK);
    stage.hostile.allow_seconds("ask", "10");
    let own = port(stage.server.address());
    let ask = |target: &str| {
        let arguments = json!({"host": "127.0.0.1", "port": outside, "path": format!("/{}", hex::encode(target))});
        stage.hostile.client.invoke("ask", arguments).data()
    };
    let reached = ask("");
    assert_eq!(reached["fetch"]["reached"], "hop", "the operator allows it: {reached}");
    assert_eq!(reached["httpclient"]["reached"], "200 hop", "{reached}");
    for target in [
        format!("http://127.0.0.1:{own}/healthz"),
        format!("//127.1:{own}/healthz"),
        format!("http://localhost:{own}/healthz"),
        format!("http://[::ffff:127.0.0.1]:{own}/healthz"),
        format!("http://0x7f000001:{own}/healthz"),
        format!("http://127.0.0.1:{outside}@127.0.0.1:{own}/healthz"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        // Two hops.
        format!("http://127.0.0.1:{outside}/{}", hex::encode(format!("http://127.0.0.1:{own}/healthz"))),
    ] {
        let before = asked.load(Ordering::SeqCst);
        let mut outcomes = ask(&target);
        assert!(asked.load(Ordering::SeqCst) > before, "the first hop was made");
        if target.contains('@') {
            // With a name and a password in it, fetch may say no before it looks at the address.
            let outcome = outcomes["fetch"].take();
            assert!(outcome["reached"].is_null(), "{outcome}");
            outcomes.as_object_mut().expect("an object").remove("fetch");
        }
        all_refused(&target, &outcomes);
    }
    // While as many hops as anybody needs are followed.
    let follow = "module.exports = ({ args }) => fetch(args.url).then(() => 'reached', (error) => String(error))";
    stage.hostile.deploy("follow", follow);
    let before = asked.load(Ordering::SeqCst);
    let mut url = format!("http://127.0.0.1:{outside}/");
    for _ in 0..3 {
        url = format!("http://127.0.0.1:{outside}/{}", hex::encode(&url));
    }
    assert_eq!(stage.hostile.client.invoke("follow", json!({"url": url})).data(), "reached", "three hops are fine");
    assert_eq!(asked.load(Ordering::SeqCst) - before, 4);
    stage.end("redirects to the inside");
}
