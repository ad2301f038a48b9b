//! TLS-ALPN-01 (RFC 8737): certificates that prove to a certificate authority who has a host.

use std::sync::Arc;

use rustls::sign::CertifiedKey;
use sdk_plugin::Result;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::domains::Challenge;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::check::{self, certified};
use super::seal::{Seal, Sealed};
use super::{pair_of, to_base64};
use crate::identity::now_ms;

/// How long a challenge is answered, in milliseconds.
const LIFE: i64 = 3_600_000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    chain: Vec<String>,
    key: Sealed,
    expires_at: i64,
}

/// The challenges that go on. They are few and short, so each is read when it is asked for: that
/// way every node answers from the moment on that one has been told.
pub struct Challenges<C> {
    records: Collection<C>,
}

/// What a challenge's key belongs to. It is no host, so that no other record's key fits.
fn name(host: &str) -> String {
    format!("acme-tls/1 {host}")
}

impl<C: Calls> Challenges<C> {
    pub fn new(calls: C) -> Self {
        Self { records: Collection::new(calls, SYSTEM_SPACE, "certificateChallenges") }
    }

    /// Begins a challenge of a space's host; ends those that were forgotten.
    ///
    /// # Errors
    /// [`INVALID_CERTIFICATE`](sdk_plugin::contract::domains::INVALID_CERTIFICATE) for what cannot
    /// be read; what the database answers.
    pub async fn put(&self, seal: &Seal, space: &str, challenge: &Challenge) -> Result<()> {
        let pair = check::read(&challenge.chain, &challenge.key)?;
        let (chain, key) = (to_base64(&pair.chain), seal.seal(&name(&challenge.host), challenge.key.as_bytes())?);
        certified(pair)?;
        let now = now_ms();
        let set = json!({"space": space, "chain": chain, "key": key, "expiresAt": now + LIFE});
        self.records.upsert(json!({"_id": challenge.host}), json!({"$set": set})).await?;
        self.records.delete(json!({"expiresAt": {"$lt": now}})).await.map(drop)
    }

    /// What the challenge of a host is answered with, if there is one.
    ///
    /// # Errors
    /// What the database answers; as [`Seal::open`].
    pub async fn get(&self, seal: &Seal, host: &str) -> Result<Option<Arc<CertifiedKey>>> {
        let record: Option<Record> = self.records.get(host).await?;
        let Some(record) = record.filter(|record| record.expires_at > now_ms()) else { return Ok(None) };
        let key = seal.open(&name(host), &record.key)?;
        Ok(Some(Arc::new(certified(pair_of(&record.chain, &key)?)?)))
    }

    /// Ends a challenge: of any space where `space` is empty.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove(&self, space: &str, host: &str) -> Result<()> {
        let mut filter = json!({"_id": host});
        if !space.is_empty() {
            filter["space"] = space.into();
        }
        self.records.delete(filter).await.map(drop)
    }

    /// Ends the challenges of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await.map(drop)
    }
}
