//! A network that fails so often that requests fail too: what is seen then is whole, and either
//! what was there or what was put.

use std::collections::{BTreeMap, BTreeSet};

use e2e::Moto;
use futures_util::stream;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::storage::{DELETE, GET, Get, Key, LIST, List, Listing, Object, PUT, STAT};
use sdk_plugin::{Body, Bytes, Call, Error, Reply, Result};
use serde::Serialize;

use crate::contract::Plugin;
use crate::proxy::{Network, Proxy, seed};

const SPACE: &str = "chaos";

/// A version of an object: its number, and how many bytes of that number it has. None is an
/// object that is not there.
type Version = Option<(u8, usize)>;

fn body((number, size): (u8, usize)) -> Body {
    const PIECE: usize = 100_000;
    let pieces: Vec<Result<Bytes>> = (0..size).step_by(PIECE).map(|from| Ok(Bytes::from(vec![number; PIECE.min(size - from)]))).collect();
    Body::from_stream(stream::iter(pieces)).with_length(size as u64)
}

/// What came, if it came. Errors must be such that trying again makes sense.
#[track_caller]
fn heard<T>(what: &str, outcome: Result<T>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error) if error.code() == "ServiceUnavailable" && error.is_retryable() => None,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

struct World {
    plugin: Plugin,
    /// What may be there under each key.
    possible: BTreeMap<String, BTreeSet<Version>>,
}

impl World {
    async fn call(&self, method: &str, params: &impl Serialize, body: Option<Body>) -> Result<Reply> {
        let mut call = Call::json(SPACE, method, params)?;
        call.body = body;
        self.plugin.make(call).await
    }

    fn may_be(&mut self, key: &str) -> &mut BTreeSet<Version> {
        self.possible.entry(key.to_owned()).or_insert_with(|| BTreeSet::from([None]))
    }

    async fn put(&mut self, key: &str, version: (u8, usize)) {
        let outcome = self.call(PUT, &Key { key: key.to_owned() }, Some(body(version))).await;
        let possible = self.may_be(key);
        match heard("put", outcome) {
            Some(reply) => {
                let object: Object = reply.decode().expect("an object");
                assert_eq!(object.size, version.1 as u64);
                *possible = BTreeSet::from([Some(version)]);
            }
            None => {
                possible.insert(Some(version));
            }
        }
    }

    async fn delete(&mut self, key: &str) {
        let outcome = self.call(DELETE, &Key { key: key.to_owned() }, None).await;
        let possible = self.may_be(key);
        match heard("delete", outcome) {
            Some(_) => *possible = BTreeSet::from([None]),
            None => {
                possible.insert(None);
            }
        }
    }

    async fn read(&mut self, key: &str, offset: usize) {
        let get = Get { key: key.to_owned(), offset: offset as u64, length: None };
        let read = async {
            let mut reply = self.call(GET, &get, None).await?;
            let object: Object = reply.decode()?;
            let body = reply.body.take().expect("a body");
            Ok::<_, Error>((object, body.collect(usize::MAX).await?))
        };
        let found: Version = match read.await {
            Err(error) if error.code() == "NotFound" => None,
            // It begins behind the end of what is there.
            Err(error) if error.code() == "ParamInvalid" && offset > 0 => return,
            outcome => {
                let Some((object, bytes)) = heard("get", outcome) else { return };
                let size = usize::try_from(object.size).expect("a size");
                assert_eq!(bytes.len(), size - offset, "a body that ends without an error is whole");
                let Some(first) = bytes.first() else { return };
                assert!(bytes.iter().all(|byte| byte == first), "a mixture");
                Some((*first, size))
            }
        };
        let possible = self.may_be(key);
        assert!(possible.contains(&found), "{key} is {found:?}, and may be {possible:?}");
    }

    async fn stat(&mut self, key: &str) {
        let found = match self.call(STAT, &Key { key: key.to_owned() }, None).await {
            Err(error) if error.code() == "NotFound" => None,
            outcome => {
                let Some(reply) = heard("stat", outcome) else { return };
                Some(reply.decode::<Object>().expect("an object").size)
            }
        };
        let possible = self.may_be(key);
        assert!(possible.iter().any(|version| version.map(|(_, size)| size as u64) == found), "{key} has {found:?}: {possible:?}");
    }

    async fn list(&mut self) {
        let outcome = self.call(LIST, &List { prefix: String::new(), after: None, limit: 1000 }, None).await;
        let Some(reply) = heard("list", outcome) else { return };
        let listing: Listing = reply.decode().expect("a listing");
        for (key, possible) in &self.possible {
            let listed = listing.objects.iter().find(|object| object.key == *key).map(|object| object.size);
            assert!(
                possible.iter().any(|version| version.map(|(_, size)| size as u64) == listed),
                "{key} is listed with {listed:?}: {possible:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_half_written_is_ever_visible() {
    let steps: usize = std::env::var("MPCLOUD_CHAOS_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(250);
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let moto = Moto::start();
    let proxy = Proxy::start(moto.address(), seed).await;
    let mut world = World { plugin: Plugin::open(proxy.address()).await, possible: BTreeMap::new() };
    proxy.set(Network::Bad(600));
    for step in 0..steps {
        let key = format!("k/{}", random.random_range(0..4));
        match random.random_range(0..10) {
            0..4 => {
                let size = match random.random_range(0..4) {
                    0 => random.random_range(1..1_000),
                    1 => random.random_range(1_000..400_000),
                    2 => 8 << 20,
                    _ => random.random_range(8_000_000..20_000_000),
                };
                world.put(&key, (u8::try_from(step % 251).expect("a byte"), size)).await;
            }
            4 => world.delete(&key).await,
            5..8 => world.read(&key, if random.random() { 0 } else { random.random_range(0..2_000_000) }).await,
            8 => world.stat(&key).await,
            _ => world.list().await,
        }
    }
    let met = proxy.faults();
    assert!(met > steps / 2, "only {met} faults in {steps} steps");
    proxy.set(Network::Good);
    let keys: Vec<String> = world.possible.keys().cloned().collect();
    for key in keys {
        world.read(&key, 0).await;
        world.put(&key, (252, 5_000)).await;
        assert_eq!(world.possible[&key], BTreeSet::from([Some((252, 5_000))]), "once the network is good, puts succeed");
        world.read(&key, 0).await;
    }
    world.list().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_is_unavailable_and_comes_back() {
    let moto = Moto::start();
    let proxy = Proxy::start(moto.address(), seed()).await;
    let mut world = World { plugin: Plugin::open(proxy.address()).await, possible: BTreeMap::new() };
    world.put("a", (1, 1_000)).await;
    proxy.set(Network::Gone);
    // A connection from before may still be good for one request.
    let mut failed = 0;
    for _ in 0..3 {
        let outcome = world.call(STAT, &Key { key: "a".to_owned() }, None).await;
        failed += usize::from(heard("stat", outcome).is_none());
    }
    assert!(failed >= 2, "{failed} of 3 failed");
    world.put("a", (2, 9 << 20)).await;
    world.delete("b").await;
    world.list().await;
    assert_eq!(world.possible["a"].len(), 2, "a put without a network does not succeed");
    proxy.set(Network::Good);
    world.read("a", 0).await;
    world.possible.insert("a".to_owned(), BTreeSet::from([Some((1, 1_000))]));
    world.read("a", 0).await;
    world.stat("a").await;
}
