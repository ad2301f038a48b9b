#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use sdk_plugin::contract::domains::{Challenge, Upload};
use tokio_rustls::{TlsConnector, client};

use super::*;
use crate::config;
use crate::domains::testing::Database;
use crate::domains::{Domains, Names};

/// A server with certificates of an authority that clients trust.
struct Server {
    issuer: CertifiedIssuer<'static, KeyPair>,
    database: Database,
    certificates: Certificates<Database>,
    names: Names,
    tls: Tls,
}

type Connected = io::Result<client::TlsStream<tokio::io::DuplexStream>>;

impl Server {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let (database, names) = (Database::default(), Names::new("http://127.0.0.1:8520", "localhost"));
        let certificates = certificates(&database, &names, 1);
        Self { issuer, database, certificates, names, tls: Tls::new(None).unwrap() }
    }

    fn certificate(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (cert.pem() + &self.issuer.pem(), key.serialize_pem())
    }

    async fn put(&self, host: &str) {
        let (chain, key) = self.certificate(host);
        let upload = Upload { host: host.into(), name: String::new(), origin: "upload".into(), chain, key };
        self.certificates.put("", upload).await.unwrap();
    }

    fn client(&self, alpn: &[&[u8]]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }

    /// A handshake from both sides.
    async fn connect(&self, client: &TlsConnector, host: &str) -> (Connected, io::Result<Option<Option<String>>>) {
        let (near, far) = tokio::io::duplex(64 << 10);
        let server = handshake(far, &self.tls, &self.certificates, &self.names);
        let (client, server) = tokio::join!(client.connect(ServerName::try_from(host.to_owned()).unwrap(), near), server);
        (client, server.map(|done| done.map(|secured| secured.name)))
    }
}

fn certificates(database: &Database, names: &Names, secret: u8) -> Certificates<Database> {
    let domains = Arc::new(Domains::new(database.clone(), names.clone()));
    Certificates::new(database.clone(), domains, &[secret; 32]).unwrap()
}

fn leaf(connected: &Connected) -> CertificateDer<'static> {
    connected.as_ref().unwrap().get_ref().1.peer_certificates().unwrap()[0].clone()
}

