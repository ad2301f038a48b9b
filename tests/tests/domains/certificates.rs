//! Which certificate answers, and where it is kept.

use std::fs;

use rcgen::CustomExtension;
use rustls::AlertDescription;
use serde_json::json;

use crate::cloud::{CONFIG, Cloud};

#[test]
fn the_certificate_is_the_one_of_the_name_and_outlives_a_crash() {
    let mut cloud = Cloud::start();
    let client = cloud.client();
    for host in ["a.example", "b.example"] {
        cloud.bind(&cloud.space, host, json!({}));
        let described = cloud.certify(&cloud.space, host);
        assert_eq!((described["names"].clone(), described["origin"].as_str()), (json!([host]), Some("upload")));
    }
    let mut open = client.secure("a.example", &[b"h2", b"http/1.1"]);
    assert_eq!(open.protocol, b"h2");
    let (a, b) = (open.certificate.clone(), client.certificate("b.example", &[]));
    assert_ne!(a, b);
    assert_eq!(client.ask(&mut open, "a.example", "/x").json()["secure"], true);
    // Replaced while a connection is open, which goes on.
    cloud.certify(&cloud.space, "a.example");
    assert_eq!(client.ask(&mut open, "a.example", "/x").status, 200);
    let replaced = client.certificate("a.example", &[]);
    assert_ne!(replaced, a);
    for unknown in ["c.example", "localhost", "127.0.0.1"] {
        assert_eq!(client.refused(unknown, &[]), AlertDescription::UnrecognisedName, "{unknown}");
    }
    cloud.server.kill();
    cloud.server.restart();
    let client = cloud.client();
    assert_eq!((client.certificate("a.example", &[]), client.certificate("b.example", &[])), (replaced, b));
    cloud.core(&cloud.space.id, "core.certificates.remove", &json!({"host": "a.example"})).succeeded();
    assert_eq!(client.refused("a.example", &[]), AlertDescription::UnrecognisedName);
    cloud.core(&cloud.space.id, "core.domains.remove", &json!({"host": "b.example"})).succeeded();
    assert_eq!(client.refused("b.example", &[]), AlertDescription::UnrecognisedName, "it goes with its domain");
}

#[test]
fn a_host_has_one_space_and_what_does_not_fit_it_is_refused() {
    let cloud = Cloud::start();
    cloud.bind(&cloud.space, "a.example", json!({}));
    let refused = |space: &str, method: &str, params: serde_json::Value| cloud.core(space, method, &params).failed().stderr;
    let taken = refused(&cloud.other.id, "core.domains.put", json!({"host": "a.example", "service": "echo"}));
    assert!(taken.contains("DomainInUse"), "{taken}");
    let taken = refused(&cloud.space.id, "core.domains.put", json!({"host": "a.example", "service": "hosting"}));
    assert!(taken.contains("DomainInUse"), "{taken}");
    for host in ["localhost", "x.localhost", "127.0.0.1", "UPPER.example", "intranet"] {
        let wrong = refused(&cloud.space.id, "core.domains.put", json!({"host": host, "service": "echo"}));
        assert!(wrong.contains("ParamInvalid"), "{host}: {wrong}");
    }
    let (chain, key) = cloud.issue(&["other.example"], None);
    let wrong = json!({"host": "a.example", "origin": "upload", "chain": chain, "key": key});
    assert!(refused(&cloud.space.id, "core.certificates.put", wrong.clone()).contains("InvalidCertificate"));
    assert!(refused(&cloud.other.id, "core.certificates.put", wrong).contains("NotFound"));
    let found = cloud.core("", "core.domains.get", &json!({"host": "a.example"})).succeeded().json();
    assert_eq!(found, json!({"space": cloud.space.id, "host": "a.example", "service": "echo", "redirect": "off"}));
}

#[test]
fn a_connection_for_one_space_does_not_serve_another() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({}));
    cloud.bind(&cloud.space, "same.example", json!({}));
    cloud.bind(&cloud.other, "b.example", json!({}));
    cloud.certify(&cloud.space, "a.example");
    for protocol in [b"h2".as_slice(), b"http/1.1"] {
        let mut connection = client.secure("a.example", &[protocol]);
        assert_eq!(connection.protocol, protocol);
        assert_eq!(client.ask(&mut connection, "b.example", "/").status, 421);
        assert_eq!(client.ask(&mut connection, "localhost", "/healthz").status, 421);
        assert_eq!(client.ask(&mut connection, "same.example", "/").json()["host"], "same.example");
        assert_eq!(client.ask(&mut connection, "a.example", "/").status, 200, "the connection goes on");
    }
}

