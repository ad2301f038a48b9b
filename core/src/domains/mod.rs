//! Domains: which host belongs to which service of which space (contract `domains`).

mod cache;
pub mod certificates;
pub mod host;
pub mod hsts;
mod methods;
mod names;
#[cfg(test)]
pub mod testing;

use std::sync::Arc;

use sdk_plugin::contract::db::{Collection, DUPLICATE_KEY};
use sdk_plugin::contract::domains::{Bound, DOMAIN_IN_USE, Domain, List, Listed, Redirect};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::identity::now_ms;
use cache::Answers;
pub use hsts::Reach;
pub use methods::Methods;
pub use names::Names;

/// How many hosts are known at once, also of those that are no domain. One takes less than 1 KiB.
const MAX_CACHED: u64 = 20_000;
/// Entries of a page.
const PAGE: usize = 500;
const MAX_SERVICE: usize = 64;
const MAX_ORIGINS: usize = 100;
const MAX_ORIGIN: usize = 300;
/// The longest `max-age`, in seconds: what every client can count (RFC 9111, section 1.2.2).
const MAX_AGE: u64 = 1 << 31;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(rename = "_id")]
    host: String,
    space: String,
    service: String,
    #[serde(default)]
    redirect: Redirect,
    #[serde(default)]
    hsts: Option<u64>,
    #[serde(default)]
    hsts_reach: Reach,
    #[serde(default)]
    cors: Vec<String>,
}

/// A domain, with what is set by methods of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The domain and its space.
    #[serde(flatten)]
    pub bound: Bound,
    /// How far its HSTS reaches.
    #[serde(flatten)]
    pub hsts_reach: Reach,
}

impl From<Record> for Known {
    fn from(record: Record) -> Self {
        let Record { host, space, service, redirect, hsts, hsts_reach, cors } = record;
        Self { bound: Bound { space, domain: Domain { host, service, redirect, hsts, cors } }, hsts_reach }
    }
}

/// All domains.
pub struct Domains<C> {
    records: Collection<C>,
    names: Names,
    answers: Answers<Option<Arc<Known>>>,
}

impl<C: Calls> Domains<C> {
    /// Domains whose records are reached through `calls`, of a server with names of its own.
    pub fn new(calls: C, names: Names) -> Self {
        Self { records: Collection::new(calls, SYSTEM_SPACE, "domains"), names, answers: Answers::new(MAX_CACHED) }
    }

    /// The names of the server.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Sets a domain of a space. On this node it holds when this ends.
    ///
    /// # Errors
    /// [`DOMAIN_IN_USE`] when another space or service has it; `ParamInvalid` for a host that no
    /// space may have, and for settings that cannot be used; what the database answers.
    pub async fn put(&self, space: &str, domain: &Domain) -> Result<()> {
        self.check(domain)?;
        let _changing = self.answers.change(&domain.host).await;
        // Whoever else has the host makes the upsert an insertion of an `_id` that is there.
        let ours = json!({"_id": domain.host, "space": space, "service": domain.service});
        let Domain { redirect, hsts, cors, .. } = domain;
        let mut set = json!({"$set": {"redirect": redirect, "hsts": hsts, "cors": cors, "updatedAt": now_ms()}});
        if hsts.is_none() {
            // It must not come back with a lifetime that is set later.
            set["$set"]["hstsReach"] = json!(Reach::default());
        }
        match self.records.upsert(ours.clone(), set.clone()).await {
            Err(error) if error.code() == DUPLICATE_KEY => {}
            done => return done,
        }
        // It may have been this space at the same time.
        if self.records.update(ours, set).await? > 0 {
            return Ok(());
        }
        Err(Error::new(DOMAIN_IN_USE, format!("the domain `{}` is in use by another space or service", domain.host)))
    }

    fn check(&self, domain: &Domain) -> Result<()> {
        let wrong = |name: &str, value: &str, what: &str| Err(invalid(&format!("{name}: `{value}` {what}")));
        if let Err(what) = self.names.check(&domain.host) {
            return wrong("host", &domain.host, what);
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if domain.service.is_empty() || domain.service.len() > MAX_SERVICE || !domain.service.chars().all(plain) {
            return wrong("service", &domain.service, "must have 1 to 64 lower-case letters, digits, `-` and `_`");
        }
        if domain.hsts.is_some_and(|seconds| seconds > MAX_AGE) {
            return Err(invalid("hsts: must be at most 2147483648 seconds"));
        }
        if domain.cors.len() > MAX_ORIGINS {
            return Err(invalid("cors: must have at most 100 origins"));
        }
        match domain.cors.iter().find(|origin| !is_origin(origin)) {
            Some(origin) => wrong("cors", origin, "must be `*`, or an origin such as https://a.example.com"),
            None => Ok(()),
        }
    }

    /// A domain, from the cache where it can be. Hosts that no domain can have are not looked for.
    ///
    /// # Errors
    /// `ServiceUnavailable` when the database cannot be asked.
    pub async fn get(&self, host: &str) -> Result<Option<Arc<Known>>> {
        if self.names.check(host).is_err() {
            return Ok(None);
        }
        self.answers.get(host, async { Ok(self.read(host).await?.map(Arc::new)) }).await
    }

    /// A domain as it is recorded now.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn read(&self, host: &str) -> Result<Option<Known>> {
        Ok(self.records.get::<Record>(host).await?.map(Known::from))
    }

    /// Removes a domain of a space. One that the space does not have stays.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove(&self, space: &str, host: &str) -> Result<()> {
        let _changing = self.answers.change(host).await;
        self.records.delete(json!({"_id": host, "space": space})).await.map(drop)
    }

    /// Lists domains in the order of their hosts: those of a space, or all when it is empty.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn list(&self, space: &str, asked: &List) -> Result<Listed<Known>> {
        let mut query = page_query(space, asked);
        if let Some(service) = &asked.service {
            query["service"] = service.as_str().into();
        }
        let found: Vec<Record> = self.records.find(query, page_options()).await?;
        Ok(page(found.into_iter().map(Known::from).collect(), |known| &known.bound.domain.host))
    }

    /// Removes all domains of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        let _changing = self.answers.change_all();
        self.records.delete(json!({"space": space})).await.map(drop)
    }
}

fn invalid(message: &str) -> Error {
    Error::new(codes::PARAM_INVALID, message)
}

/// Whether a text is `*` or an origin as browsers send it (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    let known =
        |authority: &str| host::of_authority(authority).is_some_and(|host| authority.starts_with(&host)) && !authority.ends_with(':');
    text == "*"
        || text.len() <= MAX_ORIGIN && text.split_once("://").is_some_and(|(scheme, authority)| is_scheme(scheme) && known(authority))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'))
}

/// The query of a page of what has hosts for `_id`s.
fn page_query(space: &str, asked: &List) -> Value {
    let mut query = json!({"_id": {"$gt": asked.after.as_deref().unwrap_or_default()}});
    if !space.is_empty() {
        query["space"] = space.into();
    }
    query
}

/// One more than a page, to know whether there is a next one.
fn page_options() -> Value {
    json!({"sort": {"_id": 1}, "limit": PAGE + 1})
}

fn page<T>(mut items: Vec<T>, host: impl Fn(&T) -> &String) -> Listed<T> {
    let more = items.len() > PAGE;
    items.truncate(PAGE);
    let next = items.last().filter(|_| more).map(|last| host(last).clone());
    Listed { items, next }
}

#[cfg(test)]
mod tests;
