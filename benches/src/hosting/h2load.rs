//! `h2load` of nghttp2, which asks over HTTP/1.1, or over TLS with HTTP/2.

use std::net::SocketAddr;
use std::process::Command;

use crate::Result;
use crate::rounds::{Series, Turn};

/// How it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 without TLS.
    Http1,
    /// HTTP/2 over TLS.
    Http2,
}

impl Protocol {
    /// What a URL begins with, an option, and what `h2load` calls it.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Http1 => ("http", "--h1", "http/1.1"),
            Self::Http2 => ("https", "--npn-list=h2", "h2"),
        }
    }
}

/// A file of a server.
pub struct Asked {
    pub name: &'static str,
    pub protocol: Protocol,
    /// Where the server listens by it.
    pub address: SocketAddr,
    /// The name that its certificate is for.
    pub host: String,
    pub path: String,
    /// How long the file is.
    pub length: u64,
}

impl Asked {
    /// Requests a second of one turn.
    fn measure(&self, turn: Turn) -> Result<f64> {
        let seconds = turn.time.as_secs().max(1).to_string();
        let (scheme, option, _) = self.protocol.words();
        let url = format!("{scheme}://{}:{}{}", self.host, self.address.port(), self.path);
        let mut command = Command::new("h2load");
        command.args(["--threads=1", "--max-concurrent-streams=1", "--warm-up-time=1", option]);
        command.arg(format!("--duration={seconds}")).arg(format!("--clients={}", turn.connections));
        let output = command.arg(format!("--connect-to={}", self.address)).arg(&url).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let read = read(&text, self.length, self.protocol);
        read.map_err(|why| format!("{}: {why}\n{text}{}", self.name, String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// Requests a second of several servers, measured by turns. Who fails is not measured further.
pub fn compare(asked: &[Asked], turn: Turn, rounds: usize) -> Vec<Series> {
    let mut series: Vec<Series> = asked.iter().map(|asked| Series::new(asked.name)).collect();
    for _ in 0..rounds {
        for (asked, series) in asked.iter().zip(&mut series).filter(|(_, series)| series.failure.is_none()) {
            match asked.measure(turn) {
                Ok(rate) => series.figures.push(rate),
                Err(e) => {
                    println!("{e}");
                    series.failure = Some(e.to_string());
                }
            }
        }
    }
    series
}

/// The rate in what `h2load` has printed, if all answers were right.
fn read(text: &str, length: u64, protocol: Protocol) -> Result<f64, String> {
    let line = |start: &str| text.lines().find_map(|line| line.trim().strip_prefix(start)).ok_or(format!("no `{start}`"));
    let rate: f64 = line("finished in ")?
        .split(", ")
        .find_map(|part| part.strip_suffix(" req/s"))
        .and_then(|rate| rate.parse().ok())
        .ok_or("no rate")?;
    let (_, _, asked) = protocol.words();
    let answered = line("Application protocol: ")?;
    if answered != asked {
        return Err(format!("it was not {asked}, but {answered}"));
    }
    let count = |list: &str, what: &str| -> Option<u64> { list.split(", ").find_map(|part| part.strip_suffix(what)?.trim().parse().ok()) };
    let requests = line("requests: ")?;
    if count(requests, " failed") != Some(0) || count(requests, " errored") != Some(0) {
        return Err("requests failed".to_owned());
    }
    let succeeded = count(line("status codes: ")?, " 2xx").unwrap_or_default();
    let others = [" 3xx", " 4xx", " 5xx"].map(|kind| line("status codes: ").ok().and_then(|codes| count(codes, kind)).unwrap_or_default());
    if succeeded == 0 || others.iter().any(|count| *count > 0) {
        return Err("not all answers were files".to_owned());
    }
    // The bytes of bodies are in brackets at the end: `traffic: … (…) data`.
    let traffic = line("traffic: ")?;
    let data = traffic.rsplit_once('(').and_then(|(_, data)| data.split_once(')')).and_then(|(bytes, _)| bytes.parse::<u64>().ok());
    let least = succeeded.saturating_mul(length);
    if data.is_none_or(|data| data < least) {
        return Err(format!("{succeeded} answers have fewer than {least} bytes"));
    }
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Application protocol: h2

finished in 2.00s, 12345.50 req/s, 12.06MB/s
requests: 24691 total, 24707 started, 24691 done, 24691 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 24691 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 24.12MB (25288128) total, 1.20MB (1258291) headers (space savings 60.00%), 24.11MB (25283584) data
";

    #[test]
    fn a_rate_counts_when_all_answers_are_whole() {
        assert_eq!(read(TEXT, 1024, Protocol::Http2), Ok(12345.5));
        assert!(read(TEXT, 1024, Protocol::Http1).is_err_and(|e| e.contains("not http/1.1")));
        for (from, to, why) in [
            ("protocol: h2", "protocol: http/1.1", "not h2"),
            ("0 failed", "3 failed", "failed"),
            ("24691 2xx, 0 3xx, 0 4xx", "24690 2xx, 0 3xx, 1 4xx", "not all"),
            ("(25283584) data", "(25283583) data", "fewer"),
        ] {
            assert!(read(&TEXT.replace(from, to), 1024, Protocol::Http2).is_err_and(|e| e.contains(why)), "{to}");
        }
        assert!(read("", 1, Protocol::Http2).is_err());
    }
}
