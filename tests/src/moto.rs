//! An S3 server: `moto` from PyPI, which keeps its objects in memory.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;

use crate::clients::virtual_environment;
use crate::wait_for;

/// The name of the bucket.
const BUCKET: &str = "cloud";

/// A running S3 server with one bucket. It ends with this value.
pub struct Moto {
    child: Child,
    scheme: &'static str,
    address: String,
}

impl Moto {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Self {
        Self::launch("http", &[])
    }

    /// Starts one with TLS, whose certificate vouches for itself: `ca.pem` in a folder.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_with_tls(folder: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("make a certificate");
        let (certificate, key) = (folder.join("ca.pem"), folder.join("key.pem"));
        fs::write(&certificate, made.cert.pem()).expect("write the certificate");
        fs::write(&key, made.signing_key.serialize_pem()).expect("write the key");
        Self::launch("https", &["--ssl-cert".as_ref(), certificate.as_os_str(), "--ssl-key".as_ref(), key.as_os_str()])
    }

    fn launch(scheme: &'static str, arguments: &[&OsStr]) -> Self {
        let log = NamedTempFile::new().expect("a temporary file");
        let mut command = Command::new(virtual_environment("moto").join("bin/moto_server"));
        command.args(["--host", "127.0.0.1", "--port", "0"]).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
        let output = |file: &NamedTempFile| file.reopen().expect("open the log again");
        let child = command.stdin(Stdio::null()).stdout(output(&log)).stderr(output(&log)).spawn().expect("start moto_server");
        let mut moto = Self { child, scheme, address: String::new() };
        moto.address = wait_for("moto's address", || {
            let written = fs::read_to_string(log.path()).expect("read moto's log");
            written.lines().find_map(|line| Some(line.split_once("Running on ")?.1.split_once("://")?.1.trim().to_owned()))
        });
        let made = moto.agent().put(moto.url("")).send_empty().expect("make a bucket");
        assert!(made.status().is_success(), "{made:?}");
        moto
    }

    /// Its `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The TOML table of a server that keeps its objects there, with nothing else in it. `address`
    /// is this server's own, or that of something that stands before it.
    pub fn toml(address: &str) -> String {
        format!(
            "[plugins.storage]\nlibrary = \"storage_opendal\"\n[plugins.storage.config]\nscheme = \"s3\"\n[plugins.storage.config.options]\n\
             endpoint = \"http://{address}\"\nregion = \"us-east-1\"\nbucket = \"{BUCKET}\"\nroot = \"/mpcloud\"\naccess_key_id = \"key\"\nsecret_access_key = \"secret\"\n"
        )
    }

    /// The keys of all objects, in the order of S3.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn keys(&self) -> Vec<String> {
        self.texts("list-type=2", "Key")
    }

    /// The keys of all uploads in parts that are neither complete nor aborted.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn uploads(&self) -> Vec<String> {
        self.texts("uploads", "Key")
    }

    /// What elements of a name hold in the answer to a query of the bucket; at most 1,000.
    fn texts(&self, query: &str, element: &str) -> Vec<String> {
        let mut reply = self.agent().get(self.url(query)).call().expect("an answer of moto");
        let text = reply.body_mut().read_to_string().expect("an answer of moto");
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        text.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
    }

    fn url(&self, query: &str) -> String {
        format!("{}://{}/{BUCKET}?{query}", self.scheme, self.address)
    }

    fn agent(&self) -> ureq::Agent {
        let tls = ureq::tls::TlsConfig::builder().disable_verification(true).build();
        ureq::Agent::config_builder().proxy(None).tls_config(tls).build().into()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
