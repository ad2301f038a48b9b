//! Spaces show that domains are theirs, by DNS and by a file, and the command line does all of it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use e2e::Server;
use serde_json::{Value, json};

use crate::certificates::shown;
use crate::cloud::{Cloud, slowly};
use crate::dns::Dns;

/// A web server that answers every request in the same way, which can be changed.
pub fn web_server() -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let answer = Arc::new(Mutex::new(String::new()));
    let served = answer.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head.push(byte[0]);
            }
            let _ = stream.write_all(served.lock().expect("the answer").as_bytes());
        }
    });
    (port, answer)
}

fn server(dns: &Dns, extra: &str) -> Server {
    Server::with_config(&format!(
        "[plugins.domains]\nlibrary = \"hosting_domains\"\n[plugins.domains.config]\nresolver = \"{}\"\n{extra}\n",
        dns.address
    ))
}

fn code(server: &Server, action: &str, parameters: &[(&str, &str)]) -> String {
    let answer = server.management().act(action, parameters).json();
    answer["Code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_txt_record_shows_it_for_the_domain_and_all_below_it() {
    let dns = Dns::start();
    let server = server(&dns, "");
    let (space, other) = (server.space("first"), server.space("second"));
    let verify = |space: &str, domain: &str| {
        code(&server, "VerifyWebHostingDomainOwner", &[("SpaceId", space), ("Domain", domain), ("VerifyType", "dnsCheck")])
    };
    let bind = |space: &str, domain: &str| code(&server, "BindWebHostingCustomDomain", &[("SpaceId", space), ("CustomDomain", domain)]);
    assert_eq!(bind(&space.id, "www.a.test"), "InvalidDomain.NotVerified");
    assert_eq!(verify(&space.id, "a.test"), "DomainVerification.Failed", "there is no record");

    let told = server.run_json(&["hosting", "domain", "verify", "a.test", "--space", &space.id]);
    dns.text(told["record"].as_str().expect("a name"), told["content"].as_str().expect("a text"));
    assert_eq!(verify(&other.id, "a.test"), "DomainVerification.Failed", "the token is the other space's");
    server.run(&["hosting", "domain", "verify", "www.a.test", "--dns", "--space", &space.id]).succeeded();
    for domain in ["a.test", "www.a.test", "x.y.a.test"] {
        assert_eq!(bind(&space.id, domain), "", "{domain}");
    }
    assert_eq!(bind(&space.id, "b.test"), "InvalidDomain.NotVerified");
    assert_eq!(bind(&other.id, "new.a.test"), "InvalidDomain.NotVerified");

    // The record may go; each space shows it for itself.
    let content = server.management().act("GetWebHostingDomainVerificationContent", &[("SpaceId", &other.id), ("Domain", "a.test")]).json();
    dns.text("verification.a.test", content["Data"]["Content"].as_str().expect("a text"));
    assert_eq!(bind(&space.id, "later.a.test"), "");
    assert_eq!(verify(&other.id, "a.test"), "");
    assert_eq!(bind(&other.id, "a.test"), "DomainInUse");
    assert_eq!(bind(&other.id, "own.a.test"), "");
}

#[test]
fn a_file_shows_it_and_nothing_else_passes_for_it() {
    let dns = Dns::start();
    let (port, answer) = web_server();
    let server = server(&dns, &format!("file_port = {port}\nallow_private = true"));
    let space = server.space("first");
    let verify = || {
        server
            .management()
            .act("VerifyWebHostingDomainOwner", &[("SpaceId", &space.id), ("Domain", "a.test"), ("VerifyType", "fileCheck")])
            .json()
    };
    let told = server.run_json(&["hosting", "domain", "verify", "a.test", "--space", &space.id]);
    let content = told["content"].as_str().expect("a text");
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    for wrong in [
        ok("something else"),
        ok(&format!("{content}{}", "x".repeat(9000))),
        format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{content}", content.len()),
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}/verification.html\r\ncontent-length: 0\r\n\r\n"),
        "no HTTP".to_owned(),
    ] {
        *answer.lock().expect("the answer") = wrong.clone();
        assert_eq!(verify()["Code"], "DomainVerification.Failed", "{wrong}");
    }
    *answer.lock().expect("the answer") = ok(&format!("{content}\n"));
    server.run(&["hosting", "domain", "verify", "a.test", "--file", "--space", &space.id]).succeeded();
    server.run(&["hosting", "domain", "add", "www.a.test", "--space", &space.id]).succeeded();
}

#[test]
fn the_server_is_not_led_into_its_own_network() {
    let dns = Dns::start();
    let (port, answer) = web_server();
    let server = server(&dns, &format!("file_port = {port}"));
    let space = server.space("first");
    let told = server.run_json(&["hosting", "domain", "verify", "a.test", "--space", &space.id]);
    let content = told["content"].as_str().expect("a text");
    *answer.lock().expect("the answer") = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{content}", content.len());
    let refused = server.run(&["hosting", "domain", "verify", "a.test", "--file", "--space", &space.id]).failed();
    assert!(refused.stderr.contains("public internet"), "{refused:?}");
}

