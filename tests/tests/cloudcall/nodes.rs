//! Two servers over one database.

use std::fs;

use e2e::gateways::Fault;
use e2e::gateways::alipay::{APP_ID, Mode};
use e2e::{Server, SurrealServer, Wire, wait_for};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cloud::{Cloud, Platforms, called, slowly};

/// Two nodes, the first of which is the cloud's.
struct Nodes {
    cloud: Cloud,
    other: Server,
    _objects: TempDir,
    _database: SurrealServer,
}

impl Nodes {
    fn start() -> Self {
        let (database, objects) = (SurrealServer::start(), TempDir::new().expect("a temporary folder"));
        let shared = format!(
            "{}[plugins.storage]\nlibrary = \"storage_opendal\"\nconfig = {{ scheme = \"fs\", options = {{ root = {:?} }} }}\n",
            database.toml(),
            objects.path().to_str().expect("a temporary path is UTF-8"),
        );
        // Nobody gives up waiting before a node is killed.
        let cloud = Cloud::with(Platforms { timeout: 25, ..Platforms::start() }, &shared);
        cloud.save("alipay", APP_ID, &Mode::Keys.settings());
        // Nodes have one master key.
        let key = fs::read(cloud.server.data().join("master.key")).expect("the key");
        let other = Server::with_data(&format!("{shared}{}", cloud.platforms.toml()), &[("master.key", key.as_slice())]);
        Self { cloud, other, _objects: objects, _database: database }
    }

    /// A client of each node.
    fn clients(&self) -> [Wire; 2] {
        [&self.cloud.server, &self.other].map(|server| server.wire(&self.cloud.space).authorized())
    }
}

#[test]
fn a_notification_that_reaches_both_is_told_once() {
    let nodes = Nodes::start();
    let cloud = &nodes.cloud;
    for n in 0..5 {
        let number = format!("order_{n}");
        cloud.order(&number, "10.00");
        cloud.platforms.alipay.pay(&number);
        let notification = cloud.platforms.alipay.notification(&number);
        std::thread::scope(|scope| {
            for server in [&cloud.server, &nodes.other] {
                for _ in 0..2 {
                    // One that comes while the other is being stored may be told to come again.
                    scope.spawn(|| slowly("success", || (notification.push(server.http()) == (200, "success".to_owned())).then_some(())));
                }
            }
        });
        cloud.told_of(&number);
    }
    cloud.order("last", "10.00");
    cloud.platforms.alipay.pay("last");
    assert_eq!(cloud.platforms.alipay.notification("last").push(nodes.other.http()), (200, "success".to_owned()));
    cloud.told_of("last");
    for n in 0..5 {
        let told = cloud.told(&format!("order_{n}"));
        assert_eq!(told.len(), 1, "{told:?}");
    }
}

#[test]
fn a_refund_that_both_are_asked_for_is_made_once() {
    let nodes = Nodes::start();
    let cloud = &nodes.cloud;
    let clients = nodes.clients();
    for n in 0..5 {
        let number = format!("order_{n}");
        cloud.order(&number, "10.00");
        cloud.platforms.alipay.pay(&number);
        let args = json!([{"outTradeNo": number, "refundAmount": "4.00"}]);
        let done = |client: &Wire| {
            slowly("the refund", || {
                let answer: Value = called(client, "payment.common.refund", args.clone());
                assert!(answer["ok"]["success"] == true || answer["error"]["code"] == "OUTCOME_UNKNOWN", "{answer}");
                answer["ok"].is_object().then_some(())
            });
        };
        std::thread::scope(|scope| {
            for client in clients.iter().chain(&clients) {
                let done = &done;
                scope.spawn(move || done(client));
            }
        });
        assert_eq!(cloud.platforms.alipay.given_back(&number), [400]);
        assert_eq!(cloud.platforms.alipay.heard("alipay.trade.refund").len(), n + 1, "the platform is asked once");
    }
    cloud.well();
}

#[test]
fn what_a_node_has_asked_before_it_died_another_one_finds_out() {
    let mut nodes = Nodes::start();
    let [client, other] = nodes.clients();
    nodes.cloud.order("order_1", "10.00");
    nodes.cloud.platforms.alipay.pay("order_1");
    nodes.cloud.platforms.alipay.fails("alipay.trade.refund", Fault::Silence, usize::MAX);
    let args = json!([{"outTradeNo": "order_1", "refundAmount": "4.00"}]);
    std::thread::scope(|scope| {
        let call = client.request(
            "serverless.function.runtime.invoke",
            &json!({"functionTarget": "cloud", "functionArgs": {"api": "payment.common.refund", "args": args}}),
        );
        let client = &client;
        scope.spawn(move || assert!(client.try_send(&call).is_err()));
        let alipay = &nodes.cloud.platforms.alipay;
        wait_for("the refund", || (!alipay.heard("alipay.trade.refund").is_empty()).then_some(()));
        nodes.cloud.server.kill();
    });
    let answer = called(&other, "payment.common.refund", args.clone());
    assert_eq!(answer["error"]["code"], "OUTCOME_UNKNOWN", "the dead node may be alive: {answer}");
    slowly("the refund", || {
        let answer = called(&other, "payment.common.refund", args.clone());
        assert!(answer["ok"]["success"] == true || answer["error"]["code"] == "OUTCOME_UNKNOWN", "{answer}");
        answer["ok"].is_object().then_some(())
    });
    assert_eq!(nodes.cloud.platforms.alipay.given_back("order_1"), [400]);
    assert_eq!(nodes.cloud.platforms.alipay.heard("alipay.trade.refund").len(), 1);
}
