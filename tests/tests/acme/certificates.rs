//! Certificates are ordered for bound domains, by every challenge, and failures are told.

use std::net::Ipv4Addr;
use std::sync::Arc;

use e2e::{Server, wait_for};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cloud::{Cloud, plain, slowly};
use crate::ownership::web_server;

/// Takes any certificate: the test looks at it.
#[derive(Debug)]
struct Any(CryptoProvider);

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The digest of the certificate that a server shows for a name.
pub fn shown(port: u16, name: &str) -> String {
    presented(port, name).expect("a handshake")
}

/// The same; none when the handshake is refused.
pub fn presented(port: u16, name: &str) -> Option<String> {
    let provider = ring::default_provider();
    let config = ClientConfig::builder_with_provider(Arc::new(provider.clone())).with_safe_default_protocol_versions().expect("versions");
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(Any(provider))).with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("the server is there");
    connection.complete_io(&mut stream).ok()?;
    Some(hex::encode(Sha256::digest(&connection.peer_certificates().expect("certificates")[0])))
}

fn issues_by(challenge: &str) {
    let cloud = Cloud::start(json!({"challenges": [challenge], "retry_seconds": 1}));
    cloud.own("example.test");
    cloud.bind("www.example.test");
    let certificate = cloud.certified("www.example.test", &Value::Null);
    assert_eq!(certificate["CertType"], "acme", "{certificate}");
    assert_eq!(certificate["CertDomainName"], "www.example.test", "{certificate}");
    assert!(certificate["Issuer"].as_str().is_some_and(|issuer| issuer.contains("Pebble")), "{certificate}");
    wait_for("the certificate in handshakes", || {
        (shown(cloud.https, "www.example.test") == certificate["Fingerprint"].as_str().expect("a digest")).then_some(())
    });
    assert_eq!(cloud.pebble.orders(), 1);
    let listed = cloud.listed("www.example.test");
    assert_eq!((&listed["Status"], &listed["CertificateStatus"]), (&json!("online"), &json!("valid")), "{listed}");
}

#[test]
fn a_certificate_is_issued_by_http() {
    issues_by("http-01");
}

#[test]
fn a_certificate_is_issued_by_tls() {
    issues_by("tls-alpn-01");
}

#[test]
fn a_certificate_is_issued_by_dns() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let (hook, calls) = (folder.path().join("hook"), folder.path().join("calls"));
    std::fs::write(
        &hook,
        format!("#!/bin/sh\necho \"$@\" >> {}\nuntil [ -e {}.go ]; do sleep 0.05; done\n", calls.display(), calls.display()),
    )
    .expect("write the hook");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o700)).expect("make it a program");
    let cloud = Cloud::start(json!({"challenges": ["dns-01"], "dns_hook": hook.to_str().expect("a path"), "retry_seconds": 1}));
    cloud.own("example.test");
    cloud.bind("example.test");
    let call = wait_for("the hook's call", || std::fs::read_to_string(&calls).ok().filter(|text| text.ends_with('\n')));
    let [action, domain, record, value] = call.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{call}") };
    assert_eq!((action, domain), ("present", "example.test"));
    cloud.dns.text(record, value);
    std::fs::write(folder.path().join("calls.go"), "").expect("let the hook end");
    cloud.certified("example.test", &Value::Null);
    let calls = std::fs::read_to_string(&calls).expect("the calls");
    assert_eq!(calls.lines().last(), Some(format!("cleanup example.test {record} {value}").as_str()));
}

#[test]
fn refused_nonces_are_no_failure() {
    let mut cloud = Cloud::prepare(json!({"challenges": ["http-01"], "retry_seconds": 3600}));
    let mut how = cloud.how();
    how.refused_nonces = 50;
    cloud.pebble.start(how);
    cloud.own("example.test");
    cloud.bind("example.test");
    cloud.certified("example.test", &Value::Null);
    assert_eq!(cloud.pebble.orders(), 1);
}

/// Has the authority look elsewhere than at the server, and then there.
fn refused_and_then_issued(challenge: &str, elsewhere: u16, found: &[&str], answer: impl Fn(&str)) {
    let mut cloud = Cloud::prepare(json!({"challenges": [challenge], "retry_seconds": 1, "max_orders_per_hour": 1000}));
    cloud.own("example.test");
    let mut how = cloud.how();
    (how.http, how.tls) = (elsewhere, elsewhere);
    cloud.pebble.start(how);
    for (n, found) in found.iter().enumerate() {
        answer(found);
        let host = format!("www{n}.example.test");
        cloud.bind(&host);
        let failed = slowly("a failure", || Some(cloud.listed(&host)).filter(|listed| listed["Status"] == "configure_failed"));
        let reason = failed["Description"].as_str().expect("a reason");
        // What ends early is a fault of its own to pebble.
        let kinds = ["(unauthorized)", "(connection)", "(tls)", "(malformed)", "(serverInternal)"];
        assert!(reason.contains("certificate authority says") && kinds.iter().any(|kind| reason.contains(kind)), "{found:?}: {reason}");
    }
    // Well answered, and with nonces refused besides.
    let mut well = cloud.how();
    well.refused_nonces = 30;
    cloud.pebble.start(well);
    (0..found.len()).for_each(|n| drop(cloud.certified(&format!("www{n}.example.test"), &Value::Null)));
}