#[test]
fn the_command_line_manages_domains() {
    let dns = Dns::start();
    let server = server(&dns, "require_ownership = false");
    let space = server.space("first");
    let run = |line: &str| -> Value {
        let words: Vec<&str> = ["hosting"].into_iter().chain(line.split(' ')).chain(["--space", &space.id]).collect();
        server.run_json(&words)
    };
    let added = run("domain add WWW.a.test.");
    let cname = format!("{}.localhost", space.id);
    assert_eq!(added, json!({"domain": "www.a.test", "displayName": "www.a.test", "cname": cname}));
    // An international name is told in both forms.
    let international = server.run(&["hosting", "domain", "add", "bücher.test", "--space", &space.id]).succeeded().stdout;
    assert!(international.contains("xn--bcher-kva.test (bücher.test)") && international.contains(&cname), "{international}");
    let again = run("domain add Bücher.test");
    assert_eq!(again, json!({"domain": "xn--bcher-kva.test", "displayName": "bücher.test", "cname": cname}));
    run("domain rm bücher.test");
    run("domain redirect www.a.test https");
    run("domain cors www.a.test --origin https://b.test --origin http://c.test:8080");
    let listed = run("domain list");
    let domain = &listed["domains"][0];
    for (key, value) in [
        ("domain", json!("www.a.test")),
        ("status", json!("online")),
        ("certificateStatus", json!("none")),
        ("forceRedirectType", json!("https")),
        ("enableCors", json!(true)),
        ("accessControlAllowOrigin", json!("https://b.test,http://c.test:8080")),
        ("sslProtocol", json!("off")),
    ] {
        assert_eq!(domain[key], value, "{key}: {listed}");
    }
    let own = rcgen::generate_simple_self_signed(["www.a.test".to_owned()]).expect("a certificate");
    let (cert, key) = (server.scratch("cert.pem"), server.scratch("key.pem"));
    std::fs::write(&cert, own.cert.pem()).expect("write the certificate");
    std::fs::write(&key, own.signing_key.serialize_pem()).expect("write the key");
    let (cert, key) = (cert.to_str().expect("a path"), key.to_str().expect("a path"));
    let attached = run(&format!("cert attach www.a.test --cert {cert} --key {key} --name mine"));
    assert_eq!((&attached["certName"], &attached["status"]), (&json!("mine"), &json!("valid")), "{attached}");
    let refused = server.run(&["hosting", "cert", "renew", "www.a.test", "--space", &space.id]).failed();
    assert!(refused.stderr.contains("InvalidParameter"), "{refused:?}");
    run("cert rm www.a.test");
    assert_eq!(run("cert show www.a.test")["serverCertificateStatus"], "off");
    run("domain cors www.a.test --off");
    assert_eq!(run("domain list")["domains"][0]["enableCors"], false);
    run("domain rm www.a.test");
    assert_eq!(run("domain list")["domains"], json!([]));
}

#[test]
fn a_space_can_bind_so_many_domains() {
    let dns = Dns::start();
    let server = server(&dns, "require_ownership = false\nmax_domains_per_space = 2");
    let (space, other) = (server.space("first"), server.space("second"));
    let add = |space: &str, domain: &str| server.run(&["hosting", "domain", "add", domain, "--space", space]);
    add(&space.id, "a.test").succeeded();
    add(&space.id, "b.test").succeeded();
    let refused = add(&space.id, "c.test").failed();
    assert!(refused.stderr.contains("QuotaExceeded.CustomDomains") && refused.stderr.contains("2 domains"), "{refused:?}");
    assert_eq!(
        code(&server, "UpdateHttpTriggerConfig", &[("SpaceId", &space.id), ("CustomDomain", "f.test")]),
        "QuotaExceeded.CustomDomains"
    );
    add(&space.id, "b.test").succeeded();
    add(&other.id, "c.test").succeeded();
    server.run(&["hosting", "domain", "rm", "a.test", "--space", &space.id]).succeeded();
    add(&space.id, "d.test").succeeded();
}

#[test]
fn a_domain_whose_proof_is_gone_is_served_and_gets_no_new_certificate_until_it_is_shown_again() {
    let (port, answer) = web_server();
    *answer.lock().expect("the answer") = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned();
    // The record's age is one second; the web server of the domain is another one.
    let own = json!({"proof_seconds": 1, "file_port": port});
    let mut cloud = Cloud::prepare_with(&own, &json!({"challenges": ["tls-alpn-01"], "retry_seconds": 1}));
    cloud.pebble.start(cloud.how());
    cloud.own("example.test");
    cloud.bind("www.example.test");
    let first = cloud.certified("www.example.test", &Value::Null);
    cloud.dns.no_text("verification.example.test");
    thread::sleep(Duration::from_millis(1100));
    cloud.renew("www.example.test");
    let lost = slowly("the loss", || Some(cloud.listed("www.example.test")).filter(|listed| listed["Status"] == "unverified"));
    assert!(lost["Description"].as_str().is_some_and(|reason| reason.contains("verification.www.example.test")), "{lost}");
    assert_eq!(lost["CertificateStatus"], "valid", "{lost}");
    assert_eq!(shown(cloud.https, "www.example.test"), first["Fingerprint"].as_str().expect("a digest"), "it is served");
    assert_eq!(cloud.pebble.orders(), 1);
    cloud.own("example.test");
    cloud.certified("www.example.test", &first);
    assert_eq!(cloud.listed("www.example.test")["Status"], "online");
    assert_eq!(cloud.pebble.orders(), 2);
}
