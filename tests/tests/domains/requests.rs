//! Which host leads where.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use e2e::Server;
use serde_json::json;

use crate::cloud::{CONFIG, Cloud};

#[test]
fn a_spaces_hosts_lead_to_its_site_and_all_others_to_the_server() {
    let cloud = Cloud::start();
    let client = cloud.client();
    let port = Cloud::port(cloud.server.address());
    cloud.bind(&cloud.space, "www.shop.example", json!({}));
    let default = format!("{}.localhost", cloud.space.id);
    for (asked, host) in [
        (format!("{default}:{port}"), default.as_str()),
        (default.to_uppercase(), &default),
        ("www.shop.example".to_owned(), "www.shop.example"),
        ("WWW.Shop.example.:8080".to_owned(), "www.shop.example"),
    ] {
        // What is the server's own elsewhere is a path like any other here.
        for path in ["/", "/client", "/server", "/healthz", "/metrics", "/?Action=ListSpaces", "/fixture/", "//a%20b?c=%2F"] {
            let seen = client.get(&asked, path);
            let expected = json!({"method": "GET", "uri": path, "host": host, "space": cloud.space.id, "secure": false});
            assert_eq!((seen.status, seen.json()), (200, expected), "{asked} {path}");
            assert!(seen.header("request-id").is_some() && seen.header("date").is_some());
        }
    }
    let posted = client.plain("POST", "/", &[("host", "www.shop.example"), ("content-length", "0")]);
    assert_eq!(posted.json()["method"], "POST", "it is no management request");
    for own in ["localhost", &format!("127.0.0.1:{port}"), "[::1]", "other.example", "a.b.localhost", "my_machine:80"] {
        assert_eq!(client.get(own, "/healthz").body, "ok\n", "{own}");
        let seen = client.get(own, "/fixture/x").json();
        assert_eq!(seen["space"], "", "{own}");
    }
    cloud.core(&cloud.space.id, "core.domains.remove", &json!({"host": "www.shop.example"})).succeeded();
    assert_eq!(client.get("www.shop.example", "/healthz").body, "ok\n");
}

#[test]
fn paths_below_well_known_that_a_plugin_claims_go_first_on_every_host() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "lost.example", json!({"service": "nobodys"}));
    let challenge = "/.well-known/acme-challenge/token";
    for host in ["lost.example", "localhost", "unknown.example"] {
        let seen = client.get(host, challenge);
        assert_eq!((seen.status, seen.json()["host"].as_str()), (200, Some(host)));
    }
    let lost = client.get("lost.example", "/");
    assert_eq!((lost.status, lost.body.as_str()), (503, "no plugin answers the service `nobodys`\n"));
    assert_eq!(client.get("lost.example", "/.well-known/other").status, 503);
}

#[test]
fn a_request_that_names_no_host_or_several_is_refused() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({}));
    let no_host: [&[(&str, &str)]; 5] =
        [&[], &[("host", "a.example"), ("host", "a.example")], &[("host", "")], &[("host", "a..example")], &[("host", "a.example/b")]];
    for headers in no_host {
        assert_eq!(client.plain("GET", "/healthz", headers).status, 400, "{headers:?}");
    }
    assert_eq!(client.raw("GET /healthz HTTP/1.0\r\n\r\n").body, "ok\n");
    // The target of a request to a proxy goes before its Host (RFC 9112, section 3.2.2).
    let seen = client.plain("GET", "http://A.example/x?y", &[("host", "other.example")]).json();
    assert_eq!((seen["host"].as_str(), seen["uri"].as_str()), (Some("a.example"), Some("/x?y")));
    assert_eq!(client.plain("OPTIONS", "*", &[("host", "a.example")]).status, 400);
    assert_eq!(client.plain("CONNECT", "a.example:443", &[("host", "a.example:443")]).status, 400);
}

#[test]
fn answers_of_a_site_are_left_as_they_are() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({}));
    let get = client.get("a.example", "/x");
    assert_eq!(get.header("x-site"), Some("yes"));
    for added in ["strict-transport-security", "access-control-allow-origin", "vary", "content-encoding"] {
        assert_eq!(get.header(added), None, "{added}");
    }
    let head = client.plain("HEAD", "/x", &[("host", "a.example")]);
    let length: usize = head.header("content-length").and_then(|length| length.parse().ok()).expect("a length");
    assert_eq!((head.body.as_str(), length), ("", get.body.len() + 1), "HEAD is one letter longer than GET");
    let away = client.get("a.example", "/away");
    assert_eq!((away.status, away.body.as_str()), (503, "try again later\n"));
}

#[test]
fn bodies_of_sites_stream_both_ways() {
    let cloud = Cloud::start();
    cloud.bind(&cloud.space, "a.example", json!({}));
    let mut stream = TcpStream::connect(cloud.server.address()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream.write_all(b"POST /echo HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n").expect("sent");
    let mut answer = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut send = |chunk: &str| stream.write_all(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes()).expect("sent");
    send("first");
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        answer.read_line(&mut line).expect("a header");
    }
    let mut receive = |expected: &str| {
        let mut chunk = vec![0; expected.len() + 5];
        answer.read_exact(&mut chunk).expect("a chunk");
        assert_eq!(String::from_utf8_lossy(&chunk), format!("{:x}\r\n{expected}\r\n", expected.len()));
    };
    // The first part is here before the second is sent.
    receive("first");
    send("second");
    receive("second");
}

#[test]
fn plugins_are_told_where_the_server_is_reached() {
    let endpoint = |config: &str| {
        let server = Server::with_config(&format!("{CONFIG}\n{config}"));
        let endpoint = server.run(&["call", "core.endpoint"]).succeeded().json();
        let https = server.ready()["https"].as_str().and_then(|url| url.rsplit(':').next()?.parse::<u16>().ok());
        (endpoint, server.http().to_owned(), https)
    };
    let (told, http, https) = endpoint("");
    let port = Cloud::port(&http);
    assert_eq!(told, json!({"http": http, "sites": format!("localhost:{port}"), "sitesSecure": false, "httpsPort": https}));
}

#[test]
fn two_plugins_cannot_answer_the_same_service() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let toml = folder.path().join("mpcloud.toml");
    std::fs::write(&toml, format!("{CONFIG}\n[plugins.twin]\nlibrary = \"fixture_site\"\n")).expect("written");
    let checked = e2e::mpcloud(["check", "-c", &toml.to_string_lossy()]).failed();
    assert!(checked.stderr.contains("both answer the service"), "{checked:?}");
}
