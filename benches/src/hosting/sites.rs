//! A website's files, over HTTP/1.1 and over TLS with HTTP/2.

use std::fs;

use bytes::Bytes;
use e2e::Server;
use http::{Request, header};
use http_body_util::Full;
use serde_json::json;
use tokio::runtime::Runtime;

use super::authority::Authority;
use super::h2load::{self, Asked, Protocol};
use super::servers::{FileServer, caddy, nginx};
use super::{https, with_tls};
use crate::functions::Comparison;
use crate::load::Target;
use crate::rounds::Turn;
use crate::{ROUNDS, Result};

/// The domain of the site.
const NAME: &str = "www.bench.example";
/// What every file begins with.
const PROOF: &str = "mpcloud bench";
const FILES: [(&str, usize); 3] = [("1 KB", 1_000), ("10 KB", 10_000), ("1 MB", 1_000_000)];

/// The bytes of a file, which no compression makes smaller.
fn contents(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let noise = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    PROOF.bytes().chain(noise.flatten()).take(length).collect()
}

/// Has the space's website under [`NAME`], with a certificate.
fn publish(server: &Server, authority: &Authority, folder: &str) -> Result {
    let space = server.space("bench");
    server.run(&["hosting", "enable", "--space", &space.id]).succeeded();
    server.run(&["hosting", "deploy", folder, "--space", &space.id]).succeeded();
    let call = |method: &str, params: String| server.run(&["call", method, &params, "--space", &space.id]).succeeded();
    call("core.domains.put", json!({"host": NAME, "service": "hosting"}).to_string());
    call("core.certificates.put", authority.issue(NAME)?.upload(NAME).to_string());
    Ok(())
}

/// Requests a second for each file, over both protocols; ours is the first.
pub fn measure(runtime: &Runtime, turn: Turn) -> Result<Vec<Comparison>> {
    let folder = tempfile::Builder::new().prefix("bench-site-").tempdir()?;
    for (name, length) in FILES {
        fs::write(folder.path().join(file(name)), contents(length))?;
    }
    let authority = Authority::new()?;
    let server = with_tls();
    publish(&server, &authority, folder.path().to_str().ok_or("the path is not UTF-8")?)?;
    let certificate = authority.issue(NAME)?;
    let others: [(&str, FileServer); 2] =
        [("nginx", nginx(folder.path(), NAME, &certificate)?), ("Caddy", caddy(folder.path(), NAME, &certificate)?)];
    let mut comparisons = Vec::new();
    for (name, length) in FILES {
        let path = format!("/{}", file(name));
        let ours = ("mpcloud", server.address().parse()?, https(&server)?);
        let all: Vec<_> = [ours].into_iter().chain(others.iter().map(|(other, running)| (*other, running.http, running.https))).collect();
        for (server, plain, _) in &all {
            let request = Request::get(&path).header(header::HOST, NAME).body(Full::new(Bytes::new()))?;
            let body = runtime.block_on(Target::new(server, *plain, vec![request], PROOF).ask(0))?;
            if body != contents(length) {
                return Err(format!("{name} of {server} is not what it was: {} bytes", body.len()).into());
            }
        }
        for (protocol, shown) in [(Protocol::Http1, "HTTP/1.1"), (Protocol::Http2, "TLS and HTTP/2")] {
            let asked = all.iter().map(|(server, plain, secure)| {
                let address = if protocol == Protocol::Http1 { *plain } else { *secure };
                Asked { name: server, protocol, address, host: NAME.to_owned(), path: path.clone(), length: length as u64 }
            });
            let series = h2load::compare(&asked.collect::<Vec<_>>(), turn, ROUNDS);
            comparisons.push(Comparison { title: format!("{name}, {shown}"), unit: "requests/s", series, goal: None });
        }
    }
    Ok(comparisons)
}

/// The file of a size. The type is one that nobody compresses.
fn file(name: &str) -> String {
    format!("{}.png", name.replace(' ', "-"))
}
