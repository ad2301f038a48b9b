//! HTTP triggers of functions at a domain of their own.

use std::io::{Read, Write};
use std::net::TcpStream;

use e2e::function;
use serde_json::{Value, json};

use crate::certificates::shown;
use crate::cloud::{Cloud, plain, slowly};

/// What the server answers on a host over HTTP.
fn get(cloud: &Cloud, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(cloud.server.address()).expect("a connection");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").expect("send a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn triggers_have_a_domain_and_a_certificate_of_their_own() {
    let cloud = Cloud::start(plain());
    let space = cloud.space.id.as_str();
    cloud.server.deploy(&function("hello"), &cloud.space, "hello");
    cloud.server.run(&["function", "update", "hello", "--http-path", "/http/hello", "--space", space]).succeeded();
    cloud.server.run(&["function", "http", "on", "--space", space]).succeeded();
    let refused = cloud.attempt("UpdateHttpTriggerConfig", &[("CustomDomain", "fn.example.test")]);
    assert_eq!(refused["Code"], "InvalidDomain.NotVerified", "{refused}");
    cloud.own("example.test");
    let bound = cloud.act("UpdateHttpTriggerConfig", &[("CustomDomain", "fn.example.test")]);
    assert_eq!((&bound["CustomDomain"], &bound["EnableService"]), (&json!("fn.example.test"), &json!(true)), "{bound}");
    assert_eq!(bound["CustomDomainCname"], format!("{space}.localhost"), "{bound}");
    assert!(get(&cloud, "fn.example.test", "/http/hello").starts_with("HTTP/1.1 200"));
    assert!(get(&cloud, "fn.example.test", "/http/nothing").starts_with("HTTP/1.1 404"));

    let info = slowly("a certificate", || {
        let told = cloud.act("DescribeHttpTriggerConfig", &[])["CustomDomainCertificateInfo"].take();
        serde_json::from_str::<Value>(told.as_str().expect("a text")).ok()
    });
    assert_eq!((&info["CertType"], &info["CertDomainName"]), (&json!("acme"), &json!("fn.example.test")), "{info}");
    assert_eq!(shown(cloud.https, "fn.example.test").len(), 64);

    let own = rcgen::generate_simple_self_signed(["api.example.test".to_owned()]).expect("a certificate");
    let (chain, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let all = [("CustomDomain", "api.example.test"), ("CustomDomainCertificate", &chain), ("CustomDomainPrivateKey", &key)];
    let moved = cloud.act("UpdateHttpTriggerConfig", &all);
    assert!(moved["CustomDomainCertificateInfo"].as_str().is_some_and(|info| info.contains("upload")), "{moved}");
    assert!(get(&cloud, "api.example.test", "/http/hello").starts_with("HTTP/1.1 200"));
    assert!(!get(&cloud, "fn.example.test", "/http/hello").starts_with("HTTP/1.1 200"), "it is bound no more");
    assert_eq!(cloud.act("UpdateHttpTriggerConfig", &[("CustomDomain", "")])["CustomDomain"], "");
}

#[test]
fn the_command_line_binds_them_as_it_does_sites() {
    let cloud = Cloud::start(plain());
    let space = cloud.space.id.clone();
    cloud.server.deploy(&function("hello"), &cloud.space, "hello");
    cloud.server.run(&["function", "update", "hello", "--http-path", "/http/hello", "--space", &space]).succeeded();
    cloud.server.run(&["function", "http", "on", "--space", &space]).succeeded();
    cloud.own("example.test");
    let run = |kind: &str, rest: &[&str]| {
        let all: Vec<&str> = [&["hosting", kind][..], rest, &["--service", "http", "--space", &space, "--json"]].concat();
        cloud.server.run(&all).succeeded().json()
    };
    let bound = run("domain", &["add", "api.example.test"]);
    assert_eq!(bound["cname"], format!("{space}.localhost"), "{bound}");
    assert!(get(&cloud, "api.example.test", "/http/hello").starts_with("HTTP/1.1 200"));
    slowly("a certificate", || Some(run("cert", &["show", "api.example.test"])).filter(|shown| shown["certType"] == "acme"));
    run("domain", &["hsts", "api.example.test", "--max-age", "3600", "--include-subdomains"]);
    run("domain", &["redirect", "api.example.test", "https"]);
    let listed = run("domain", &["list"])["domains"][0].clone();
    assert_eq!((&listed["domain"], &listed["forceRedirectType"]), (&json!("api.example.test"), &json!("https")), "{listed}");
    assert_eq!((&listed["hstsMaxAge"], &listed["hstsIncludeSubDomains"]), (&json!(3600), &json!(true)), "{listed}");
    assert!(get(&cloud, "api.example.test", "/http/hello").starts_with("HTTP/1.1 308"));
    let sites = cloud.server.run(&["hosting", "domain", "list", "--space", &space, "--json"]).succeeded().json();
    assert_eq!(sites["domains"], json!([]), "they are none of the site's");
    run("domain", &["rm", "api.example.test"]);
    assert_eq!(run("domain", &["list"])["domains"], json!([]));
}
