//! The actions over a core in memory, and a DNS server that has what a test gives it.
#![allow(clippy::unwrap_used)]

use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::{Error, codes};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::acme::Tokens;
use crate::clock::{Clock, DAY};
use crate::config::{Acme, Config};
use crate::ownership::outside::Outside;
use crate::ownership::{NOT_VERIFIED, VERIFICATION_FAILED};
use crate::service::{NOT_FOUND, Service, TOO_MANY};
use crate::testing::Memory;

const NOW: u64 = 1_000 * DAY;

async fn outside(memory: &Memory) -> Outside {
    Outside::start(Tokens::new(Collection::new(memory.clone(), SYSTEM_SPACE, "acmeTokens"), Clock::set_to(NOW))).await
}

fn service(memory: &Memory, config: Config, orders: bool) -> Service<Memory> {
    Service::new(config, memory.clone(), Clock::set_to(NOW), b"secret".to_vec(), orders)
}

fn trusting(memory: &Memory, orders: bool) -> Service<Memory> {
    service(memory, Config { require_ownership: false, ..Config::default() }, orders)
}

fn params<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().code().to_owned()
}

#[tokio::test]
async fn a_domain_is_bound_when_it_was_shown_to_be_the_spaces() {
    let memory = Memory::default();
    let outside = outside(&memory).await;
    let service = service(&memory, outside.config(), false);
    let bind = async |space: &str, domain: &str| service.bind_domain(space, params(json!({"CustomDomain": domain}))).await;
    let verify = async |space: &str, domain: &str| service.verify_owner(space, params(json!({"Domain": domain}))).await;
    let refused = bind("s", "www.a.com").await.unwrap_err();
    assert_eq!(refused.code(), NOT_VERIFIED);
    assert!(refused.message().contains("verification.www.a.com"), "it says what to do: {refused}");
    let missing = verify("s", "www.a.com").await.unwrap_err();
    assert_eq!(missing.code(), VERIFICATION_FAILED);
    let content = service.verification_content("s", params(json!({"Domain": "A.com"}))).await.unwrap();
    assert_eq!(content["Data"]["Domain"], "a.com");
    let token = content["Data"]["Content"].as_str().unwrap().to_owned();
    outside.text("verification.www.a.com", &token);
    assert!(verify("s", "www.a.com").await.unwrap_err().message().contains(&token), "it says what is there: the token of another name");
    outside.text("verification.a.com", &token);
    verify("s", "www.a.com").await.unwrap();
    outside.no_texts();
    for domain in ["a.com", "www.a.com", "WWW.A.COM.", "x.a.com"] {
        assert_eq!(bind("s", domain).await.unwrap()["Data"], true, "{domain}");
    }
    assert_eq!(code(bind("t", "a.com").await), NOT_VERIFIED);
    assert_eq!(code(bind("s", "b.com").await), NOT_VERIFIED);
    assert_eq!(code(bind("s", "").await), MISSING_PARAMETER);
    // As an attempt that does not find the proof any more records it.
    service.states.change("s", "www.a.com", json!({"unverified": true, "problem": "it is gone", "next": NOW + DAY})).await.unwrap();
    let listed = async || {
        let all = service.list_domains("s", params(json!({}))).await.unwrap()["Data"].as_array().unwrap().clone();
        all.into_iter().find(|item| item["Domain"] == "www.a.com").unwrap()
    };
    let lost = listed().await;
    assert_eq!((&lost["Status"], &lost["Description"]), (&json!("unverified"), &json!("it is gone")), "{lost}");
    outside.text("verification.a.com", &token);
    verify("s", "a.com").await.unwrap();
    assert_eq!(listed().await["Status"], "online", "it was shown again");
    assert_eq!(service.states.get("www.a.com").await.unwrap().unwrap().next, NOW, "and is looked at right away");
    service.remove_space("s").await.unwrap();
    assert!(memory.collections_of("s").is_empty());
    assert_eq!(code(bind("s", "y.a.com").await), NOT_VERIFIED);
}

