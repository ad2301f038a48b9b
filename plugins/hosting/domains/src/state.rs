//! What is known of a bound domain besides what the core keeps, and who works on its certificate.

use std::collections::HashMap;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Clock;

/// How long whoever works on a domain may be silent, in milliseconds. Then it is taken for dead.
/// Clocks of nodes must agree to within a few seconds.
pub const LEASE: u64 = 30_000;
/// How many are found at once.
const AT_ONCE: u64 = 200;

/// A bound domain.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The host.
    #[serde(rename = "_id")]
    pub host: String,
    /// The space that has it.
    pub space: String,
    /// Which service of the space answers.
    pub service: String,
    /// When it was bound, in milliseconds since 1970.
    pub created: u64,
    /// When its settings were changed.
    pub modified: u64,
    /// Whether the certificate is the user's own.
    #[serde(default)]
    pub attached: bool,
    /// `AccessOriginControl`, as it was saved.
    #[serde(default)]
    pub origin_control: bool,
    /// When its certificate is to be looked at.
    pub next: u64,
    /// When the certificate that was set last is to be renewed; 0 when none is known of.
    #[serde(default)]
    pub renewal: u64,
    /// Whether a new certificate is wanted although the old one is good.
    #[serde(default)]
    pub forced: bool,
    /// How many attempts have failed since the last success.
    #[serde(default)]
    pub failures: u32,
    /// When the last attempt began; 0 when there was none.
    #[serde(default)]
    pub tried: u64,
    /// When it was last seen to be the space's although the proof that was shown has grown old, in
    /// milliseconds since 1970; 0 when that was never needed.
    #[serde(default)]
    pub confirmed: u64,
    /// Whether it is not known to be the space's any more.
    #[serde(default)]
    pub unverified: bool,
    /// Why the last attempt failed; empty after a success.
    #[serde(default)]
    pub problem: String,
    /// The order that an attempt has placed and not ended.
    #[serde(default)]
    pub order: Option<Placed>,
    /// Who works on it; empty when nobody does.
    #[serde(default)]
    holder: String,
    /// How often somebody has begun to.
    #[serde(default)]
    fence: u64,
    /// When whoever works on it is taken for dead.
    #[serde(default)]
    until: u64,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Placed {
    /// Its URL.
    pub url: String,
    /// The sealed key of the certificate that is asked for.
    pub key: String,
}

/// The right to work on a domain, for [`LEASE`] since it was last held.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The domain.
    pub host: String,
    holder: String,
    fence: u64,
}

/// The records of all domains.
#[derive(Clone)]
pub struct States<C> {
    records: Collection<C>,
    clock: Clock,
}

impl<C: Calls> States<C> {
    /// The records.
    pub fn new(records: Collection<C>, clock: Clock) -> Self {
        Self { records, clock }
    }

