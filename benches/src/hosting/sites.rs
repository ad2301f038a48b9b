//! A website's files, over HTTP/1.1 and over TLS with HTTP/2.

use std::fs;

use bytes::Bytes;
use e2e::Server;
use http::{Request, header};
use http_body_util::Full;
use serde_json::json;
use tokio::runtime::Runtime;

use super::authority::Authority;
use super::h2load::{self, Asked};
use super::servers::{FileServer, caddy, nginx};
use super::{https, with_tls};
use crate::functions::Comparison;
use crate::load::{Target, compare};
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
        let plain = |server: &str, address| -> Result<Target> {
            let request = Request::get(&path).header(header::HOST, NAME).body(Full::new(Bytes::new()))?;
            Ok(Target::new(server, address, vec![request], PROOF))
        };
        let mut targets = vec![plain("mpcloud", server.address().parse()?)?];
        let secure = |server, address| Asked { name: server, address, host: NAME.to_owned(), path: path.clone(), length: length as u64 };
        let mut asked = vec![secure("mpcloud", https(&server)?)];
        for (other, running) in &others {
            targets.push(plain(other, running.http)?);
            asked.push(secure(other, running.https));
        }
        for target in &targets {
            let body = runtime.block_on(target.ask(0))?;
            if body != contents(length) {
                return Err(format!("{name} is not what it was: {} bytes", body.len()).into());
            }
        }
        let series = runtime.block_on(compare(&targets, turn, ROUNDS));
        comparisons.push(Comparison { title: format!("{name}, HTTP/1.1"), unit: "requests/s", series, goal: None });
        let series = h2load::compare(&asked, turn, ROUNDS);
        comparisons.push(Comparison { title: format!("{name}, TLS and HTTP/2"), unit: "requests/s", series, goal: None });
    }
    Ok(comparisons)
}

/// The file of a size. The type is one that nobody compresses.
fn file(name: &str) -> String {
    format!("{}.png", name.replace(' ', "-"))
}