#[tokio::test]
async fn settings_belong_to_the_spaces_own_domains() {
    let memory = Memory::default();
    let service = trusting(&memory, false);
    service.bind_domain("s", params(json!({"CustomDomain": "a.com"}))).await.unwrap();
    service.save_redirect("s", params(json!({"DomainName": "a.com", "ForceRedirectType": "https"}))).await.unwrap();
    let cors =
        json!({"DomainName": "a.com", "EnableCors": "True", "AccessControlAllowOrigin": "https://b.com", "AccessOriginControl": "true"});
    assert_eq!(service.save_cors("s", params(cors)).await.unwrap()["Success"], true);
    service.bind_domain("s", params(json!({"CustomDomain": "a.com"}))).await.unwrap();
    let listed = service.list_domains("s", params(json!({}))).await.unwrap()["Data"][0].clone();
    for (key, value) in [
        ("Domain", json!("a.com")),
        ("Cname", json!("s.sites.test")),
        ("Status", json!("online")),
        ("ForceRedirectType", json!("https")),
        ("EnableCors", json!(true)),
        ("AccessControlAllowOrigin", json!("https://b.com")),
        ("AccessOriginControl", json!(true)),
        ("SslProtocol", json!("off")),
        ("CertificateStatus", json!("none")),
        ("CreateTime", json!(NOW)),
    ] {
        assert_eq!(listed[key], value, "{key} stays when it is bound again: {listed}");
    }
    for space in ["t", "s"] {
        let host = if space == "t" { "a.com" } else { "b.com" };
        let redirect = json!({"DomainName": host, "ForceRedirectType": "off"});
        assert_eq!(code(service.save_redirect(space, params(redirect)).await), NOT_FOUND);
        assert_eq!(code(service.unbind_domain(space, params(json!({"CustomDomain": host}))).await), NOT_FOUND);
        assert_eq!(code(service.certificate_detail(space, params(json!({"CustomDomain": host}))).await), NOT_FOUND);
    }
    assert_eq!(code(service.bind_host("s", params(json!({"host": "a.com", "service": "functions"}))).await), "DomainInUse");
    service.unbind_domain("s", params(json!({"CustomDomain": "a.com"}))).await.unwrap();
    assert_eq!(service.list_domains("s", params(json!({}))).await.unwrap()["Data"], json!([]));
    assert!(memory.collections_of("s").is_empty());
}

#[tokio::test]
async fn hsts_is_set_shown_and_taken_back() {
    let memory = Memory::default();
    let service = trusting(&memory, false);
    service.bind_domain("s", params(json!({"CustomDomain": "a.com"}))).await.unwrap();
    let save = async |set: Value| {
        let mut all = json!({"DomainName": "a.com"});
        all.as_object_mut().unwrap().extend(set.as_object().unwrap().clone());
        service.save_hsts("s", params(all)).await
    };
    let shown = async || {
        let listed = service.list_domains("s", params(json!({}))).await.unwrap()["Data"][0].clone();
        json!([listed["HstsMaxAge"], listed["HstsIncludeSubDomains"], listed["HstsPreload"]])
    };
    assert_eq!(shown().await, json!([null, false, false]));
    save(json!({"MaxAge": "63072000", "IncludeSubDomains": "True", "Preload": "true"})).await.unwrap();
    assert_eq!(shown().await, json!([63_072_000, true, true]));
    service.save_redirect("s", params(json!({"DomainName": "a.com", "ForceRedirectType": "https"}))).await.unwrap();
    assert_eq!(shown().await, json!([63_072_000, true, true]), "a redirect leaves it");
    for wrong in [
        json!({"MaxAge": 86400, "IncludeSubDomains": true, "Preload": true}),
        json!({"MaxAge": 63_072_000, "Preload": true}),
        json!({"IncludeSubDomains": true}),
        json!({"MaxAge": 1_u64 << 40}),
        json!({"MaxAge": 60, "Service": "other"}),
    ] {
        assert_eq!(code(save(wrong.clone()).await), INVALID_PARAMETER, "{wrong}");
    }
    assert_eq!(code(save(json!({"MaxAge": 60, "Service": "functions"})).await), NOT_FOUND);
    save(json!({"MaxAge": 0})).await.unwrap();
    assert_eq!(shown().await, json!([0, false, false]));
    save(json!({})).await.unwrap();
    assert_eq!(shown().await, json!([null, false, false]));
}

