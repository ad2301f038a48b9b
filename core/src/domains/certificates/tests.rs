#![allow(clippy::unwrap_used)]

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ED25519};
use sdk_plugin::contract::domains::{Domain, INVALID_CERTIFICATE, Redirect};

use super::super::Names;
use super::super::testing::Database;
use super::*;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str, by: Option<&Issuer>) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    match by {
        Some(by) => CertifiedIssuer::signed_by(params, key, by).unwrap(),
        None => CertifiedIssuer::self_signed(params, key).unwrap(),
    }
}

fn leaf(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn upload(host: &str, chain: &[String], key: &KeyPair) -> Upload {
    Upload { host: host.into(), name: "n".into(), origin: "upload".into(), chain: chain.concat(), key: key.serialize_pem() }
}

fn self_signed(host: &str) -> Upload {
    let key = KeyPair::generate().unwrap();
    upload(host, &[leaf(&[host]).self_signed(&key).unwrap().pem()], &key)
}

fn certificates(database: &Database) -> Certificates<Database> {
    let domains = Arc::new(Domains::new(database.clone(), Names::new("http://127.0.0.1:8520", "localhost")));
    Certificates::new(database.clone(), domains, &[7; 32]).unwrap()
}

async fn bind(certificates: &Certificates<Database>, space: &str, host: &str) {
    let (service, redirect) = ("hosting".into(), Redirect::Off);
    let domain = Domain { host: host.into(), service, redirect, hsts: None, cors: Vec::new() };
    certificates.domains.put(space, &domain).await.unwrap();
}

fn why(upload: &Upload) -> String {
    let error = examine(upload, SystemTime::now()).err().expect("it is refused");
    assert_eq!(error.code(), INVALID_CERTIFICATE);
    error.message().to_owned()
}

#[test]
fn a_chain_is_in_order_and_of_its_key_and_names_the_host() {
    let root = authority("root", None);
    let (between, stranger) = (authority("between", Some(&root)), authority("between", None));
    let key = KeyPair::generate().unwrap();
    let cert = leaf(&["a.example", "*.b.example"]).signed_by(&key, &between).unwrap().pem();
    let full = [cert.clone(), between.pem(), root.pem()];
    for host in ["a.example", "x.b.example"] {
        for chain in [&full[..1], &full[..2], &full] {
            let (certificate, _) = examine(&upload(host, chain, &key), SystemTime::now()).unwrap();
            assert_eq!(certificate.names, ["a.example", "*.b.example"]);
            assert!(certificate.issuer.contains("between"), "{}", certificate.issuer);
            assert_eq!(certificate.fingerprint.len(), 64);
        }
    }
    for host in ["b.example", "x.y.b.example", "c.example"] {
        assert!(why(&upload(host, &full, &key)).contains("does not name"), "{host}");
    }
    let shuffled = [cert.clone(), root.pem(), between.pem()];
    assert!(why(&upload("a.example", &shuffled, &key)).contains("out of order"));
    assert!(why(&upload("a.example", &[between.pem(), cert.clone()], &key)).contains("out of order"));
    assert!(why(&upload("a.example", &[cert.clone(), stranger.pem()], &key)).contains("hold together"));
    let other = KeyPair::generate().unwrap();
    assert!(why(&upload("a.example", &full, &other)).contains("not the one of"));
}

#[test]
fn what_browsers_would_not_take_is_refused() {
    let key = KeyPair::generate().unwrap();
    let day = Duration::from_secs(86_400);
    let now = SystemTime::now();
    let valid = |from: SystemTime, to: SystemTime| {
        let mut params = leaf(&["a.example"]);
        (params.not_before, params.not_after) = (from.into(), to.into());
        upload("a.example", &[params.self_signed(&key).unwrap().pem()], &key)
    };
    assert!(examine(&valid(now - day, now + day), now).is_ok());
    assert!(why(&valid(now - 2 * day, now - day)).contains("expired"));
    assert!(why(&valid(now + day, now + 2 * day)).contains("not valid before"));
    let edwards = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let signed = leaf(&["a.example"]).self_signed(&edwards).unwrap().pem();
    assert!(why(&upload("a.example", &[signed], &edwards)).contains("RSA"));
    let nameless = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
    assert!(why(&upload("a.example", &[nameless], &key)).contains("names no host"));
    let good = self_signed("a.example");
    for (chain, key) in
        [("", good.key.as_str()), (&good.chain, ""), ("nonsense", &good.key), (&good.chain, &good.chain), (&good.key, &good.key)]
    {
        why(&Upload { chain: chain.into(), key: key.into(), ..good.clone() });
    }
    why(&Upload { chain: good.chain.repeat(200), ..good.clone() });
    why(&Upload { name: "a\nb".into(), ..good });
}

#[tokio::test]
async fn a_certificate_is_kept_replaced_and_removed() {
    let database = Database::default();
    let certificates = certificates(&database);
    assert!(certificates.key("a.example").await.unwrap().is_none());
    bind(&certificates, "s", "a.example").await;
    let first = self_signed("a.example");
    let put = certificates.put("s", first.clone()).await.unwrap();
    assert_eq!(certificates.get("s", "a.example").await.unwrap(), Some(put.clone()));
    assert_eq!(certificates.get("other", "a.example").await.unwrap(), None);
    let key = certificates.key("a.example").await.unwrap().unwrap();
    let reads = database.reads();
    assert!(Arc::ptr_eq(&key, &certificates.key("a.example").await.unwrap().unwrap()));
    assert_eq!(database.reads(), reads);
    let stored = first.key.lines().nth(1).unwrap();
    assert!(!database.text().contains(stored), "the key is stored encrypted");

    // Another one's certificate makes all be read anew, and what is the same stays as it is.
    bind(&certificates, "s", "b.example").await;
    certificates.put("s", self_signed("b.example")).await.unwrap();
    assert!(Arc::ptr_eq(&key, &certificates.key("a.example").await.unwrap().unwrap()));
    certificates.put("s", self_signed("a.example")).await.unwrap();
    assert_ne!(certificates.key("a.example").await.unwrap().unwrap().cert, key.cert);

    let listed = certificates.list("s", &List::default()).await.unwrap();
    assert_eq!(listed.items.iter().map(|item| item.host.as_str()).collect::<Vec<_>>(), ["a.example", "b.example"]);
    let soon = List { ends_before: Some(put.not_after), ..List::default() };
    assert_eq!(certificates.list("", &soon).await.unwrap().items.len(), 0);
    certificates.remove("other", "a.example").await.unwrap();
    assert!(certificates.key("a.example").await.unwrap().is_some());
    certificates.remove("s", "a.example").await.unwrap();
    assert!(certificates.key("a.example").await.unwrap().is_none());
}

#[tokio::test]
async fn certificates_are_only_for_domains_of_the_space() {
    let database = Database::default();
    let certificates = certificates(&database);
    bind(&certificates, "s", "a.example").await;
    for (space, host) in [("s", "b.example"), ("other", "a.example")] {
        assert_eq!(certificates.put(space, self_signed(host)).await.unwrap_err().code(), codes::NOT_FOUND);
    }
    // Without a space: the server's own names, and those of whichever space has them.
    certificates.put("", self_signed("cloud.example")).await.unwrap();
    certificates.put("", self_signed("a.example")).await.unwrap();
    assert!(certificates.get("s", "a.example").await.unwrap().is_some());
    let before = database.count();
    certificates.forget_space("s").await.unwrap();
    assert_eq!(database.count(), before - 1);
    assert!(certificates.key("a.example").await.unwrap().is_none());
    assert!(certificates.key("cloud.example").await.unwrap().is_some());
}

#[tokio::test]
async fn another_master_key_is_told_of() {
    let database = Database::default();
    let node = certificates(&database);
    node.put("", self_signed("a.example")).await.unwrap();
    assert_eq!(node.foreign().await.unwrap(), 0);
    let wrong = Certificates::new(database.clone(), node.domains.clone(), &[8; 32]).unwrap();
    assert_eq!(wrong.foreign().await.unwrap(), 1);
    let error = wrong.key("a.example").await.unwrap_err();
    assert_eq!(error.code(), codes::CONFIG);
    assert!(error.message().contains("master.key"), "{error}");
    // A record that is copied to another host is of no use there.
    wrong.put("", self_signed("a.example")).await.unwrap();
    assert!(wrong.key("a.example").await.unwrap().is_some());
}

#[tokio::test]
async fn a_challenge_is_answered_until_it_ends() {
    let database = Database::default();
    let (one, other) = (certificates(&database), certificates(&database));
    bind(&one, "s", "a.example").await;
    assert!(other.challenge("a.example").await.unwrap().is_none());
    let Upload { host, chain, key, .. } = self_signed("a.example");
    let challenge = Challenge { host, chain, key };
    one.put_challenge("s", &challenge).await.unwrap();
    assert!(one.put_challenge("other", &challenge).await.is_err());
    assert!(other.challenge("a.example").await.unwrap().is_some(), "at once, on every node");
    other.remove_challenge("other", "a.example").await.unwrap();
    assert!(one.challenge("a.example").await.unwrap().is_some());
    other.remove_challenge("s", "a.example").await.unwrap();
    assert!(one.challenge("a.example").await.unwrap().is_none());
}
