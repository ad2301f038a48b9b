#![allow(clippy::unwrap_used)]

use super::hsts::Hsts;
use super::testing::Database;
use super::*;

fn domains(database: &Database) -> Domains<Database> {
    Domains::new(database.clone(), Names::new("http://127.0.0.1:8520", "localhost"))
}

fn domain(host: &str) -> Domain {
    Domain { host: host.into(), service: "hosting".into(), redirect: Redirect::Off, hsts: None, cors: Vec::new() }
}

async fn space_of(domains: &Domains<Database>, host: &str) -> Option<String> {
    domains.get(host).await.unwrap().map(|known| known.bound.space.clone())
}

#[tokio::test]
async fn a_host_is_one_spaces_and_one_services() {
    let domains = domains(&Database::default());
    domains.put("a", &domain("x.example")).await.unwrap();
    let set = Domain { redirect: Redirect::Https, hsts: Some(60), cors: vec!["*".into()], ..domain("x.example") };
    domains.put("a", &set).await.unwrap();
    assert_eq!(domains.get("x.example").await.unwrap().unwrap().bound, Bound { space: "a".into(), domain: set });
    for (space, service) in [("b", "hosting"), ("a", "functions")] {
        let other = Domain { service: service.into(), ..domain("x.example") };
        assert_eq!(domains.put(space, &other).await.unwrap_err().code(), DOMAIN_IN_USE);
    }
    domains.remove("b", "x.example").await.unwrap();
    assert_eq!(space_of(&domains, "x.example").await.as_deref(), Some("a"));
    domains.remove("a", "x.example").await.unwrap();
    assert_eq!(space_of(&domains, "x.example").await, None);
    domains.put("b", &domain("x.example")).await.unwrap();
    assert_eq!(space_of(&domains, "x.example").await.as_deref(), Some("b"));
}

#[tokio::test]
async fn hsts_is_set_by_itself_and_ends_with_its_lifetime() {
    let domains = domains(&Database::default());
    let hsts = |host: &str, max_age, all| Hsts { host: host.into(), max_age, include_sub_domains: all, preload: all };
    domains.put("a", &domain("x.example")).await.unwrap();
    let of = async || {
        let known = domains.get("x.example").await.unwrap().unwrap();
        (known.bound.domain.hsts, known.hsts_reach.hsts_include_sub_domains, known.hsts_reach.hsts_preload)
    };
    domains.put_hsts("a", &hsts("x.example", Some(60), true)).await.unwrap();
    assert_eq!(of().await, (Some(60), true, true));
    let redirected = Domain { hsts: Some(60), redirect: Redirect::Https, ..domain("x.example") };
    domains.put("a", &redirected).await.unwrap();
    assert_eq!(of().await, (Some(60), true, true), "other settings leave it");
    domains.put("a", &domain("x.example")).await.unwrap();
    domains.put("a", &redirected).await.unwrap();
    assert_eq!(of().await, (Some(60), false, false));
    for (space, wrong, code) in [
        ("b", hsts("x.example", Some(60), false), codes::NOT_FOUND),
        ("a", hsts("y.example", Some(60), false), codes::NOT_FOUND),
        ("a", hsts("x.example", Some(u64::MAX), false), codes::PARAM_INVALID),
        ("a", hsts("x.example", None, true), codes::PARAM_INVALID),
    ] {
        assert_eq!(domains.put_hsts(space, &wrong).await.unwrap_err().code(), code, "{wrong:?}");
    }
    domains.put_hsts("a", &hsts("x.example", None, false)).await.unwrap();
    assert_eq!(of().await, (None, false, false));
}

#[tokio::test]
async fn only_one_of_many_spaces_gets_a_host() {
    let domains = domains(&Database::default());
    let spaces: Vec<String> = (0..20).map(|n| format!("space-{n}")).collect();
    let wanted = domain("x.example");
    let put = futures_util::future::join_all(spaces.iter().map(|space| domains.put(space, &wanted))).await;
    assert_eq!(put.iter().filter(|done| done.is_ok()).count(), 1);
}

#[tokio::test]
async fn what_cannot_be_used_is_refused() {
    let domains = domains(&Database::default());
    let refused = [
        domain("localhost"),
        domain("demo.localhost"),
        domain("127.0.0.1"),
        domain("intranet"),
        domain("X.example"),
        domain(""),
        Domain { service: String::new(), ..domain("x.example") },
        Domain { service: "Hosting".into(), ..domain("x.example") },
        Domain { hsts: Some(u64::MAX), ..domain("x.example") },
        Domain { cors: vec!["*".into(); 101], ..domain("x.example") },
    ];
    let origins =
        ["", "a.example", "https://", "https://a.example/", "https://a.example:", "https://A.example", "https://u@a.example", "null"];
    let origins = origins.map(|origin| Domain { cors: vec![origin.into()], ..domain("x.example") });
    for wrong in refused.iter().chain(&origins) {
        assert_eq!(domains.put("a", wrong).await.unwrap_err().code(), codes::PARAM_INVALID, "{wrong:?}");
    }
    let cors = ["*", "https://a.example", "http://a.example:8080", "http://[::1]:80"].map(String::from).to_vec();
    domains.put("a", &Domain { cors, ..domain("x.example") }).await.unwrap();
}

#[tokio::test]
async fn answers_are_kept_and_hosts_that_no_space_has_are_not_looked_for() {
    let database = Database::default();
    let domains = domains(&database);
    for _ in 0..3 {
        assert_eq!(space_of(&domains, "x.example").await, None);
    }
    assert_eq!(database.reads(), 1);
    for host in ["localhost", "demo.localhost", "127.0.0.1", "[::1]", "my_machine", "mpcloud", "", &"a".repeat(300)] {
        assert_eq!(space_of(&domains, host).await, None);
    }
    assert_eq!(database.reads(), 1);
    domains.put("a", &domain("x.example")).await.unwrap();
    assert_eq!(space_of(&domains, "x.example").await.as_deref(), Some("a"));
    database.fail(true);
    assert_eq!(space_of(&domains, "x.example").await.as_deref(), Some("a"));
    assert_eq!(domains.get("y.example").await.unwrap_err().code(), codes::UNAVAILABLE);
}

#[tokio::test]
async fn lists_have_pages_and_a_space_can_be_forgotten() {
    let domains = domains(&Database::default());
    for n in 0..501 {
        domains.put("a", &domain(&format!("{n:03}.a.example"))).await.unwrap();
    }
    domains.put("b", &Domain { service: "functions".into(), ..domain("b.example") }).await.unwrap();
    let first = domains.list("a", &List::default()).await.unwrap();
    assert_eq!((first.items.len(), first.next.as_deref()), (500, Some("499.a.example")));
    let rest = domains.list("a", &List { after: first.next, ..List::default() }).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let functions = domains.list("", &List { service: Some("functions".into()), ..List::default() }).await.unwrap();
    assert_eq!(functions.items.iter().map(|known| known.bound.domain.host.as_str()).collect::<Vec<_>>(), ["b.example"]);
    assert_eq!(space_of(&domains, "000.a.example").await.as_deref(), Some("a"));
    domains.forget_space("a").await.unwrap();
    assert_eq!(space_of(&domains, "000.a.example").await, None);
    assert_eq!(domains.list("", &List::default()).await.unwrap().items.len(), 1);
}
