//! The conformance kit of the storage contract, against S3: by a good network and by a bad one.

use std::sync::Arc;

use e2e::Moto;
use sdk_plugin::conformance::storage::{Backend, run};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Reply, Result, config::decode_strict};
use serde_json::{Value, json};
use storage_opendal::{Storage, StorageConfig};

use crate::proxy::{Network, Proxy, seed};

/// The plugin without its host.
#[derive(Clone)]
pub struct Plugin(pub Arc<Storage>);

impl Plugin {
    /// Opens it with a bucket that has an address.
    pub async fn open(address: &str) -> Self {
        let config: StorageConfig = decode_strict(options(address)).expect("a configuration");
        let folder = std::env::temp_dir();
        Self(Arc::new(Storage::open(config, &folder).await.expect("open the storage")))
    }
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
    let config: StorageConfig = decode_strict(wrong).expect("a configuration");
    let error = Storage::open(config, &std::env::temp_dir()).await.err().expect("there is no such bucket");
    assert!(error.code() == "InvalidConfiguration" && error.message().contains("NoSuchBucket"), "{error}");
}