/// The alert that a handshake ended with.
fn alert(connected: Connected) -> AlertDescription {
    let Err(error) = connected else { panic!("the handshake was not refused") };
    match error.get_ref().and_then(|error| error.downcast_ref()) {
        Some(rustls::Error::AlertReceived(alert)) => *alert,
        _ => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn the_certificate_is_the_one_of_the_name() {
    let server = Server::new();
    server.put("a.example").await;
    server.put("b.example").await;
    let client = server.client(&[b"h2", b"http/1.1"]);
    let (a, name) = server.connect(&client, "a.example").await;
    assert_eq!(name.unwrap().unwrap().as_deref(), Some("a.example"));
    assert_eq!(a.as_ref().unwrap().get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (b, _) = server.connect(&client, "B.example").await;
    assert_ne!(leaf(&a), leaf(&b));
    server.put("a.example").await;
    let (replaced, _) = server.connect(&server.client(&[]), "a.example").await;
    assert_ne!(leaf(&a), leaf(&replaced));
}

#[tokio::test]
async fn a_name_without_certificate_gets_the_servers_or_is_refused() {
    let mut server = Server::new();
    let client = server.client(&[]);
    assert_eq!(alert(server.connect(&client, "a.example").await.0), AlertDescription::UnrecognisedName);
    assert_eq!(alert(server.connect(&client, "127.0.0.1").await.0), AlertDescription::UnrecognisedName);
    let folder = tempfile::tempdir().unwrap();
    let files = config::Tls { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    let (chain, key) = server.certificate("*.cloud.example");
    std::fs::write(&files.cert, chain).unwrap();
    std::fs::write(&files.key, key).unwrap();
    server.tls = Tls::new(Some(&files)).unwrap();
    let (own, _) = server.connect(&client, "a.cloud.example").await;
    server.put("b.example").await;
    let (theirs, _) = server.connect(&client, "b.example").await;
    assert_ne!(leaf(&own), leaf(&theirs));
    // Its own names do not need a database.
    server.database.fail(true);
    assert_eq!(alert(server.connect(&client, "c.example").await.0), AlertDescription::InternalError);
    let (near, far) = tokio::io::duplex(64 << 10);
    let connecting = client.connect(ServerName::try_from("localhost").unwrap(), near);
    let (_, answered) = tokio::join!(connecting, handshake(far, &server.tls, &server.certificates, &server.names));
    // The client says that the name is another one, once it has seen the certificate.
    assert!(
        answered
            .err()
            .is_some_and(|error| error.to_string().contains("CertificateUnknown") || error.to_string().contains("BadCertificate"))
    );
}

#[tokio::test]
async fn default_domains_share_a_wildcard_unless_they_have_one_of_their_own() {
    let mut server = Server::new();
    server.names = Names::new("https://cloud.test", "sites.test");
    server.certificates = certificates(&server.database, &server.names, 1);
    let client = server.client(&[]);
    assert_eq!(alert(server.connect(&client, "a.sites.test").await.0), AlertDescription::UnrecognisedName);
    server.put("*.sites.test").await;
    let (a, _) = server.connect(&client, "a.sites.test").await;
    let (b, _) = server.connect(&client, "b.sites.test").await;
    assert_eq!(leaf(&a), leaf(&b));
    for other in ["sites.test", "x.a.sites.test", "cloud.test"] {
        assert_eq!(alert(server.connect(&client, other).await.0), AlertDescription::UnrecognisedName, "{other}");
    }
    server.put("b.sites.test").await;
    assert_ne!(leaf(&server.connect(&client, "b.sites.test").await.0), leaf(&a));
    for (space, host) in [("s", "*.sites.test"), ("", "*.other.test"), ("", "*.a.sites.test"), ("", "*.test")] {
        let (chain, key) = server.certificate(host);
        let upload = Upload { host: host.into(), name: String::new(), origin: "upload".into(), chain, key };
        assert!(server.certificates.put(space, upload).await.is_err(), "{space} {host}");
    }
    // Files that are for the server alone leave its sites to the wildcard.
    let folder = tempfile::tempdir().unwrap();
    let files = config::Tls { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    let (chain, key) = server.certificate("cloud.test");
    std::fs::write(&files.cert, chain).unwrap();
    std::fs::write(&files.key, key).unwrap();
    server.tls = Tls::new(Some(&files)).unwrap();
    assert_eq!(leaf(&server.connect(&client, "a.sites.test").await.0), leaf(&a));
    assert_ne!(leaf(&server.connect(&client, "cloud.test").await.0), leaf(&a));
}

#[tokio::test]
async fn a_key_of_another_node_is_an_alert() {
    let mut server = Server::new();
    server.put("a.example").await;
    server.certificates = certificates(&server.database, &server.names, 2);
    assert_eq!(alert(server.connect(&server.client(&[]), "a.example").await.0), AlertDescription::InternalError);
}

#[tokio::test]
async fn a_challenge_is_answered_by_its_own_certificate_and_ended() {
    let server = Server::new();
    server.put("a.example").await;
    let (chain, key) = server.certificate("a.example");
    let asking = server.client(&[ACME]);
    assert_eq!(alert(server.connect(&asking, "a.example").await.0), AlertDescription::UnrecognisedName);
    let challenge = Challenge { host: "a.example".into(), chain, key };
    server.certificates.put_challenge("", &challenge).await.unwrap();
    let (answered, ended) = server.connect(&asking, "a.example").await;
    assert!(ended.unwrap().is_none(), "nothing follows");
    assert_eq!(answered.as_ref().unwrap().get_ref().1.alpn_protocol(), Some(ACME));
    let (usual, _) = server.connect(&server.client(&[b"h2", ACME]), "a.example").await;
    assert_ne!(leaf(&answered), leaf(&usual), "browsers do not get it");
    server.certificates.remove_challenge("", "a.example").await.unwrap();
    assert_eq!(alert(server.connect(&asking, "a.example").await.0), AlertDescription::UnrecognisedName);
}

#[tokio::test]
async fn what_is_no_handshake_is_an_error() {
    let server = Server::new();
    let (mut near, far) = tokio::io::duplex(64 << 10);
    near.write_all(b"GET / HTTP/1.1\r\nhost: a.example\r\n\r\n").await.unwrap();
    assert!(handshake(far, &server.tls, &server.certificates, &server.names).await.is_err());
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Prints the figures of docs/hosting.md.
#[tokio::test]
async fn ten_thousand_certificates_take_little_memory_and_time() {
    const COUNT: usize = 10_000;
    let server = Server::new();
    let host = |n: usize| format!("{n}.example");
    for n in 0..COUNT {
        server.put(&host(n)).await;
    }
    let before = resident();
    let began = Instant::now();
    for n in 0..COUNT {
        assert!(server.certificates.key(&host(n)).await.unwrap().is_some());
    }
    let (loaded, held) = (began.elapsed(), resident().saturating_sub(before));
    println!("{COUNT} certificates of two links held: {} MiB, {:?} each to load", held >> 20, loaded / 10_000);
    assert!(held < 120 << 20, "{held} bytes");
    let client = server.client(&[b"http/1.1"]);
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(2) {
        let (connected, _) = server.connect(&client, &host(count * 7919 % COUNT)).await;
        connected.unwrap();
        count += 1;
    }
    println!(
        "{:.0} handshakes a second, both sides on one thread",
        f64::from(u32::try_from(count).unwrap()) / began.elapsed().as_secs_f64()
    );
    assert!(count > 50, "{count} handshakes");
}
