//! Certificates of hosts, and the keys that handshakes are answered with.

mod challenges;
mod check;
mod seal;

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::domains::{Certificate, Challenge, List, Listed, Upload};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cache::Answers;
use super::{Domains, host, invalid, page, page_options, page_query};
use crate::identity::now_ms;
use challenges::Challenges;
pub use check::covers;
use check::{Pair, certified, examine};
use seal::{Seal, Sealed};

/// How many hosts' keys are held at once. One with two certificates takes some 4 KiB.
const MAX_HELD: u64 = 20_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(rename = "_id")]
    host: String,
    name: String,
    origin: String,
    names: Vec<String>,
    issuer: String,
    not_before: i64,
    not_after: i64,
    fingerprint: String,
}

#[derive(Deserialize)]
struct Kept {
    /// Another one for each upload.
    version: String,
    chain: Vec<String>,
    key: Sealed,
}

/// A key that is held ready, and the upload that it is of.
struct Held {
    version: String,
    key: Arc<CertifiedKey>,
}

/// All certificates.
pub struct Certificates<C> {
    records: Collection<C>,
    domains: Arc<Domains<C>>,
    seal: Seal,
    challenges: Challenges<C>,
    answers: Answers<Option<Arc<Held>>>,
}

impl<C: Calls> Certificates<C> {
    /// Certificates whose records are reached through `calls`, with keys encrypted by `secret`.
    ///
    /// # Errors
    /// None that are known.
    pub fn new(calls: C, domains: Arc<Domains<C>>, secret: &[u8; 32]) -> Result<Self> {
        Ok(Self {
            records: Collection::new(calls.clone(), SYSTEM_SPACE, "certificates"),
            domains,
            seal: Seal::new(secret)?,
            challenges: Challenges::new(calls),
            answers: Answers::new(MAX_HELD),
        })
    }

    /// The space that a certificate of a host belongs to, when the call is made in `space`: the one
    /// whose domain it is. Without a space, a host may be nobody's, such as the server's own name.
    async fn owner(&self, space: &str, name: &str) -> Result<String> {
        if self.domains.names().is_wildcard(name) && space.is_empty() {
            return Ok(String::new());
        }
        host::check(name).map_err(|what| invalid(&format!("host: `{name}` {what}")))?;
        let owner = self.domains.read(name).await?.map(|known| known.bound.space).unwrap_or_default();
        if space.is_empty() || owner == space {
            return Ok(owner);
        }
        Err(Error::new(codes::NOT_FOUND, format!("the space has no domain `{name}`")))
    }

    /// Sets the certificate of a host.
    ///
    /// # Errors
    /// [`INVALID_CERTIFICATE`](sdk_plugin::contract::domains::INVALID_CERTIFICATE) with what is
    /// wrong; `NotFound` when the space does not have the host; what the database answers.
    pub async fn put(&self, space: &str, upload: Upload) -> Result<Certificate> {
        let owner = self.owner(space, &upload.host).await?;
        let checked = tokio::task::spawn_blocking(move || {
            let (certificate, pair) = examine(&upload, SystemTime::now())?;
            Ok::<_, Error>((certificate, to_base64(&pair.chain), upload.key))
        });
        let (certificate, chain, key) = checked.await.map_err(Error::internal)??;
        let mut set = serde_json::to_value(&certificate).map_err(Error::internal)?;
        if let Value::Object(set) = &mut set {
            set.remove("host");
        }
        set["space"] = owner.as_str().into();
        set["version"] = uuid::Uuid::new_v4().simple().to_string().into();
        set["chain"] = chain.into();
        set["key"] = serde_json::to_value(self.seal.seal(&certificate.host, key.as_bytes())?).map_err(Error::internal)?;
        set["updatedAt"] = now_ms().into();
        let _changing = self.answers.change(&certificate.host).await;
        self.records.upsert(json!({"_id": certificate.host}), json!({"$set": set})).await?;
        // The domain may have gone meanwhile, and must not leave a key behind.
        if !owner.is_empty() && self.domains.read(&certificate.host).await?.is_none_or(|known| known.bound.space != owner) {
            self.delete(&owner, &certificate.host).await?;
            return Err(Error::new(codes::NOT_FOUND, format!("the domain `{}` was removed", certificate.host)));
        }
        Ok(certificate)
    }

