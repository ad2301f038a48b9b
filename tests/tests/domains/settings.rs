//! Redirects, HSTS and cross-origin requests of a domain.

use serde_json::json;

use crate::cloud::Cloud;

#[test]
fn http_leads_to_https_once_there_is_a_certificate() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({"redirect": "https"}));
    assert_eq!(client.get("a.example", "/x").status, 200, "there is no certificate yet");
    cloud.certify(&cloud.space, "a.example");
    let moved = client.get("a.example:80", "/x%20y?z=1");
    let target = format!("https://a.example:{}/x%20y?z=1", Cloud::port(cloud.https()));
    assert_eq!((moved.status, moved.header("location")), (308, Some(target.as_str())));
    assert_eq!(client.get("a.example", "/.well-known/acme-challenge/t").status, 200, "authorities ask over HTTP");
    let seen = client.get_secure("a.example", "/x%20y?z=1");
    assert_eq!((seen.status, seen.json()["secure"].as_bool()), (200, Some(true)));
}

#[test]
fn https_leads_to_http_where_a_domain_wants_that() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({"redirect": "http", "hsts": 60}));
    cloud.certify(&cloud.space, "a.example");
    let moved = client.get_secure("a.example", "/x");
    let target = format!("http://a.example:{}/x", Cloud::port(cloud.server.address()));
    assert_eq!((moved.status, moved.header("location")), (308, Some(target.as_str())));
    assert_eq!(moved.header("strict-transport-security"), None, "it would lead back");
    assert_eq!(client.get("a.example", "/x").status, 200);
}

#[test]
fn a_domain_demands_https_of_its_own_visitors_only() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({"hsts": 31_536_000}));
    cloud.bind(&cloud.space, "b.example", json!({}));
    cloud.certify(&cloud.space, "a.example");
    cloud.certify(&cloud.space, "b.example");
    assert_eq!(client.get_secure("a.example", "/").header("strict-transport-security"), Some("max-age=31536000"));
    assert_eq!(client.get_secure("b.example", "/").header("strict-transport-security"), None);
    assert_eq!(client.get("a.example", "/").header("strict-transport-security"), None, "over HTTP it means nothing");
}

#[test]
fn scripts_of_named_origins_may_read_answers() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({"cors": ["https://app.example"]}));
    let ask = |method, origin| {
        let headers = [
            ("host", "a.example"),
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-a, content-type"),
        ];
        client.plain(method, "/x", &headers)
    };
    let preflight = ask("OPTIONS", "https://app.example");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("https://app.example")));
    assert_eq!(preflight.header("access-control-allow-headers"), Some("x-a, content-type"));
    assert!(preflight.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PUT")));
    assert_eq!(preflight.header("x-site"), None, "the plugin is not asked");
    let read = ask("GET", "https://app.example");
    assert_eq!((read.status, read.header("access-control-allow-origin")), (200, Some("https://app.example")));
    for method in ["OPTIONS", "GET"] {
        let stranger = ask(method, "https://evil.example");
        assert_eq!(stranger.header("access-control-allow-origin"), None);
        assert!(stranger.header("vary").is_some_and(|vary| vary.contains("origin")));
    }
    let without = client.plain("OPTIONS", "/x", &[("host", "a.example")]);
    assert_eq!(without.json()["method"], "OPTIONS", "what is no preflight is the plugin's");
}
