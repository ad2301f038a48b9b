//! Redirects, HSTS and cross-origin requests of a domain.

use serde_json::json;

use crate::cloud::{CONFIG, Cloud};

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
fn a_mapped_port_is_the_one_that_visitors_are_sent_to() {
    let cloud = Cloud::with(&CONFIG.replace("[server]", "[server]\npublic_https_port = 443"));
    cloud.bind(&cloud.space, "a.example", json!({"redirect": "https"}));
    cloud.certify(&cloud.space, "a.example");
    let moved = cloud.client().get("a.example", "/x");
    assert_eq!((moved.status, moved.header("location")), (308, Some("https://a.example/x")));
}

#[test]
fn a_proxy_that_is_trusted_says_by_which_scheme_it_was_asked() {
    let behind = "trust_forwarded_for = true\npublic_https_port = 8443";
    let cloud = Cloud::with(&CONFIG.replace("https = \"127.0.0.1:0\"", behind));
    let client = cloud.client();
    let ask = |host: &str, scheme: &str| client.plain("GET", "/x?y", &[("host", host), ("x-forwarded-proto", scheme)]);
    cloud.bind(&cloud.space, "a.example", json!({"redirect": "https", "hsts": 60}));
    cloud.bind(&cloud.space, "b.example", json!({"redirect": "http"}));
    // The proxy has the certificate.
    let moved = ask("a.example", "http");
    assert_eq!((moved.status, moved.header("location")), (308, Some("https://a.example:8443/x?y")));
    assert_eq!(moved.header("strict-transport-security"), None);
    let seen = ask("a.example", "https");
    assert_eq!((seen.status, seen.json()["secure"].as_bool()), (200, Some(true)), "it does not go round in circles");
    assert_eq!(seen.header("strict-transport-security"), Some("max-age=60"));
    assert_eq!(ask("a.example", "https, http").status, 308, "the last proxy is the one that is trusted");
    assert_eq!(ask("b.example", "https").status, 308);
    assert_eq!(ask("b.example", "http").json()["secure"], false);
    assert_eq!(ask("b.example", "gopher").json()["secure"], false, "what is no scheme says nothing");
    assert_eq!(client.get("a.example", "/x").status, 200, "who does not come by way of the proxy is not sent to it");
}

#[test]
fn a_proxy_that_is_trusted_for_http_alone_redirects_once_there_is_a_certificate() {
    let cloud = Cloud::with(&CONFIG.replace("[server]", "[server]\ntrust_forwarded_for = true\npublic_https_port = 8443"));
    let client = cloud.client();
    let ask = || client.plain("GET", "/x", &[("host", "a.example"), ("x-forwarded-proto", "http")]);
    cloud.bind(&cloud.space, "a.example", json!({"redirect": "https"}));
    assert_eq!(ask().status, 200, "the server ends TLS itself, and has no certificate yet");
    cloud.certify(&cloud.space, "a.example");
    let moved = ask();
    assert_eq!((moved.status, moved.header("location")), (308, Some("https://a.example:8443/x")));
}

#[test]
fn nobody_else_is_believed() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({"redirect": "https"}));
    cloud.certify(&cloud.space, "a.example");
    let claimed = client.plain("GET", "/x", &[("host", "a.example"), ("x-forwarded-proto", "https")]);
    assert_eq!(claimed.status, 308);
    cloud.bind(&cloud.space, "b.example", json!({"hsts": 60}));
    let claimed = client.plain("GET", "/x", &[("host", "b.example"), ("x-forwarded-proto", "https")]);
    assert_eq!((claimed.json()["secure"].as_bool(), claimed.header("strict-transport-security")), (Some(false), None));
}

#[test]
fn hsts_may_reach_all_names_below_a_domain() {
    let cloud = Cloud::start();
    let client = cloud.client();
    cloud.bind(&cloud.space, "a.example", json!({}));
    cloud.certify(&cloud.space, "a.example");
    let put = |set| cloud.core(&cloud.space.id, "core.domains.putHsts", &set).succeeded();
    let header = || client.get_secure("a.example", "/").header("strict-transport-security").map(str::to_owned);
    put(json!({"host": "a.example", "maxAge": 63_072_000, "includeSubDomains": true, "preload": true}));
    assert_eq!(header().as_deref(), Some("max-age=63072000; includeSubDomains; preload"));
    put(json!({"host": "a.example", "maxAge": 0}));
    assert_eq!(header().as_deref(), Some("max-age=0"), "browsers forget it");
    put(json!({"host": "a.example"}));
    assert_eq!(header(), None);
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