#[tokio::test]
async fn domains_of_triggers_have_the_same_actions() {
    let memory = Memory::default();
    let service = trusting(&memory, false);
    let of = |domain: &str| json!({"CustomDomain": domain, "Service": "functions"});
    service.bind_domain("s", params(of("f.a.com"))).await.unwrap();
    let listed = service.list_domains("s", params(json!({"Service": "functions"}))).await.unwrap();
    assert_eq!(listed["Data"][0]["Domain"], "f.a.com");
    assert_eq!(service.list_domains("s", params(json!({}))).await.unwrap()["Data"], json!([]), "they are none of the site's");
    assert_eq!(code(service.unbind_domain("s", params(json!({"CustomDomain": "f.a.com"}))).await), NOT_FOUND);
    let attach =
        json!({"Domain": "f.a.com", "ServerCertificate": Memory::chain(NOW, NOW + DAY), "PrivateKey": "key", "Service": "functions"});
    service.attach_certificate("s", params(attach)).await.unwrap();
    assert_eq!(service.certificate_detail("s", params(of("f.a.com"))).await.unwrap()["Data"]["CertType"], "upload");
    service.delete_certificate("s", params(of("f.a.com"))).await.unwrap();
    service.unbind_domain("s", params(of("f.a.com"))).await.unwrap();
    assert!(memory.collections_of("s").is_empty());
}

#[tokio::test]
async fn a_name_of_the_server_cannot_be_bound() {
    let memory = Memory::default();
    let acme = crate::config::Acme { server_names: vec!["cloud.a.com".to_owned()], ..Default::default() };
    let service = service(&memory, Config { require_ownership: false, acme: Some(acme), ..Config::default() }, true);
    assert_eq!(code(service.bind_domain("s", params(json!({"CustomDomain": "cloud.a.com"}))).await), "DomainInUse");
}

#[tokio::test]
async fn certificates_of_users_are_attached_shown_and_detached() {
    let memory = Memory::default();
    let service = trusting(&memory, true);
    service.bind_domain("s", params(json!({"CustomDomain": "a.com"}))).await.unwrap();
    let detail = async || service.certificate_detail("s", params(json!({"CustomDomain": "a.com"}))).await.unwrap()["Data"].clone();
    assert_eq!((&detail().await["Status"], &detail().await["ServerCertificateStatus"]), (&json!("pending"), &json!("off")));
    let attach = async |chain: &str, kind: &str| {
        let all = json!({"Domain": "a.com", "CertName": "mine", "CertType": kind, "ServerCertificate": chain, "PrivateKey": "key"});
        service.attach_certificate("s", params(all)).await
    };
    assert_eq!(code(attach("", "upload").await), MISSING_PARAMETER);
    assert_eq!(code(attach(&Memory::chain(0, 1), "cas").await), INVALID_PARAMETER);
    assert_eq!(code(attach("nothing", "upload").await), "InvalidCertificate");
    attach(&Memory::chain(NOW, NOW + 90 * DAY), "upload").await.unwrap();
    let shown = detail().await;
    for (key, value) in [
        ("CertDomainName", json!("a.com")),
        ("CertName", json!("mine")),
        ("CertType", json!("upload")),
        ("CertExpiredTime", json!(NOW + 90 * DAY)),
        ("CertLife", json!("90 days")),
        ("ServerCertificateStatus", json!("on")),
        ("Status", json!("valid")),
        ("RenewTime", json!(null)),
    ] {
        assert_eq!(shown[key], value, "{key}: {shown}");
    }
    assert_eq!(code(service.renew_certificate("s", params(json!({"Domain": "a.com"}))).await), INVALID_PARAMETER);
    attach(&Memory::chain(NOW - 80 * DAY, NOW + 10 * DAY), "").await.unwrap();
    assert_eq!(detail().await["Status"], "expiring");
    attach(&Memory::chain(NOW - 80 * DAY, NOW - DAY), "").await.unwrap();
    assert_eq!(detail().await["Status"], "expired");
    service.delete_certificate("s", params(json!({"Domain": "a.com"}))).await.unwrap();
    assert_eq!(detail().await["Status"], "pending", "one is ordered now");
    let state = service.states.get("a.com").await.unwrap().unwrap();
    assert!(!state.attached && state.next <= NOW);
    service.renew_certificate("s", params(json!({"Domain": "a.com"}))).await.unwrap();
    assert!(service.states.get("a.com").await.unwrap().unwrap().forced);
}

