//! A server with a site in each of two spaces, and an authority for its certificates.

use e2e::{Server, Space};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair};
use rustls::RootCertStore;
use serde_json::{Value, json};

use crate::client::Client;

pub const CONFIG: &str = "
[server]
https = \"127.0.0.1:0\"

[plugins.site]
library = \"fixture_site\"

[plugins.sites]
enabled = false
[plugins.domains]
enabled = false
";

pub struct Cloud {
    pub server: Server,
    pub space: Space,
    pub other: Space,
    pub authority: CertifiedIssuer<'static, KeyPair>,
}

impl Cloud {
    pub fn start() -> Self {
        Self::with(CONFIG)
    }

    pub fn with(config: &str) -> Self {
        let server = Server::with_config(config);
        let (space, other) = (server.space("first"), server.space("second"));
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("a certificate of an authority");
        Self { server, space, other, authority }
    }

    /// Calls a method of the core as an administrator.
    pub fn core(&self, space: &str, method: &str, params: &Value) -> e2e::Finished {
        let params = params.to_string();
        let mut arguments = vec!["call", method, &params];
        if !space.is_empty() {
            arguments.extend(["--space", space]);
        }
        self.server.run(&arguments)
    }

    /// Binds a domain with some settings.
    #[track_caller]
    pub fn bind(&self, space: &Space, host: &str, settings: Value) {
        let mut domain = json!({"host": host, "service": "echo"});
        for (key, value) in settings.as_object().expect("an object") {
            domain[key] = value.clone();
        }
        self.core(&space.id, "core.domains.put", &domain).succeeded();
    }

    /// A chain of the authority, and its key.
    pub fn issue(&self, names: &[&str], extension: Option<CustomExtension>) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(names).expect("names");
        params.custom_extensions.extend(extension);
        let certificate = params.signed_by(&key, &self.authority).expect("a certificate");
        (certificate.pem() + &self.authority.pem(), key.serialize_pem())
    }

    /// Gives a domain a certificate.
    #[track_caller]
    pub fn certify(&self, space: &Space, host: &str) -> Value {
        let (chain, key) = self.issue(&[host], None);
        let upload = json!({"host": host, "name": "test", "origin": "upload", "chain": chain, "key": key});
        self.core(&space.id, "core.certificates.put", &upload).succeeded().json()
    }

    /// A client that trusts the authority.
    pub fn client(&self) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).expect("a root");
        let https = if self.server.ready()["https"].is_string() { self.https() } else { "" };
        Client::new(self.server.address(), https, roots)
    }

    /// `host:port` of the listener with TLS.
    pub fn https(&self) -> &str {
        let url = self.server.ready()["https"].as_str().expect("the ready line has `https`");
        url.strip_prefix("https://").expect("its URL is one of HTTPS")
    }

    /// The port of an address.
    pub fn port(address: &str) -> &str {
        address.rsplit(':').next().expect("a port")
    }
}
