//! Two servers over one database.

use e2e::{Server, SurrealServer};
use serde_json::{Value, json};

use crate::cloud::{Cloud, domains};
use crate::dns::Dns;
use crate::pebble::{Pebble, free_port};

/// The configuration of a node over a database, with some keys of `[server]`.
pub fn node(database: &SurrealServer, server: &str, domains: &str) -> String {
    format!("[server]\n{server}\n{}{domains}", database.toml())
}

/// Two nodes over a database; the cloud is that of the first one.
fn two_nodes() -> (SurrealServer, Cloud, Server, u16) {
    let database = SurrealServer::start();
    let (dns, pebble, https) = (Dns::start(), Pebble::prepare(), free_port());
    let config = |https: u16| {
        let domains = domains(&dns, &pebble, &json!({"challenges": ["tls-alpn-01"], "retry_seconds": 1}));
        node(&database, &format!("https = \"127.0.0.1:{https}\""), &domains)
    };
    let first = Server::with_config(&config(https));
    let space = first.space("acme");
    // Nodes have one master key.
    let key = std::fs::read(first.data().join("master.key")).expect("the key");
    let other = free_port();
    let second = Server::with_data(&config(other), &[("master.key", key.as_slice())]);
    (database, Cloud { server: first, space, dns, pebble, https }, second, other)
}

#[test]
fn the_authority_may_come_by_way_of_another_node() {
    let (_database, mut cloud, _second, other) = two_nodes();
    let mut how = cloud.how();
    how.tls = other;
    cloud.pebble.start(how);
    cloud.own("example.test");
    // The first node is told of it, and looks at it right away.
    cloud.bind("example.test");
    cloud.certified("example.test", &Value::Null);
    assert_eq!((cloud.pebble.orders(), cloud.pebble.issued()), (1, 1), "at the first attempt");
}

#[test]
fn two_nodes_place_exactly_one_order() {
    let (_database, mut cloud, second, _) = two_nodes();
    let other = second.management();
    cloud.pebble.start(cloud.how());
    cloud.own("example.test");
    let hosts: Vec<String> = (0..4).map(|n| format!("www{n}.example.test")).collect();
    for host in &hosts {
        cloud.bind(host);
        // The other node looks at it at the same time.
        let bound = other.act("BindWebHostingCustomDomain", &[("SpaceId", &cloud.space.id), ("CustomDomain", host)]).json();
        assert_eq!(bound["Data"], true, "{bound}");
    }
    for host in &hosts {
        cloud.certified(host, &Value::Null);
    }
    assert_eq!((cloud.pebble.orders(), cloud.pebble.issued()), (hosts.len(), hosts.len()), "one for each");
}
