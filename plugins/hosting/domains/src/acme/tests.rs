//! Renewals of two nodes over one database, with an authority that does what it is told.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::domains::{Domain, FRESH_MS, Redirect};
use sdk_plugin::{Error, codes};
use serde_json::json;
use tokio::sync::Notify;

use super::authority::{Authority, Offer};
use super::failure::Failure;
use super::*;
use crate::clock::{Clock, DAY, HOUR};
use crate::config::SiteCertificates;
use crate::core::Core;
use crate::dns::Resolver;
use crate::ownership::outside::{Outside, Web};
use crate::ownership::{Again, Owners};
use crate::state::{LEASE, State, States};
use crate::testing::Memory;

const NOW: u64 = 1_000 * DAY;
const LIFE: u64 = 90 * DAY;

/// What an authority does next at a step.
type Plan = Mutex<VecDeque<(&'static str, Failure)>>;

struct Fake {
    memory: Memory,
    clock: Clock,
    plan: Plan,
    orders: AtomicUsize,
    accounts: AtomicU64,
    /// What validated last.
    proved: Mutex<Vec<Kind>>,
    /// Holds the authority up where it issues.
    gate: Mutex<Option<Arc<Notify>>>,
    reached: Notify,
}

impl Fake {
    fn step(&self, name: &str) -> Result<(), Failure> {
        let mut plan = self.plan.lock().unwrap();
        match plan.front() {
            Some((at, _)) if *at == name => Err(plan.pop_front().unwrap().1),
            _ => Ok(()),
        }
    }

    fn fails(&self, at: &'static str, failure: Failure) {
        self.plan.lock().unwrap().push_back((at, failure));
    }
}

/// One authority for all nodes.
#[derive(Clone)]
struct Shared(Arc<Fake>);

impl Authority for Shared {
    type Account = String;
    type Order = String;

    async fn register(&self) -> Result<(String, String), Failure> {
        self.0.step("register")?;
        let name = format!("account-{}", self.0.accounts.fetch_add(1, Ordering::SeqCst));
        Ok((name.clone(), name))
    }

    async fn sign_in(&self, credentials: &str) -> Result<String, Failure> {
        self.0.step("sign_in")?;
        Ok(credentials.to_owned())
    }

    async fn order(&self, _: &String, host: &str) -> Result<(String, String), Failure> {
        self.0.step("order")?;
        let number = self.0.orders.fetch_add(1, Ordering::SeqCst);
        Ok((host.to_owned(), format!("https://ca.test/order/{number}/{host}")))
    }

    async fn resume(&self, _: &String, url: &str) -> Result<String, Failure> {
        self.0.step("resume")?;
        Ok(url.rsplit('/').next().unwrap().to_owned())
    }

    async fn offers(&self, _: &mut String) -> Result<Vec<Offer>, Failure> {
        self.0.step("offers")?;
        let offer = |kind| Offer { kind, token: "token".to_owned(), authorization: "token.key".to_owned() };
        Ok([Kind::Http01, Kind::Dns01, Kind::TlsAlpn01].map(offer).to_vec())
    }

    async fn prove(&self, host: &mut String, kind: Kind) -> Result<(), Failure> {
        // What a real one would look at.
        match kind {
            Kind::TlsAlpn01 => assert!(self.0.memory.challenges().contains(host)),
            Kind::Dns01 => {}
            Kind::Http01 => assert!(!self.0.memory.documents("acmeTokens").is_empty()),
        }
        self.0.proved.lock().unwrap().push(kind);
        self.0.step("prove")
    }

    async fn issue(&self, _: &mut String, request: &[u8]) -> Result<String, Failure> {
        assert!(!request.is_empty());
        let gate = self.0.gate.lock().unwrap().clone();
        self.0.reached.notify_one();
        if let Some(gate) = gate {
            gate.notified().await;
        }
        self.0.step("issue")?;
        let now = self.0.clock.now();
        Ok(Memory::chain(now, now + LIFE))
    }
}

struct World {
    memory: Memory,
    clock: Clock,
    fake: Arc<Fake>,
    states: States<Memory>,
}

impl World {
    fn new() -> Self {
        let (memory, clock) = (Memory::default(), Clock::set_to(NOW));
        let fake = Fake {
            memory: memory.clone(),
            clock: clock.clone(),
            plan: Plan::default(),
            orders: AtomicUsize::new(0),
            accounts: AtomicU64::new(0),
            proved: Mutex::default(),
            gate: Mutex::default(),
            reached: Notify::new(),
        };
        let states = States::new(Collection::new(memory.clone(), SYSTEM_SPACE, "domainStates"), clock.clone());
        Self { memory, clock, fake: Arc::new(fake), states }
    }

    fn node(&self, challenges: &[Kind]) -> Arc<Renewals<Memory, Shared>> {
        self.node_of(challenges, ServerNames::default(), None, None)
    }

    /// A node that orders for names of the server too.
    fn node_for(&self, challenges: &[Kind], names: ServerNames, hook: Option<PathBuf>) -> Arc<Renewals<Memory, Shared>> {
        self.node_of(challenges, names, hook, None)
    }

    fn node_that_looks(&self, challenges: &[Kind], again: Option<Again<Memory>>) -> Arc<Renewals<Memory, Shared>> {
        self.node_of(challenges, ServerNames::default(), None, again)
    }

    fn node_of(
        &self,
        challenges: &[Kind],
        names: ServerNames,
        hook: Option<PathBuf>,
        again: Option<Again<Memory>>,
    ) -> Arc<Renewals<Memory, Shared>> {
        let records = |name| Collection::new(self.memory.clone(), SYSTEM_SPACE, name);
        Renewals::new(Parts {
            core: Core::new(self.memory.clone()),
            states: self.states.clone(),
            clock: self.clock.clone(),
            seal: Seal::new(&[1; 32]).unwrap(),
            tokens: Tokens::new(records("acmeTokens"), self.clock.clone()),
            hook,
            accounts: Accounts::new(records("acmeAccounts"), "https://ca.test/directory"),
            budget: Budget::new(records("acmeBudget"), self.clock.clone(), 10),
            again,
            settings: Some(Settings {
                authority: Shared(self.fake.clone()),
                challenges: challenges.to_vec(),
                retry: Duration::from_secs(300),
                names,
            }),
            kick: Arc::default(),
        })
    }

    async fn bind(&self, host: &str) {
        self.bind_of("s", host).await;
    }

    async fn bind_of(&self, space: &str, host: &str) {
        let domain = Domain { host: host.to_owned(), service: "hosting".to_owned(), redirect: Redirect::Off, hsts: None, cors: vec![] };
        Core::new(self.memory.clone()).put_domain(space, &domain).await.unwrap();
        self.states.bound(space, host, "hosting").await.unwrap();
    }

    async fn state(&self, host: &str) -> State {
        self.states.get(host).await.unwrap().unwrap()
    }

    fn orders(&self) -> usize {
        self.fake.orders.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn two_nodes_place_one_order_and_renew_in_time() {
    let world = World::new();
    let nodes = [world.node(&[Kind::Http01]), world.node(&[Kind::Http01])];
    world.bind("x.com").await;
    for _ in 0..3 {
        let (one, two) = tokio::join!(nodes[0].sweep(), nodes[1].sweep());
        one.and(two).unwrap();
    }
    assert_eq!((world.orders(), world.memory.uploads()), (1, vec!["x.com".to_owned()]));
    let state = world.state("x.com").await;
    assert_eq!((state.next, state.order.is_none()), (NOW + LIFE * 2 / 3, true));
    assert!(world.memory.documents("acmeTokens").is_empty(), "nothing is left of the challenge");

    world.clock.advance(LIFE * 2 / 3 - 1);
    nodes[0].sweep().await.unwrap();
    assert_eq!(world.orders(), 1, "not yet");
    world.clock.advance(1);
    let (one, two) = tokio::join!(nodes[0].sweep(), nodes[1].sweep());
    one.and(two).unwrap();
    assert_eq!((world.orders(), world.memory.uploads().len()), (2, 2));
    assert_eq!(world.fake.accounts.load(Ordering::SeqCst), 1, "one account for both");
    let account = &world.memory.documents("acmeAccounts")[0];
    assert!(!account.to_string().contains("account-0"), "credentials are sealed: {account}");
}

#[tokio::test]
async fn a_dead_nodes_order_is_ended_by_another() {
    let world = World::new();
    let (first, second) = (world.node(&[Kind::Http01]), world.node(&[Kind::Http01]));
    world.bind("x.com").await;
    let gate = Arc::new(Notify::new());
    *world.fake.gate.lock().unwrap() = Some(gate);
    let work = tokio::spawn(async move { first.sweep().await });
    world.fake.reached.notified().await;
    // As `kill -9` does.
    work.abort();
    let _ = work.await;
    *world.fake.gate.lock().unwrap() = None;
    assert!(world.state("x.com").await.order.is_some());
    second.sweep().await.unwrap();
    assert!(world.memory.uploads().is_empty(), "the dead node's lease holds");
    world.clock.advance(LEASE);
    second.sweep().await.unwrap();
    assert_eq!((world.orders(), world.memory.uploads().len()), (1, 1), "the order is the same");
    assert!(world.state("x.com").await.order.is_none());
}

#[tokio::test]
async fn an_order_that_cannot_be_ended_is_replaced() {
    let world = World::new();
    let node = world.node(&[Kind::Http01]);
    world.bind("x.com").await;
    world.fake.fails("issue", Failure::Unavailable("down".to_owned()));
    node.sweep().await.unwrap();
    let state = world.state("x.com").await;
    assert!(state.order.is_some(), "it can still be had");
    assert_eq!((state.failures, state.problem.as_str()), (1, "down"));
    world.fake.fails("resume", Failure::Order("gone".to_owned()));
    world.clock.advance(HOUR);
    node.sweep().await.unwrap();
    assert_eq!((world.orders(), world.memory.uploads().len()), (2, 1));
    assert_eq!((world.state("x.com").await.failures, world.state("x.com").await.problem), (0, String::new()));
}

#[tokio::test]
async fn failures_are_told_and_repeated_ever_later_with_another_challenge() {
    let world = World::new();
    let node = world.node(&[Kind::TlsAlpn01, Kind::Http01]);
    world.memory.without_https();
    world.bind("x.com").await;
    world.fake.fails("prove", Failure::Refused("the domain leads elsewhere".to_owned()));
    node.sweep().await.unwrap();
    let first = world.state("x.com").await;
    assert_eq!((first.failures, first.problem.as_str()), (1, "the domain leads elsewhere"));
    assert!((NOW + 270_000..=NOW + 330_000).contains(&first.next), "{}", first.next - NOW);
    assert!(first.order.is_none() && world.memory.documents("acmeTokens").is_empty());
    node.sweep().await.unwrap();
    assert_eq!(world.orders(), 1, "not before its time");
    world.clock.advance(330_000);
    world.fake.fails("prove", Failure::Refused("still".to_owned()));
    node.sweep().await.unwrap();
    let second = world.state("x.com").await;
    assert_eq!(second.failures, 2);
    assert!(second.next - world.clock.now() > 500_000);
    assert_eq!(*world.fake.proved.lock().unwrap(), [Kind::Http01; 2], "there is no HTTPS for the other");
}

#[tokio::test]
async fn a_lost_account_is_made_anew() {
    let world = World::new();
    let node = world.node(&[Kind::Http01]);
    world.bind("x.com").await;
    node.sweep().await.unwrap();
    world.clock.advance(LIFE);
    world.fake.fails("order", Failure::Account("deactivated".to_owned()));
    node.sweep().await.unwrap();
    assert_eq!((world.memory.uploads().len(), world.fake.accounts.load(Ordering::SeqCst)), (2, 2));
    assert_eq!(world.memory.documents("acmeAccounts").len(), 1);
}

#[tokio::test]
async fn limits_of_the_authority_hold_for_all() {
    let world = World::new();
    let nodes = [world.node(&[Kind::Http01]), world.node(&[Kind::Http01])];
    world.bind("x.com").await;
    world.fake.fails("order", Failure::Limited("too many".to_owned(), Some(NOW + HOUR / 2)));
    nodes[0].sweep().await.unwrap();
    world.bind("y.com").await;
    nodes[1].sweep().await.unwrap();
    assert_eq!(world.orders(), 0, "the other node waits too");
    let state = world.state("x.com").await;
    assert_eq!((state.failures, state.problem.as_str()), (0, "too many"));
    assert!(state.next >= NOW + HOUR / 2);
    world.clock.advance(HOUR);
    nodes[1].sweep().await.unwrap();
    assert_eq!(world.memory.uploads().len(), 2);
}

#[tokio::test]
async fn nothing_is_ordered_for_what_is_not_bound_or_has_its_own() {
    let world = World::new();
    let node = world.node(&[Kind::Http01]);
    world.states.bound("s", "gone.com", "hosting").await.unwrap();
    world.bind("own.com").await;
    let upload = sdk_plugin::contract::domains::Upload {
        host: "own.com".to_owned(),
        name: String::new(),
        origin: "upload".to_owned(),
        chain: Memory::chain(NOW - LIFE, NOW + DAY),
        key: String::new(),
    };
    let core = Core::new(world.memory.clone());
    core.put_certificate("s", &upload).await.unwrap();
    world.states.change("s", "own.com", json!({"attached": true})).await.unwrap();
    node.sweep().await.unwrap();
    assert_eq!(world.orders(), 0);
    assert!(world.states.get("gone.com").await.unwrap().is_none(), "it is forgotten");
    assert_eq!(world.state("own.com").await.next, NOW + DAY, "it is warned of each day");
    core.remove_certificate("s", "own.com").await.unwrap();
    world.states.change("s", "own.com", json!({"attached": false, "next": NOW, "renewal": 0})).await.unwrap();
    node.sweep().await.unwrap();
    assert_eq!(world.orders(), 1, "detached, one is ordered");
}

#[tokio::test]
async fn a_domain_that_is_unbound_meanwhile_leaves_nothing() {
    let world = World::new();
    let node = world.node(&[Kind::Http01]);
    world.bind("x.com").await;
    let gate = Arc::new(Notify::new());
    *world.fake.gate.lock().unwrap() = Some(gate.clone());
    let work = tokio::spawn(async move { node.sweep().await });
    world.fake.reached.notified().await;
    Core::new(world.memory.clone()).remove_domain("s", "x.com").await.unwrap();
    world.states.forget("s", "x.com").await.unwrap();
    gate.notify_one();
    work.await.unwrap().unwrap();
    assert!(world.memory.certificate("x.com").is_none());
    assert!(world.memory.collections_of("s").is_empty());
}

#[tokio::test]
async fn domains_whose_binding_was_interrupted_are_found() {
    let world = World::new();
    let node = world.node(&[Kind::Http01]);
    let domain = Domain { host: "x.com".to_owned(), service: "hosting".to_owned(), redirect: Redirect::Off, hsts: None, cors: vec![] };
    Core::new(world.memory.clone()).put_domain("s", &domain).await.unwrap();
    node.sweep().await.unwrap();
    assert_eq!(world.memory.uploads(), ["x.com"]);
}

#[tokio::test]
async fn a_database_that_is_away_stops_nothing_for_good() {
    let world = World::new();
    let node = world.node(&[Kind::Http01]);
    world.bind("x.com").await;
    world.memory.on_call(|_| Some(Error::new(codes::UNAVAILABLE, "down")));
    assert!(node.sweep().await.is_err());
    world.memory.on_call(|_| None);
    node.sweep().await.unwrap();
    assert_eq!(world.memory.uploads().len(), 1);
}

#[tokio::test]
async fn what_another_node_has_set_is_waited_for() {
    let world = World::new();
    let node = world.node(&[Kind::Http01]);
    world.bind("x.com").await;
    node.sweep().await.unwrap();
    let core = Core::new(world.memory.clone());
    // As a node sees it that has looked just before.
    core.remove_certificate("s", "x.com").await.unwrap();
    world.states.bound("s", "x.com", "hosting").await.unwrap();
    node.sweep().await.unwrap();
    assert_eq!(world.orders(), 1);
    world.clock.advance(HOUR);
    node.sweep().await.unwrap();
    assert_eq!(world.orders(), 2, "it is really not there");
}

fn server_names(own: &[&str], sites: SiteCertificates) -> ServerNames {
    ServerNames { own: own.iter().map(|name| (*name).to_owned()).collect(), sites }
}

#[tokio::test]
async fn names_of_the_server_and_open_sites_have_certificates_of_their_own() {
    let world = World::new();
    for (space, open) in [("a", true), ("b", false), ("c", true)] {
        world.memory.space(space, Some(open));
    }
    let names = server_names(&["cloud.test", "taken.test"], SiteCertificates::Each);
    world.bind("taken.test").await;
    let nodes = [(); 2].map(|()| world.node_for(&[Kind::Http01], names.clone(), None));
    for _ in 0..2 {
        let (one, two) = tokio::join!(nodes[0].sweep(), nodes[1].sweep());
        one.and(two).unwrap();
    }
    let sorted = || {
        let mut uploads = world.memory.uploads();
        uploads.sort();
        uploads
    };
    assert_eq!(sorted(), ["a.sites.test", "c.sites.test", "cloud.test", "taken.test"], "one for each");
    assert_eq!(world.state("taken.test").await.space, "s", "what a space has bound is the space's");
    world.memory.space("b", Some(true));
    nodes[0].site_opened("b").await.unwrap();
    nodes[1].site_opened("b").await.unwrap();
    nodes[1].sweep().await.unwrap();
    assert_eq!(sorted().iter().filter(|host| *host == "b.sites.test").count(), 1);
    world.clock.advance(LIFE * 2 / 3);
    nodes[0].sweep().await.unwrap();
    assert_eq!(world.orders(), 10, "all are renewed");
    // One that has been deleted loses its certificate, the others keep theirs.
    world.memory.space("c", None);
    world.clock.advance(LIFE * 2 / 3);
    nodes[0].sweep().await.unwrap();
    assert_eq!(world.orders(), 14);
    assert!(world.states.get("c.sites.test").await.unwrap().is_none());
    let core = Core::new(world.memory.clone());
    assert!(core.certificate("", "c.sites.test").await.unwrap().is_none());
    assert!(core.certificate("", "a.sites.test").await.unwrap().is_some());
}

#[tokio::test]
async fn names_that_are_configured_no_more_keep_what_they_have_until_it_ends() {
    let world = World::new();
    world.node_for(&[Kind::Http01], server_names(&["cloud.test"], SiteCertificates::Off), None).sweep().await.unwrap();
    assert_eq!(world.orders(), 1);
    let without = world.node(&[Kind::Http01]);
    let core = Core::new(world.memory.clone());
    world.clock.advance(LIFE * 2 / 3);
    without.sweep().await.unwrap();
    assert!(core.certificate("", "cloud.test").await.unwrap().is_some());
    world.clock.advance(LIFE / 3);
    without.sweep().await.unwrap();
    assert!(core.certificate("", "cloud.test").await.unwrap().is_none());
    assert!(world.states.get("cloud.test").await.unwrap().is_none());
    assert_eq!(world.orders(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_wildcard_is_proved_by_the_record_of_its_domain() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (hook, said) = (folder.path().join("hook"), folder.path().join("said"));
    std::fs::write(&hook, format!("#!/bin/sh\necho \"$1 $2 $3\" >> {}\n", said.display())).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o700)).unwrap();
    let world = World::new();
    world.memory.space("a", Some(true));
    let node = world.node_for(&[Kind::Http01], server_names(&[], SiteCertificates::Wildcard), Some(hook));
    node.sweep().await.unwrap();
    assert_eq!(world.memory.uploads(), ["*.sites.test"]);
    assert_eq!(*world.fake.proved.lock().unwrap(), [Kind::Dns01]);
    let said = std::fs::read_to_string(said).unwrap();
    assert_eq!(said, "present sites.test _acme-challenge.sites.test\ncleanup sites.test _acme-challenge.sites.test\n");
}

#[tokio::test]
async fn a_space_that_orders_too_much_leaves_the_others_theirs() {
    let world = World::new();
    let node = world.node(&[Kind::Http01]);
    for n in 0..6 {
        world.bind(&format!("{n}.com")).await;
    }
    node.sweep().await.unwrap();
    assert_eq!(world.memory.uploads().len(), 5, "half of what all can have is the least share");
    let hosts: Vec<String> = (0..6).map(|n| format!("{n}.com")).collect();
    let crowded = hosts.iter().find(|host| world.memory.certificate(host).is_none()).unwrap();
    let state = world.state(crowded).await;
    assert!(state.problem.contains("its share"), "{}", state.problem);
    assert_eq!(state.failures, 0);
    assert!(state.next > NOW, "not at once");
    world.bind_of("t", "other.com").await;
    node.sweep().await.unwrap();
    assert!(world.memory.certificate("other.com").is_some(), "the other space does not wait");
    world.clock.advance(2 * HOUR);
    node.sweep().await.unwrap();
    assert!(world.memory.certificate(crowded).is_some());
    assert_eq!(world.state(crowded).await.problem, "");
}

#[tokio::test]
async fn a_challenge_by_tls_is_shown_without_waiting() {
    let world = World::new();
    let node = world.node(&[Kind::TlsAlpn01]);
    world.bind("x.com").await;
    let begun = std::time::Instant::now();
    node.sweep().await.unwrap();
    assert_eq!(*world.fake.proved.lock().unwrap(), [Kind::TlsAlpn01]);
    assert!(begun.elapsed() < Duration::from_millis(FRESH_MS), "every node answers at once");
}

#[tokio::test]
async fn a_domain_that_is_nobodys_any_more_keeps_its_certificate_and_gets_no_new_one() {
    let world = World::new();
    let records = |name| Collection::new(world.memory.clone(), SYSTEM_SPACE, name);
    let tokens = Tokens::new(records("acmeTokens"), world.clock.clone());
    let outside = Outside::start(tokens.clone()).await;
    let (config, owners) = (outside.config(), Owners::new(records("domainOwners"), b"secret".to_vec()));
    let again = Again { owners: owners.clone(), tokens, resolver: Resolver::new(config.resolver), config, clock: world.clock.clone() };
    let node = world.node_that_looks(&[Kind::TlsAlpn01], Some(again));
    let token = owners.token("s", "x.com").unwrap();
    outside.text("verification.x.com", &token);
    world.bind("x.com").await;
    node.sweep().await.unwrap();
    assert_eq!((world.orders(), world.memory.uploads().len()), (1, 1));

    world.clock.advance(LIFE * 2 / 3);
    outside.no_texts();
    node.sweep().await.unwrap();
    assert_eq!(world.orders(), 1);
    let state = world.state("x.com").await;
    assert!(state.unverified && state.problem.contains("does not lead to this server"), "{}", state.problem);
    assert!(world.memory.certificate("x.com").is_some(), "it is shown until it ends");

    world.clock.advance(HOUR);
    outside.no_dns(true);
    node.sweep().await.unwrap();
    assert_eq!(world.orders(), 1, "what cannot be told changes nothing");
    assert!(world.state("x.com").await.unverified);

    world.clock.advance(DAY);
    outside.no_dns(false);
    outside.web(Web::Here);
    node.sweep().await.unwrap();
    let state = world.state("x.com").await;
    assert_eq!((world.orders(), state.unverified, state.problem.as_str()), (2, false, ""));

    world.clock.advance(LIFE * 2 / 3);
    outside.no_dns(true);
    node.sweep().await.unwrap();
    assert_eq!(world.orders(), 3, "nobody loses a site because the DNS is away");
}
