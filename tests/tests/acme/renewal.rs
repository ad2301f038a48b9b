//! Certificates are renewed in time, also after a `kill -9` and with a lost account.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::certificates::shown;
use crate::cloud::{Cloud, plain, slowly};

#[test]
fn a_certificate_is_renewed_before_it_ends_and_no_connection_drops() {
    let mut cloud = Cloud::prepare(json!({"challenges": ["http-01"], "retry_seconds": 1}));
    let mut how = cloud.how();
    how.life = 45;
    cloud.pebble.start(how);
    cloud.own("example.test");
    cloud.bind("example.test");
    let first = cloud.certified("example.test", &Value::Null);
    let renewal = first["RenewTime"].as_u64().expect("a time");
    let (from, until) = (first["CertStartTime"].as_u64().expect("a time"), first["CertExpiredTime"].as_u64().expect("a time"));
    let left = (until - renewal) as f64 / (until - from) as f64;
    assert!((0.32..0.38).contains(&left), "a third of its life is left: {left}");
    let second = slowly("a renewed certificate", || {
        // It is shown at every moment.
        assert_eq!(shown(cloud.https, "example.test").len(), 64);
        Some(cloud.certificate("example.test")).filter(|now| now["Fingerprint"] != first["Fingerprint"])
    });
    assert!(second["CertStartTime"].as_u64().expect("a time") < until, "before the first ended");
    assert_eq!(cloud.pebble.orders(), 2);
}

#[test]
fn a_certificate_can_be_renewed_at_once() {
    let cloud = Cloud::start(plain());
    cloud.own("example.test");
    cloud.bind("example.test");
    let first = cloud.certified("example.test", &Value::Null);
    cloud.server.run(&["hosting", "cert", "renew", "example.test", "--space", &cloud.space.id]).succeeded();
    cloud.certified("example.test", &first);
    assert_eq!(cloud.pebble.orders(), 2);
}

#[test]
fn a_lost_account_is_made_anew() {
    let mut cloud = Cloud::start(json!({"challenges": ["http-01"], "retry_seconds": 1}));
    cloud.own("example.test");
    cloud.bind("example.test");
    let first = cloud.certified("example.test", &Value::Null);
    // It forgets all accounts.
    cloud.pebble.start(cloud.how());
    cloud.act("RenewWebHostingCertificate", &[("Domain", "example.test")]);
    cloud.certified("example.test", &first);
    assert_eq!((cloud.pebble.orders(), cloud.pebble.issued()), (1, 1));
}

#[test]
fn an_authority_that_is_away_is_tried_again() {
    let mut cloud = Cloud::prepare(json!({"challenges": ["http-01"], "retry_seconds": 1}));
    cloud.own("example.test");
    cloud.bind("example.test");
    slowly("a failure", || Some(cloud.listed("example.test")).filter(|listed| listed["Status"] == "configure_failed"));
    cloud.pebble.start(cloud.how());
    cloud.certified("example.test", &Value::Null);
}

#[test]
fn a_server_that_is_killed_meanwhile_goes_on_with_its_order() {
    let mut cloud = Cloud::prepare(json!({"challenges": ["tls-alpn-01"], "retry_seconds": 1}));
    let mut how = cloud.how();
    how.sleep = 5;
    cloud.pebble.start(how);
    cloud.own("example.test");
    cloud.bind("example.test");
    slowly("an order", || (cloud.pebble.orders() > 0).then_some(()));
    let moment = rand::random_range(0..8000);
    println!("killed {moment} ms after the order");
    thread::sleep(Duration::from_millis(moment));
    cloud.server.kill();
    cloud.server.restart();
    let certificate = cloud.certified("example.test", &Value::Null);
    assert_eq!(certificate["CertType"], "acme", "{certificate}");
    let orders = cloud.pebble.orders();
    assert!(orders <= 2, "{orders} orders");
}
