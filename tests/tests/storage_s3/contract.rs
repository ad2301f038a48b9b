//! The conformance kit of the storage contract, against S3: by a good network and by a bad one.

use std::sync::Arc;

use e2e::Moto;
use sdk_plugin::conformance::storage::{Backend, run};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::storage::{Key, PUT};
use sdk_plugin::{Body, Call, Reply, Result, config::decode_strict};
use serde_json::{Value, json};
use storage_opendal::Storage;

use crate::proxy::{Network, Proxy, seed};

/// The plugin without its host.
#[derive(Clone)]
pub struct Plugin(pub Arc<Storage>);

impl Plugin {
    /// Opens it with a bucket that has an address.
    pub async fn open(address: &str) -> Self {
        Self(Arc::new(open(options(address)).await.expect("open the storage")))
    }
}

async fn open(options: Value) -> Result<Storage> {
    Storage::open(decode_strict(options)?, &std::env::temp_dir()).await
}

fn options(address: &str) -> Value {
    json!({"scheme": "s3", "options": {
        "endpoint": format!("http://{address}"),
        "region": "us-east-1",
        "bucket": "cloud",
        "access_key_id": "key",
        "secret_access_key": "secret",
    }})
}

impl Calls for Plugin {
    async fn make(&self, call: Call) -> Result<Reply> {
        self.0.clone().call(call).await
    }
}

impl Backend for Plugin {
    async fn delete_space(&self, space: &str) -> Result<()> {
        self.0.delete_space(space).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_keeps_the_contract() {
    let moto = Moto::start();
    run(Plugin::open(moto.address()).await).await;
    assert_eq!(moto.uploads(), [""; 0], "no upload in parts is left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_keeps_the_contract_by_a_bad_network() {
    let moto = Moto::start();
    let proxy = Proxy::start(moto.address(), seed()).await;
    let plugin = Plugin::open(proxy.address()).await;
    // Few enough that one request does not meet five in a row.
    proxy.set(Network::Bad(40));
    run(plugin).await;
    assert!(proxy.faults() > 20, "the network was not that bad: {} faults", proxy.faults());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_shows_at_the_start() {
    let moto = Moto::start();
    let mut wrong = options(moto.address());
    wrong["options"]["bucket"] = json!("nobodys");
    let error = open(wrong).await.err().expect("there is no such bucket");
    assert!(error.code() == "InvalidConfiguration" && error.message().contains("NoSuchBucket"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_trusted_when_its_authority_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let moto = Moto::start_with_tls(folder.path());
    let mut options = options(moto.address());
    options["options"]["endpoint"] = json!(format!("https://{}", moto.address()));
    for (ca, trusted) in [(None, false), (Some(folder.path().join("ca.pem")), true)] {
        if let Some(ca) = ca {
            options["ca"] = json!(ca);
        }
        let plugin = Plugin(Arc::new(open(options.clone()).await.expect("a store that cannot be reached is no reason not to start")));
        let mut put = Call::json("tls", PUT, &Key { key: "a".to_owned() }).expect("a call");
        put.body = Some(Body::full("contents"));
        match plugin.make(put).await {
            Ok(_) => assert!(trusted),
            Err(error) => assert!(!trusted && error.code() == "ServiceUnavailable", "{error:?}"),
        }
    }
}
