//! A server whose certificates come from `pebble`, and whose names are in the test's DNS.

use std::thread;
use std::time::{Duration, Instant};

use e2e::{Server, Space};
use serde_json::{Value, json};

use crate::dns::Dns;
use crate::pebble::{How, Pebble, free_port};

pub struct Cloud {
    pub server: Server,
    pub space: Space,
    pub dns: Dns,
    pub pebble: Pebble,
    pub https: u16,
}

/// The configuration of the plugin of domains.
pub fn domains(dns: &Dns, pebble: &Pebble, acme: &Value) -> String {
    configured(dns, pebble, &json!({}), acme)
}

/// The same, with keys of the plugin's own besides those of `acme`.
fn configured(dns: &Dns, pebble: &Pebble, own: &Value, acme: &Value) -> String {
    let quoted = |text: &str| format!("{text:?}");
    let lines =
        |table: &Value| -> String { table.as_object().into_iter().flatten().map(|(key, value)| format!("{key} = {value}\n")).collect() };
    let (own, extra) = (lines(own), lines(acme));
    format!(
        "[plugins.domains]\nlibrary = \"hosting_domains\"\n[plugins.domains.config]\nresolver = {}\nallow_private = true\n{own}[plugins.domains.config.acme]\ndirectory = {}\nroot = {}\nemail = \"ops@example.com\"\nagree = true\n{extra}",
        quoted(&dns.address.to_string()),
        quoted(&pebble.directory()),
        quoted(pebble.root().to_str().expect("a path")),
    )
}

impl Cloud {
    /// A server, and an authority that is prepared but not started.
    pub fn prepare(acme: Value) -> Self {
        Self::prepare_all("", &json!({}), &acme)
    }

    /// The same, with further keys of `[server]`.
    pub fn prepare_listening(keys: &str, acme: Value) -> Self {
        Self::prepare_all(keys, &json!({}), &acme)
    }

    /// The same, with keys of the plugin's own besides those of `acme`.
    pub fn prepare_with(own: &Value, acme: &Value) -> Self {
        Self::prepare_all("", own, acme)
    }

    fn prepare_all(keys: &str, own: &Value, acme: &Value) -> Self {
        let (dns, pebble, https) = (Dns::start(), Pebble::prepare(), free_port());
        let config = format!("[server]\nhttps = \"127.0.0.1:{https}\"\n{keys}\n{}", configured(&dns, &pebble, own, acme));
        let server = Server::with_config(&config);
        let space = server.space("acme");
        Self { server, space, dns, pebble, https }
    }

    /// How the authority runs unless a test wants something special.
    pub fn how(&self) -> How {
        How { dns: self.dns.address, http: self.port(), tls: self.https, life: 3600, refused_nonces: 5, reused: 0, sleep: 0 }
    }

    /// A server and an authority.
    pub fn start(acme: Value) -> Self {
        let mut cloud = Self::prepare(acme);
        cloud.pebble.start(cloud.how());
        cloud
    }

    fn port(&self) -> u16 {
        self.server.address().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Runs an action of the space with the command line's key; its reply.
    #[track_caller]
    pub fn act(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let answer = self.attempt(action, parameters);
        assert!(answer.get("Code").is_none_or(|code| code == ""), "{action}: {answer}");
        answer
    }

    /// The same, whatever comes of it.
    pub fn attempt(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let parameters: Vec<(&str, &str)> =
            std::iter::once(("SpaceId", self.space.id.as_str())).chain(parameters.iter().copied()).collect();
        self.server.management().act(action, &parameters).json()
    }

    /// Shows by DNS that a domain is the space's.
    #[track_caller]
    pub fn own(&self, domain: &str) {
        let content = self.act("GetWebHostingDomainVerificationContent", &[("Domain", domain)]);
        self.dns.text(&format!("verification.{domain}"), content["Data"]["Content"].as_str().expect("a text"));
        self.act("VerifyWebHostingDomainOwner", &[("Domain", domain), ("VerifyType", "dnsCheck")]);
    }

    #[track_caller]
    pub fn bind(&self, domain: &str) {
        self.act("BindWebHostingCustomDomain", &[("CustomDomain", domain)]);
    }

    /// Has a certificate ordered anew, as soon as that is possible again.
    #[track_caller]
    pub fn renew(&self, domain: &str) {
        slowly("another order", || {
            let answer = self.attempt("RenewWebHostingCertificate", &[("Domain", domain)]);
            assert!(answer["Data"] == true || answer["Code"] == "Throttling.Api", "{answer}");
            (answer["Data"] == true).then_some(())
        });
    }

    /// A domain as it is listed.
    #[track_caller]
    pub fn listed(&self, domain: &str) -> Value {
        let reply = self.act("ListWebHostingCustomDomains", &[]);
        reply["Data"].as_array().expect("a list").iter().find(|item| item["Domain"] == domain).cloned().unwrap_or_default()
    }

    pub fn certificate(&self, domain: &str) -> Value {
        self.act("GetWebHostingCertificateDetail", &[("CustomDomain", domain)])["Data"].take()
    }

    /// Waits for a certificate other than one.
    #[track_caller]
    pub fn certified(&self, domain: &str, other: &Value) -> Value {
        slowly(&format!("a certificate of {domain}: {}", self.listed(domain)), || {
            let certificate = self.certificate(domain);
            let new = certificate["Fingerprint"].is_string() && certificate["Fingerprint"] != other["Fingerprint"];
            new.then_some(certificate)
        })
    }
}

/// Looks until `done` gives a value, for what takes longer than most.
///
/// # Panics
/// When 100 seconds pass before that.
#[track_caller]
pub fn slowly<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(100);
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what} did not come within 100 s");
        thread::sleep(Duration::from_millis(100));
    }
}

/// No keys besides those that every test has.
pub fn plain() -> Value {
    json!({"retry_seconds": 1})
}