#[test]
fn a_challenge_is_answered_with_its_own_certificate_until_it_ends() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({}));
    cloud.certify(&cloud.space, "a.example");
    let usual = client.certificate("a.example", &[b"h2"]);
    let (chain, key) = cloud.issue(&["a.example"], Some(CustomExtension::new_acme_identifier(&[7; 32])));
    assert_eq!(client.refused("a.example", &[b"acme-tls/1"]), AlertDescription::UnrecognisedName);
    cloud.core(&cloud.space.id, "core.certificates.putChallenge", &json!({"host": "a.example", "chain": chain, "key": key})).succeeded();
    // rustls takes no certificate with an extension that it does not know; what it says is that it got one.
    let answered = client.handshake("a.example", &[b"acme-tls/1"]).expect_err("a critical extension that it does not know");
    assert!(answered.to_string().contains("UnsupportedCriticalExtension"), "{answered}");
    assert_eq!(client.certificate("a.example", &[b"h2"]), usual);
    cloud.core(&cloud.space.id, "core.certificates.removeChallenge", &json!({"host": "a.example"})).succeeded();
    assert_eq!(client.refused("a.example", &[b"acme-tls/1"]), AlertDescription::UnrecognisedName);
}

#[test]
fn a_space_takes_its_domains_and_certificates_with_it() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({}));
    cloud.bind(&cloud.other, "b.example", json!({}));
    cloud.certify(&cloud.space, "a.example");
    cloud.certify(&cloud.other, "b.example");
    client.certificate("a.example", &[]);
    cloud.server.run(&["space", "delete", &cloud.space.id, "--yes"]).succeeded();
    assert_eq!(client.refused("a.example", &[]), AlertDescription::UnrecognisedName);
    assert_eq!(client.get("a.example", "/healthz").body, "ok\n", "the host is nobody's again");
    assert_eq!(cloud.core("", "core.certificates.list", &json!({})).json()["items"].as_array().map(Vec::len), Some(1));
    cloud.bind(&cloud.other, "a.example", json!({}));
    assert_eq!(client.get_secure("b.example", "/").status, 200);
}

#[test]
fn a_node_with_another_master_key_says_so() {
    let mut cloud = Cloud::start();
    cloud.bind(&cloud.space, "a.example", json!({}));
    cloud.certify(&cloud.space, "a.example");
    cloud.server.stop();
    fs::write(cloud.server.data().join("master.key"), "00".repeat(32)).expect("replaced");
    cloud.server.restart();
    let client = cloud.client();
    assert_eq!(client.refused("a.example", &[]), AlertDescription::InternalError);
    let log = cloud.server.log();
    assert!(log.contains("certificates were encrypted with another master key"), "{log}");
    assert!(log.contains("the private key of `a.example` cannot be decrypted"), "{log}");
    assert_eq!(client.get("a.example", "/").status, 200, "all else goes on");
    cloud.certify(&cloud.space, "a.example");
    assert_eq!(client.get_secure("a.example", "/").status, 200, "another upload mends it");
}

#[test]
fn other_names_get_the_certificate_of_the_server() {
    let cloud = Cloud::start();
    let (chain, key) = cloud.issue(&["localhost", "*.cloud.test"], None);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    fs::write(path("cert.pem"), chain).expect("written");
    fs::write(path("key.pem"), key).expect("written");
    let config = CONFIG.replace("[server]", "[server]\nbase_domain = \"cloud.test\"");
    let tls = format!("{config}\n[server.tls]\ncert = '{}'\nkey = '{}'\n", path("cert.pem"), path("key.pem"));
    let with_tls = Cloud { server: e2e::Server::with_config(&tls), ..cloud };
    let client = with_tls.client();
    assert_eq!(client.get_secure("localhost", "/healthz").body, "ok\n");
    let seen = client.get_secure("demo.cloud.test", "/x").json();
    assert_eq!((seen["space"].as_str(), seen["secure"].as_bool()), (Some("demo"), Some(true)));
    let mut connection = client.secure("localhost", &[b"h2"]);
    assert_eq!(client.ask(&mut connection, "demo.cloud.test", "/").status, 200, "the server's own name is no other space");
}