    /// What is known of the certificate of a host, in a space or in any.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get(&self, space: &str, host: &str) -> Result<Option<Certificate>> {
        Ok(self.records.find_one::<Described>(of(space, host)).await?.map(Certificate::from))
    }

    /// Removes the certificate of a host, in a space or in any. Open connections go on.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove(&self, space: &str, host: &str) -> Result<()> {
        let _changing = self.answers.change(host).await;
        self.delete(space, host).await
    }

    async fn delete(&self, space: &str, host: &str) -> Result<()> {
        self.records.delete(of(space, host)).await.map(drop)
    }

    /// Lists certificates in the order of their hosts: those of a space, or all when it is empty.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn list(&self, space: &str, asked: &List) -> Result<Listed<Certificate>> {
        let mut query = page_query(space, asked);
        if let Some(moment) = asked.ends_before {
            query["notAfter"] = json!({"$lt": moment});
        }
        let mut options = page_options();
        options["projection"] = json!({"chain": 0, "key": 0});
        let found: Vec<Described> = self.records.find(query, options).await?;
        Ok(page(found.into_iter().map(Certificate::from).collect(), |certificate| &certificate.host))
    }

    /// What a handshake for a host is answered with, from the cache where it can be. A default domain
    /// without a certificate of its own has that of all of them.
    ///
    /// # Errors
    /// `ServiceUnavailable` when the database cannot be asked; `InvalidConfiguration` when the key
    /// was encrypted with another master key.
    pub async fn key(&self, name: &str) -> Result<Option<Arc<CertifiedKey>>> {
        if host::check(name).is_err() {
            return Ok(None);
        }
        let mut held = self.answers.get(name, self.load(name)).await?;
        if held.is_none() && self.domains.names().space(name).is_some() {
            let wildcard = self.domains.names().wildcard();
            held = self.answers.get(&wildcard, self.load(&wildcard)).await?;
        }
        Ok(held.map(|held| held.key.clone()))
    }

    async fn load(&self, host: &str) -> Result<Option<Arc<Held>>> {
        let Some(kept) = self.records.get::<Kept>(host).await? else { return Ok(None) };
        if let Some(Some(held)) = self.answers.last(host).await
            && held.version == kept.version
        {
            return Ok(Some(held));
        }
        let key = self.seal.open(host, &kept.key)?;
        let key = Arc::new(certified(pair_of(&kept.chain, &key)?)?);
        Ok(Some(Arc::new(Held { version: kept.version, key })))
    }

    /// Begins a TLS-ALPN-01 challenge.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub async fn put_challenge(&self, space: &str, challenge: &Challenge) -> Result<()> {
        let owner = self.owner(space, &challenge.host).await?;
        self.challenges.put(&self.seal, &owner, challenge).await
    }

    /// What a challenge is answered with.
    ///
    /// # Errors
    /// What the database answers; `InvalidConfiguration` as for [`key`](Self::key).
    pub async fn challenge(&self, name: &str) -> Result<Option<Arc<CertifiedKey>>> {
        if host::check(name).is_err() {
            return Ok(None);
        }
        self.challenges.get(&self.seal, name).await
    }

    /// Ends a challenge.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove_challenge(&self, space: &str, host: &str) -> Result<()> {
        self.challenges.remove(space, host).await
    }

    /// Removes all certificates and challenges of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        let _changing = self.answers.change_all();
        self.records.delete(json!({"space": space})).await?;
        self.challenges.forget_space(space).await
    }

    /// How many certificates were encrypted with another master key than this node's.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn foreign(&self) -> Result<u64> {
        self.records.count(json!({"key.keyId": {"$ne": self.seal.id()}})).await
    }
}

impl From<Described> for Certificate {
    fn from(record: Described) -> Self {
        let Described { host, name, origin, names, issuer, not_before, not_after, fingerprint } = record;
        Self { host, name, origin, names, issuer, not_before, not_after, fingerprint }
    }
}

fn of(space: &str, host: &str) -> Value {
    if space.is_empty() { json!({"_id": host}) } else { json!({"_id": host, "space": space}) }
}

fn to_base64(chain: &[CertificateDer<'_>]) -> Vec<String> {
    chain.iter().map(|der| STANDARD.encode(der)).collect()
}

/// A chain and key as they are stored.
fn pair_of(chain: &[String], key: &[u8]) -> Result<Pair> {
    let chain = chain.iter().map(|der| STANDARD.decode(der).map(CertificateDer::from));
    let chain = chain.collect::<std::result::Result<_, _>>().map_err(Error::internal)?;
    Ok(Pair { chain, key: PrivateKeyDer::from_pem_slice(key).map_err(Error::internal)? })
}

#[cfg(test)]
mod tests;