    /// What is known of a host.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get(&self, host: &str) -> Result<Option<State>> {
        self.records.get(host).await
    }

    /// The spaces that are known of some hosts.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn spaces_of(&self, hosts: &[&str]) -> Result<HashMap<String, String>> {
        let found: Vec<State> = self.records.find(json!({"_id": {"$in": hosts}}), json!({"limit": hosts.len()})).await?;
        Ok(found.into_iter().map(|state| (state.host, state.space)).collect())
    }

    /// What is known of a space's domains.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn of_space(&self, space: &str) -> Result<Vec<State>> {
        self.records.find(json!({"space": space}), json!({"limit": 10_000})).await
    }

    /// Records a domain that was bound; its certificate is looked at right away.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn bound(&self, space: &str, host: &str, service: &str) -> Result<()> {
        let now = self.clock.now();
        let state = State {
            host: host.to_owned(),
            space: space.to_owned(),
            service: service.to_owned(),
            created: now,
            modified: now,
            attached: false,
            origin_control: false,
            next: now,
            renewal: 0,
            forced: false,
            failures: 0,
            tried: 0,
            confirmed: 0,
            unverified: false,
            problem: String::new(),
            order: None,
            holder: String::new(),
            fence: 0,
            until: 0,
        };
        let record = serde_json::to_value(&state).map_err(Error::internal)?;
        if self.records.insert(record.clone()).await? {
            return Ok(());
        }
        // What another space has left behind is nothing to this one.
        if self.records.delete(json!({"_id": host, "space": {"$ne": space}})).await? > 0 {
            self.records.insert(record).await?;
            return Ok(());
        }
        let set = json!({"service": service, "modified": now, "next": now, "failures": 0});
        self.change(space, host, set).await.map(drop)
    }

    /// Changes what is known of a space's domain; says whether there is one.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn change(&self, space: &str, host: &str, set: Value) -> Result<bool> {
        Ok(self.records.update(json!({"_id": host, "space": space}), json!({"$set": set})).await? > 0)
    }

    /// Forgets a space's domain.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget(&self, space: &str, host: &str) -> Result<()> {
        self.records.delete(json!({"_id": host, "space": space})).await.map(drop)
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await.map(drop)
    }

    /// Hosts whose certificates are to be looked at, the longest due first.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn due(&self) -> Result<Vec<String>> {
        let now = self.clock.now();
        let query = json!({"next": {"$lte": now}, "until": {"$lte": now}});
        let due: Vec<State> = self.records.find(query, json!({"sort": {"next": 1}, "limit": AT_ONCE})).await?;
        Ok(due.into_iter().map(|state| state.host).collect())
    }

    /// When the next host is due, or the next worker is taken for dead.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn next(&self) -> Result<Option<u64>> {
        let first: Vec<State> = self.records.find(json!({}), json!({"sort": {"next": 1}, "limit": AT_ONCE})).await?;
        Ok(first.iter().map(|state| state.next.max(state.until)).min())
    }

    /// Takes the right to work on a host that is due; none when another has it.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn take(&self, host: &str) -> Result<Option<(Lease, State)>> {
        let now = self.clock.now();
        let holder = Uuid::new_v4().to_string();
        let free = json!({"_id": host, "next": {"$lte": now}, "until": {"$lte": now}});
        let set = json!({"$set": {"holder": holder, "until": now + LEASE}, "$inc": {"fence": 1}});
        if self.records.update(free, set).await? == 0 {
            return Ok(None);
        }
        let state = self.get(host).await?.filter(|state| state.holder == holder);
        Ok(state.map(|state| (Lease { host: host.to_owned(), holder, fence: state.fence }, state)))
    }

    /// Keeps the right, and records what was done; false when it was lost.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn hold(&self, lease: &Lease, mut set: Value) -> Result<bool> {
        set["until"] = (self.clock.now() + LEASE).into();
        self.write(lease, set).await
    }

    /// Gives the right up, and records what came of it; false when it was lost before.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn release(&self, lease: &Lease, mut set: Value) -> Result<bool> {
        set["until"] = 0.into();
        set["holder"] = "".into();
        self.write(lease, set).await
    }

    async fn write(&self, lease: &Lease, set: Value) -> Result<bool> {
        let mine = json!({"_id": lease.host, "holder": lease.holder, "fence": lease.fence});
        Ok(self.records.update(mine, json!({"$set": set})).await? > 0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::contract::SYSTEM_SPACE;

    use super::*;
    use crate::testing::Memory;

    fn nodes() -> (Clock, States<Memory>, States<Memory>) {
        let (clock, memory) = (Clock::set_to(1_000_000), Memory::default());
        let node = || States::new(Collection::new(memory.clone(), SYSTEM_SPACE, "domainStates"), clock.clone());
        (clock.clone(), node(), node())
    }

    #[tokio::test]
    async fn only_one_node_works_on_a_domain() {
        let (_, a, b) = nodes();
        a.bound("s", "x.com", "hosting").await.unwrap();
        let (one, two) = tokio::join!(a.take("x.com"), b.take("x.com"));
        assert_eq!([one, two].into_iter().filter_map(Result::unwrap).count(), 1);
        assert!(a.due().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_dead_nodes_right_ends_and_it_can_write_nothing_after_that() {
        let (clock, a, b) = nodes();
        a.bound("s", "x.com", "hosting").await.unwrap();
        let (first, _) = a.take("x.com").await.unwrap().unwrap();
        clock.advance(LEASE - 1);
        assert!(a.hold(&first, json!({})).await.unwrap());
        clock.advance(LEASE - 1);
        assert!(b.take("x.com").await.unwrap().is_none(), "it was held in between");
        clock.advance(1);
        assert_eq!(b.due().await.unwrap(), ["x.com"]);
        let (second, _) = b.take("x.com").await.unwrap().unwrap();
        assert!(second.fence > first.fence);
        assert!(!a.hold(&first, json!({"problem": "late"})).await.unwrap());
        assert!(!a.release(&first, json!({"problem": "late"})).await.unwrap());
        assert!(b.release(&second, json!({"next": clock.now() + 10})).await.unwrap());
        assert_eq!(a.get("x.com").await.unwrap().unwrap().problem, "");
        assert!(a.take("x.com").await.unwrap().is_none(), "it is not due");
        clock.advance(10);
        assert!(a.take("x.com").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn binding_again_keeps_what_is_known_and_another_space_begins_anew() {
        let (clock, a, _) = nodes();
        a.bound("s", "x.com", "hosting").await.unwrap();
        a.change("s", "x.com", json!({"attached": true})).await.unwrap();
        clock.advance(5);
        a.bound("s", "x.com", "functions").await.unwrap();
        let state = a.get("x.com").await.unwrap().unwrap();
        assert_eq!((state.attached, state.service.as_str(), state.created), (true, "functions", 1_000_000));
        a.bound("t", "x.com", "hosting").await.unwrap();
        let state = a.get("x.com").await.unwrap().unwrap();
        assert_eq!((state.attached, state.space.as_str(), state.created), (false, "t", 1_000_005));
    }
}
