//! Certificates are renewed in time, also after a `kill -9` and with a lost account.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::certificates::shown;
use crate::cloud::{Cloud, slowly};

#[test]
fn a_certificate_is_renewed_before_it_ends_and_one_is_always_shown() {
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
fn a_certificate_can_be_renewed_at_once_but_not_again_and_again() {
    let cloud = Cloud::start(json!({"challenges": ["http-01"], "retry_seconds": 15}));
    cloud.own("example.test");
    cloud.bind("example.test");
    let first = cloud.certified("example.test", &Value::Null);
    let renew = || cloud.server.run(&["hosting", "cert", "renew", "example.test", "--space", &cloud.space.id]);
    let second = slowly("another order", || {
        if renew().code != Some(0) {
            return None;
        }
        Some(cloud.certified("example.test", &first))
    });
    let refused = renew().failed();
    assert!(refused.stderr.contains("Throttling.Api") && refused.stderr.contains("try again in"), "{refused:?}");
    assert_eq!(cloud.certificate("example.test")["Fingerprint"], second["Fingerprint"]);
    assert_eq!(cloud.pebble.orders(), 2, "what was refused has ordered nothing");
}

#[test]
fn a_lost_account_is_made_anew() {
    let mut cloud = Cloud::start(json!({"challenges": ["http-01"], "retry_seconds": 1}));
    cloud.own("example.test");
    cloud.bind("example.test");
    let first = cloud.certified("example.test", &Value::Null);
    // It forgets all accounts.
    cloud.pebble.start(cloud.how());
    cloud.renew("example.test");
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

/// Kills of one server, each while another domain is renewed.
const KILLS: usize = 12;

#[test]
fn a_server_that_is_killed_at_any_moment_of_a_renewal_shows_a_certificate_and_renews_it() {
    let acme = json!({"challenges": ["tls-alpn-01"], "retry_seconds": 1, "max_orders_per_hour": 1000});
    let mut cloud = Cloud::prepare_with(&json!({"max_domains_per_space": 0}), &acme);
    let mut how = cloud.how();
    how.sleep = 1;
    cloud.pebble.start(how);
    cloud.own("example.test");
    let hosts: Vec<String> = (0..KILLS).map(|n| format!("www{n}.example.test")).collect();
    hosts.iter().for_each(|host| cloud.bind(host));
    let first: Vec<Value> = hosts.iter().map(|host| cloud.certified(host, &Value::Null)).collect();
    for host in &hosts {
        cloud.renew(host);
        let moment = rand::random_range(0..1500);
        println!("killed {moment} ms after the renewal of {host} was asked for");
        thread::sleep(Duration::from_millis(moment));
        cloud.server.kill();
        cloud.server.restart();
        for host in &hosts {
            // Another one may be set meanwhile.
            let told = || cloud.certificate(host)["Fingerprint"].as_str().expect("a digest").to_owned();
            let (before, served, after) = (told(), shown(cloud.https, host), told());
            assert!(served == before || served == after, "{host} is served with {served}, not with {before} or {after}");
        }
    }
    for (host, first) in hosts.iter().zip(&first) {
        let second = cloud.certified(host, first);
        assert_eq!((&second["CertType"], &second["Status"]), (&json!("acme"), &json!("valid")), "{second}");
        slowly("the end of the renewal", || (cloud.listed(host)["Description"] == "").then_some(()));
    }
    // A challenge that nobody answers because of a kill makes another order.
    let orders = cloud.pebble.orders();
    println!("{orders} orders for {} certificates", 2 * KILLS);
    assert!((2 * KILLS..=4 * KILLS).contains(&orders), "{orders} orders");
}