#[test]
fn a_challenge_that_is_answered_wrongly_over_http_is_told() {
    let (elsewhere, answer) = web_server();
    let ways = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nother",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nends early",
        "no HTTP",
    ];
    refused_and_then_issued("http-01", elsewhere, &ways, |found| found.clone_into(&mut answer.lock().expect("the answer")));
}

#[test]
fn a_challenge_that_is_answered_wrongly_over_tls_is_told() {
    // Servers of another protocol, and of TLS for other names.
    let (other, plain_https) = (Server::start(), Cloud::prepare(plain()));
    let plain_http = other.address().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    for elsewhere in [plain_http, plain_https.https] {
        refused_and_then_issued("tls-alpn-01", elsewhere, &[""], |_| {});
    }
}

#[test]
fn a_domain_that_the_authority_has_validated_before_needs_no_challenge() {
    let mut cloud = Cloud::prepare(json!({"challenges": ["http-01"], "retry_seconds": 1}));
    let mut how = cloud.how();
    how.reused = 100;
    cloud.pebble.start(how);
    cloud.own("example.test");
    cloud.bind("example.test");
    let first = cloud.certified("example.test", &Value::Null);
    // Nothing answers a challenge there.
    cloud.dns.lead("example.test", Ipv4Addr::new(127, 9, 9, 9));
    cloud.renew("example.test");
    cloud.certified("example.test", &first);
    assert_eq!(cloud.pebble.orders(), 2);
}

#[test]
fn a_domain_that_leads_elsewhere_is_told_and_certified_when_it_leads_here() {
    let cloud = Cloud::start(plain());
    cloud.own("example.test");
    // Nobody listens there.
    cloud.dns.lead("example.test", Ipv4Addr::new(127, 9, 9, 9));
    cloud.bind("example.test");
    let failed = slowly("a failure", || Some(cloud.listed("example.test")).filter(|listed| listed["Status"] == "configure_failed"));
    let reason = failed["Description"].as_str().expect("a reason");
    assert!(reason.contains("certificate authority says"), "{failed}");
    assert_eq!(failed["CertificateStatus"], "failed", "{failed}");
    cloud.dns.lead("example.test", Ipv4Addr::LOCALHOST);
    cloud.certified("example.test", &Value::Null);
    let listed = cloud.listed("example.test");
    assert_eq!((&listed["Status"], &listed["Description"]), (&json!("online"), &json!("")), "{listed}");
}

#[test]
fn only_bound_domains_get_certificates_and_unbound_ones_lose_them() {
    let cloud = Cloud::start(plain());
    cloud.own("example.test");
    let refused = cloud.attempt("BindWebHostingCustomDomain", &[("CustomDomain", "other.test")]);
    assert_eq!(refused["Code"], "InvalidDomain.NotVerified", "{refused}");
    cloud.bind("example.test");
    cloud.certified("example.test", &Value::Null);
    cloud.act("UnbindWebHostingCustomDomain", &[("CustomDomain", "example.test")]);
    assert_eq!(cloud.attempt("GetWebHostingCertificateDetail", &[("CustomDomain", "example.test")])["Code"], "InvalidDomain.NotFound");
    assert_eq!(cloud.pebble.orders(), 1);
}

#[test]
fn an_own_certificate_goes_before_and_a_detached_one_is_replaced() {
    let cloud = Cloud::start(plain());
    cloud.own("example.test");
    cloud.bind("example.test");
    let ordered = cloud.certified("example.test", &Value::Null);
    let own = rcgen::generate_simple_self_signed(["example.test".to_owned()]).expect("a certificate");
    let (chain, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let other = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    let attach = |key: &str| {
        cloud.attempt(
            "AttachWebHostingCertificate",
            &[("Domain", "example.test"), ("CertName", "mine"), ("ServerCertificate", &chain), ("PrivateKey", key)],
        )
    };
    assert_eq!(attach(&other)["Code"], "InvalidCertificate");
    assert_eq!(attach(&key)["Data"], true);
    let shown_now = cloud.certificate("example.test");
    assert_eq!((&shown_now["CertName"], &shown_now["CertType"]), (&json!("mine"), &json!("upload")), "{shown_now}");
    assert!(shown_now.get("RenewTime").is_none(), "{shown_now}");
    let refused = cloud.attempt("RenewWebHostingCertificate", &[("Domain", "example.test")]);
    assert_eq!(refused["Code"], "InvalidParameter", "{refused}");
    wait_for("the own certificate in handshakes", || {
        (shown(cloud.https, "example.test") == hex::encode(Sha256::digest(own.cert.der()))).then_some(())
    });
    cloud.act("DeleteWebHostingCertificate", &[("Domain", "example.test")]);
    let again = slowly("an ordered certificate", || Some(cloud.certificate("example.test")).filter(|found| found["CertType"] == "acme"));
    assert_ne!(again["Fingerprint"], ordered["Fingerprint"]);
}
