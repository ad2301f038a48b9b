//! A running `pebble`.

use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use e2e::wait_for;
use serde_json::json;
use tempfile::TempDir;

/// A place for `pebble`: its port and its own certificate are known before it runs.
pub struct Pebble {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
    runs: u32,
}

/// How it is to run.
#[derive(Clone, Copy)]
pub struct How {
    /// Where it finds domains.
    pub dns: SocketAddr,
    /// Where it asks over HTTP, and over TLS.
    pub http: u16,
    pub tls: u16,
    /// How long certificates live, in seconds.
    pub life: u64,
    /// How many good nonces it refuses, in percent.
    pub refused_nonces: u32,
    /// How many orders need no new validation, in percent.
    pub reused: u32,
    /// How long it waits before it validates, in seconds at the most.
    pub sleep: u32,
}

/// A port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

impl Pebble {
    pub fn prepare() -> Self {
        let folder = TempDir::new().expect("a folder");
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        fs::write(folder.path().join("cert.pem"), own.cert.pem()).expect("write the certificate");
        fs::write(folder.path().join("key.pem"), own.signing_key.serialize_pem()).expect("write the key");
        Self { folder, port: free_port(), child: None, runs: 0 }
    }

    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    /// The certificate that vouches for it.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Starts it, with an empty memory.
    pub fn start(&mut self, how: How) {
        self.stop();
        self.runs += 1;
        let file = |name: &str| self.folder.path().join(name).to_str().expect("a path").to_owned();
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.port),
            "managementListenAddress": "",
            "certificate": file("cert.pem"),
            "privateKey": file("key.pem"),
            "httpPort": how.http,
            "tlsPort": how.tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "certificateValidityPeriod": how.life,
        }});
        let path = file("pebble.json");
        File::create(&path).and_then(|mut file| file.write_all(config.to_string().as_bytes())).expect("write the configuration");
        let log = File::create(self.log_file()).expect("a log");
        let mut command = Command::new("pebble");
        command.args(["-config", &path, "-strict", "-dnsserver", &how.dns.to_string()]);
        command.env("PEBBLE_WFE_NONCEREJECT", how.refused_nonces.to_string());
        command.env("PEBBLE_VA_ALWAYS_VALID", "0").env("PEBBLE_AUTHZREUSE", how.reused.to_string());
        match how.sleep {
            0 => command.env("PEBBLE_VA_NOSLEEP", "1"),
            seconds => command.env("PEBBLE_VA_SLEEPTIME", seconds.to_string()),
        };
        let errors = log.try_clone().expect("the log");
        let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        self.child = Some(child.expect("start pebble: apt-get install pebble"));
        wait_for("pebble's listening", || TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join(format!("pebble.{}.log", self.runs))
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// How many orders were placed since it was started.
    pub fn orders(&self) -> usize {
        self.log().matches("Added order ").count()
    }

    /// How many certificates it has issued since it was started.
    pub fn issued(&self) -> usize {
        self.log().matches("Issued certificate serial").count()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("--- log of pebble ---\n{}", lines[lines.len().saturating_sub(60)..].join("\n"));
        }
    }
}