#[tokio::test]
async fn other_plugins_have_domains_of_their_services() {
    let memory = Memory::default();
    let service = trusting(&memory, false);
    let described = service.bind_host("s", params(json!({"host": "F.a.com", "service": "functions"}))).await.unwrap();
    assert_eq!((described.host.as_str(), described.cname.as_str()), ("f.a.com", "s.sites.test"));
    let chain = Memory::chain(NOW, NOW + DAY);
    service.attach_host("s", params(json!({"host": "f.a.com", "service": "functions", "chain": chain, "key": "k"}))).await.unwrap();
    let all = service.describe_hosts("s", params(json!({"service": "functions"}))).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].certificate.as_ref().unwrap().origin, "upload");
    assert_eq!(service.list_domains("s", params(json!({}))).await.unwrap()["Data"], json!([]), "they are none of the site's");
    assert_eq!(code(service.unbind_domain("s", params(json!({"CustomDomain": "f.a.com"}))).await), NOT_FOUND);
    service.unbind_host("s", params(json!({"host": "f.a.com", "service": "functions"}))).await.unwrap();
    assert!(service.describe_hosts("s", params(json!({"service": "functions"}))).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_space_can_have_so_many_domains() {
    let memory = Memory::default();
    let config = Config { require_ownership: false, max_domains_per_space: 2, ..Config::default() };
    let service = service(&memory, config, false);
    let bind = async |space: &str, host: &str| service.bind_domain(space, params(json!({"CustomDomain": host}))).await;
    bind("s", "a.com").await.unwrap();
    service.bind_host("s", params(json!({"host": "f.a.com", "service": "functions"}))).await.unwrap();
    let refused = bind("s", "b.com").await.unwrap_err();
    assert_eq!(refused.code(), TOO_MANY);
    assert!(refused.message().contains("2 domains"), "{refused}");
    assert_eq!(code(service.bind_host("s", params(json!({"host": "b.com", "service": "functions"}))).await), TOO_MANY);
    bind("s", "a.com").await.unwrap();
    bind("t", "b.com").await.unwrap();
    service.unbind_domain("s", params(json!({"CustomDomain": "a.com"}))).await.unwrap();
    // All at once: whoever comes through, there are never too many.
    let (one, two) = tokio::join!(bind("s", "c.com"), bind("s", "d.com"));
    let through = usize::from(one.is_ok()) + usize::from(two.is_ok());
    let listed = service.list_domains("s", params(json!({}))).await.unwrap();
    assert_eq!(listed["Data"].as_array().unwrap().len(), through, "{listed}");
    assert!(through <= 1, "{through}");
}

#[tokio::test]
async fn a_certificate_is_not_ordered_again_and_again() {
    let memory = Memory::default();
    let acme = Acme { agree: true, retry_seconds: 60, ..Acme::default() };
    let service = service(&memory, Config { require_ownership: false, acme: Some(acme), ..Config::default() }, true);
    service.bind_domain("s", params(json!({"CustomDomain": "a.com"}))).await.unwrap();
    let renew = async || service.renew_certificate("s", params(json!({"Domain": "a.com"}))).await;
    service.states.change("s", "a.com", json!({"tried": NOW, "next": NOW + DAY})).await.unwrap();
    service.clock.advance(18_001);
    let refused = renew().await.unwrap_err();
    assert_eq!(refused.code(), codes::THROTTLED);
    assert!(refused.message().ends_with("try again in 42 s") && refused.is_retryable(), "{refused}");
    let state = service.states.get("a.com").await.unwrap().unwrap();
    assert_eq!((state.forced, state.next), (false, NOW + DAY), "nothing is ordered");
    service.clock.advance(41_999);
    renew().await.unwrap();
    assert!(service.states.get("a.com").await.unwrap().unwrap().forced);
}

#[tokio::test]
async fn international_names_are_shown_in_both_forms() {
    let memory = Memory::default();
    let service = trusting(&memory, false);
    let bound = service.bind_domain("s", params(json!({"CustomDomain": "Bücher.example"}))).await.unwrap();
    let both = json!({"Data": true, "Domain": "xn--bcher-kva.example", "DisplayName": "bücher.example", "Cname": "s.sites.test"});
    assert_eq!(bound, both);
    let listed = service.list_domains("s", params(json!({}))).await.unwrap()["Data"][0].clone();
    assert_eq!((&listed["Domain"], &listed["DisplayName"]), (&both["Domain"], &both["DisplayName"]), "{listed}");
    service.unbind_domain("s", params(json!({"CustomDomain": "bücher.example"}))).await.unwrap();
}
