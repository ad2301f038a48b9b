//! Certificates of the server's own names and of the default domains of sites.

use e2e::{Server, SurrealServer, wait_for};
use serde_json::{Value, json};

use crate::certificates::{presented, shown};
use crate::cloud::{Cloud, domains, slowly};
use crate::dns::Dns;
use crate::nodes::node;
use crate::pebble::{Pebble, free_port};

const BASE: &str = "base_domain = \"sites.test\"";

/// What is known of the server's certificates, by name.
fn known(cloud: &Cloud, host: &str) -> Value {
    let all = cloud.server.run(&["call", "domains.server", "{}"]).succeeded().json();
    all.as_array().expect("a list").iter().find(|item| item["host"] == host).cloned().unwrap_or_default()
}

/// Waits until a name is answered with the certificate that is known of another name.
#[track_caller]
fn answered(cloud: &Cloud, name: &str, of: &str) -> Value {
    slowly(&format!("a certificate for {name}: {}", known(cloud, of)), || {
        let certificate = known(cloud, of)["certificate"].take();
        let shown = presented(cloud.https, name)?;
        (certificate["fingerprint"] == shown.as_str()).then_some(certificate)
    })
}

fn issues_by(challenge: &str) {
    let mut cloud = Cloud::prepare_listening(
        BASE,
        json!({"challenges": [challenge], "retry_seconds": 1, "server_names": ["cloud.test", "api.cloud.test"], "sites": "each"}),
    );
    cloud.pebble.start(cloud.how());
    for name in ["cloud.test", "api.cloud.test"] {
        let certificate = answered(&cloud, name, name);
        assert_eq!((&certificate["origin"], &certificate["names"]), (&json!("acme"), &json!([name])));
    }
    let site = format!("{}.sites.test", cloud.space.id);
    assert_eq!(presented(cloud.https, &site), None, "its site is not open");
    cloud.act("OpenWebHostingService", &[]);
    answered(&cloud, &site, &site);
    assert!(known(&cloud, &site)["renewal"].is_u64(), "{}", known(&cloud, &site));
    assert_eq!(cloud.pebble.orders(), 3);
    // They are there after a restart, and are not ordered anew.
    let before = shown(cloud.https, "cloud.test");
    cloud.server.kill();
    cloud.server.restart();
    assert_eq!(shown(cloud.https, "cloud.test"), before);
    assert_eq!(answered(&cloud, &site, &site)["origin"], "acme");
    assert_eq!(cloud.pebble.orders(), 3);
    let refused = cloud.attempt("BindWebHostingCustomDomain", &[("CustomDomain", "cloud.test")]);
    assert_eq!(refused["Code"], "DomainInUse", "{refused}");
}

#[test]
fn the_servers_names_and_open_sites_get_certificates_by_http() {
    issues_by("http-01");
}

#[test]
fn the_servers_names_and_open_sites_get_certificates_by_tls() {
    issues_by("tls-alpn-01");
}

#[cfg(unix)]
#[test]
fn all_sites_share_a_wildcard_that_is_proved_by_dns() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let (hook, calls) = (folder.path().join("hook"), folder.path().join("calls"));
    let text = format!("#!/bin/sh\necho \"$@\" >> {0}\nuntil [ -e {0}.go ]; do sleep 0.05; done\n", calls.display());
    std::fs::write(&hook, text).expect("write the hook");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o700)).expect("make it a program");
    let mut cloud =
        Cloud::prepare_listening(BASE, json!({"dns_hook": hook.to_str().expect("a path"), "retry_seconds": 1, "sites": "wildcard"}));
    cloud.pebble.start(cloud.how());
    let call = slowly("the hook's call", || std::fs::read_to_string(&calls).ok().filter(|text| text.ends_with('\n')));
    let [action, domain, record, value] = call.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{call}") };
    assert_eq!((action, domain, record), ("present", "sites.test", "_acme-challenge.sites.test"));
    cloud.dns.text(record, value);
    std::fs::write(folder.path().join("calls.go"), "").expect("let the hook end");
    let site = format!("{}.sites.test", cloud.space.id);
    let certificate = answered(&cloud, &site, "*.sites.test");
    assert_eq!(certificate["names"], json!(["*.sites.test"]));
    assert_eq!(presented(cloud.https, "sites.test"), None, "it is for what is below");
    let other = cloud.server.space("other");
    wait_for("the certificate of another space", || {
        (presented(cloud.https, &format!("{}.sites.test", other.id))? == certificate["fingerprint"].as_str()?).then_some(())
    });
    assert_eq!(cloud.pebble.orders(), 1);
}

#[test]
fn two_nodes_place_one_order_for_each_name_and_both_have_what_was_issued() {
    let database = SurrealServer::start();
    let (dns, pebble, ports) = (Dns::start(), Pebble::prepare(), [free_port(), free_port()]);
    let acme = json!({"challenges": ["tls-alpn-01"], "retry_seconds": 1, "server_names": ["cloud.test"], "sites": "each"});
    let domains = domains(&dns, &pebble, &acme);
    let config = |https: u16| node(&database, &format!("https = \"127.0.0.1:{https}\"\n{BASE}"), &domains);
    let first = Server::with_config(&config(ports[0]));
    let space = first.space("acme");
    let key = std::fs::read(first.data().join("master.key")).expect("the key");
    let _second = Server::with_data(&config(ports[1]), &[("master.key", key.as_slice())]);
    let mut cloud = Cloud { server: first, space, dns, pebble, https: ports[0] };
    cloud.pebble.start(cloud.how());
    cloud.act("OpenWebHostingService", &[]);
    let site = format!("{}.sites.test", cloud.space.id);
    for name in ["cloud.test", &site] {
        let certificate = answered(&cloud, name, name);
        wait_for("the same on the other node", || (certificate["fingerprint"] == presented(ports[1], name)?.as_str()).then_some(()));
    }
    assert_eq!((cloud.pebble.orders(), cloud.pebble.issued()), (2, 2), "one for each");
}
